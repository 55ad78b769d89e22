"""Embeddings, reranking, classification, questions to collections: the same as without a server."""

import asyncio
import base64
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import openai
import pytest
import sentence_transformers
from serve_models import (
    KNOWN,
    Running,
    collection_folder,
    encoder_folder,
    pair_folder,
    writer,
)

import bunsan
from bunsan.serve import searching
from bunsan.serve.errors import ApiError
from bunsan.serve.shapes import SearchRequest
from bunsan.tasks.encode import open_encoder

ENCODER = "tiny-encoder"
TEXTS = ["船が戻る", "図書館で、子を読む", "The river", "船が戻る", "x" * 700]


@pytest.fixture(scope="module")
def vectors() -> Any:
    return open_encoder(encoder_folder()).encode(TEXTS)


def post(running: Running, path: str, **body: Any) -> Any:
    answer = httpx.post(running.url + path, json=body, timeout=60)
    assert answer.status_code == 200, answer.text
    return answer.json()


def refused(running: Running, path: str, **body: Any) -> Any:
    answer = httpx.post(running.url + path, json=body, timeout=60)
    assert answer.status_code in (400, 404), answer.text
    return {"status": answer.status_code, **answer.json()["error"]}


def test_embeddings_are_those_of_encode(client: openai.OpenAI, vectors: Any) -> None:
    plain = client.embeddings.create(model=ENCODER, input=TEXTS, encoding_format="float")
    packed = client.embeddings.create(model=ENCODER, input=TEXTS)  # base64, as the client asks
    for found in (plain, packed):
        assert [one.index for one in found.data] == list(range(len(TEXTS)))
        got = np.array([one.embedding for one in found.data], np.float32)
        np.testing.assert_allclose(got, vectors, atol=2e-3)
    assert plain.usage.prompt_tokens > len(TEXTS)
    one = client.embeddings.create(model=ENCODER, input=TEXTS[0], dimensions=vectors.shape[1])
    np.testing.assert_allclose(one.data[0].embedding, vectors[0], atol=2e-3)


def test_base64_is_little_endian_float32(running: Running) -> None:
    body = {"model": ENCODER, "input": "船", "encoding_format": "base64"}
    coded = post(running, "/v1/embeddings", **body)["data"][0]["embedding"]
    plain = post(running, "/v1/embeddings", model=ENCODER, input="船")["data"][0]["embedding"]
    found = np.frombuffer(base64.b64decode(coded), "<f4")
    np.testing.assert_allclose(found, plain, rtol=1e-6)


def test_token_ids(client: openai.OpenAI) -> None:
    ids = open_encoder(encoder_folder()).tokenizer.encode("river", add_special_tokens=False)
    by_ids = client.embeddings.create(model=ENCODER, input=ids.ids.tolist())
    by_text = client.embeddings.create(model=ENCODER, input="river")
    np.testing.assert_allclose(by_ids.data[0].embedding, by_text.data[0].embedding, atol=1e-5)
    with pytest.raises(openai.BadRequestError, match="no id"):
        client.embeddings.create(model=ENCODER, input=[[99999]])


def test_requests_of_all_sizes_at_once(running: Running) -> None:
    encoder = open_encoder(encoder_folder())
    lists = [[f"text {i} {j} " * (1 + j % 9) for j in range(1 + 37 * i % 90)] for i in range(24)]

    async def ask(client: openai.AsyncOpenAI, texts: list[str]) -> list[list[float]]:
        found = await client.embeddings.create(model=ENCODER, input=texts)
        return [one.embedding for one in found.data]

    async def all_of_them() -> list[list[list[float]]]:
        async with openai.AsyncOpenAI(base_url=f"{running.url}/v1", api_key="x") as client:
            return await asyncio.gather(*(ask(client, texts) for texts in lists))

    for texts, got in zip(lists, asyncio.run(all_of_them()), strict=True):
        np.testing.assert_allclose(np.array(got), encoder.encode(texts), atol=2e-3)


def test_what_embeddings_refuse(client: openai.OpenAI) -> None:
    for body in ({"dimensions": 3}, {"input": ""}, {"input": []}, {"encoding_format": "int8"}):
        with pytest.raises(openai.BadRequestError) as caught:
            client.embeddings.create(model=ENCODER, input="a", extra_body=body)
        assert caught.value.param == next(iter(body))
    with pytest.raises(openai.BadRequestError) as caught:
        client.embeddings.create(model=ENCODER, input="word " * 9000)
    assert caught.value.code == "context_length_exceeded"


def test_reranking_by_a_cross_encoder(running: Running) -> None:
    documents = [*KNOWN, "船", "long " * 100]
    query = "船が港に戻る"
    peer = sentence_transformers.CrossEncoder(str(pair_folder()), max_length=64, device="cpu")
    wanted = peer.predict([(query, document) for document in documents])
    found = post(running, "/v1/rerank", model="tiny-pairs", query=query, documents=documents)
    scores = {one["index"]: one["relevance_score"] for one in found["results"]}
    order = [one["index"] for one in found["results"]]
    assert order == sorted(range(len(documents)), key=lambda i: -scores[i])
    got = [scores[i] for i in range(len(documents))]
    np.testing.assert_allclose(got, wanted, atol=1e-4)
    assert len({round(score, 3) for score in got}) > 3


def test_reranking_by_vectors(running: Running) -> None:
    encoder = open_encoder(encoder_folder())
    query, *rest = encoder.encode(["船が戻る", *KNOWN], normalize=True)
    wanted = np.array(rest) @ query
    best = np.argsort(-wanted)[:2].tolist()
    documents = [{"text": text} for text in KNOWN]
    found = post(
        running, "/v1/rerank", model=ENCODER, query="船が戻る", documents=documents, top_n=2,
        return_documents=True,
    )["results"]  # fmt: skip
    assert [one["index"] for one in found] == best
    assert [one["document"]["text"] for one in found] == [KNOWN[i] for i in best]
    np.testing.assert_allclose([one["relevance_score"] for one in found], wanted[best], atol=2e-3)
    assert (
        refused(running, "/v1/rerank", model="tiny-writer", query="a", documents=["b"])["param"]
        == "model"
    )


def test_classification_by_a_decoder(running: Running) -> None:
    labels = ["港に船", "館で、子", "the river"]
    body = {"model": "tiny-writer", "texts": ["朝の", "坂の上の図書"], "labels": labels}
    found = post(running, "/bunsan/classify", **body)
    assert found["by"] == "probability"
    assert [one["label"] for one in found["results"]] == ["港に船", "館で、子"]
    ours = writer().choose("朝の", labels)
    for there, here in zip(found["results"][0]["labels"], ours.answers, strict=True):
        assert there["label"] == here.answer
        assert there["score"] == pytest.approx(here.probability, abs=1e-4)
        assert there["logprob"] == pytest.approx(here.logprob, abs=1e-3)
    again = post(
        running, "/bunsan/classify", model="tiny-writer", texts="坂の上",
        labels=["図書", "屋根"], prompt="{text}の", label="{label}館",
    )  # fmt: skip
    assert again["results"][0]["label"] == "図書"
    twice = refused(running, "/bunsan/classify", **{**body, "labels": ["a", "a"]})
    assert twice["code"] == "bad_input"


def test_classification_by_vectors(running: Running) -> None:
    encoder = open_encoder(encoder_folder())
    labels = ["海の話", "山の話"]
    text, *rest = encoder.encode(["船が戻る", *(f"これは{one}" for one in labels)], normalize=True)
    cosines = np.array(rest) @ text
    found = post(
        running, "/bunsan/classify", model=ENCODER, texts="船が戻る", labels=labels,
        label="これは{label}",
    )["results"][0]  # fmt: skip
    assert found["label"] == labels[int(cosines.argmax())]
    got = {one["label"]: one["score"] for one in found["labels"]}
    np.testing.assert_allclose([got[one] for one in labels], cosines, atol=2e-3)


def test_collections(running: Running) -> None:
    ours = bunsan.open(collection_folder())
    card = httpx.get(f"{running.url}/bunsan/collections").json()["collections"]
    assert card == [{"name": "texts", "documents": 5, "fields": ["area"]}]
    found = post(running, "/bunsan/search", query="船 猫 宇宙", k=3)
    wanted = ours.search("船 猫 宇宙", k=3)
    assert found["total"] == wanted.total == 2
    assert found["missing"] == wanted.missing == ["宇宙"]
    assert [hit["text"] for hit in found["hits"]] == [hit.text for hit in wanted.hits]
    assert found["hits"][0]["score"] == pytest.approx(wanted.hits[0].score)
    assert found["hits"][0]["passages"][0]["marks"]
    only = post(running, "/bunsan/search", collection="texts", query="船 本", where={"area": "山"})
    assert [hit["fields"]["area"] for hit in only["hits"]] == ["山"]
    lines = post(running, "/bunsan/kwic", word="船")
    assert lines["total"] == 1
    assert lines["lines"][0]["keyword"] == "船"
    words = post(running, "/bunsan/words", k=3)["rows"]
    assert words == ours.words(k=3).to_rows()
    near = post(running, "/bunsan/similar", word="船", min_count=1)["rows"]
    assert near == ours.similar("船", min_count=1).table().to_rows()
    beside = post(running, "/bunsan/related", word="船", min_count=1)["rows"]
    assert beside == ours.related("船", min_count=1).table().to_rows()
    marks = refused(running, "/bunsan/features", by="nothing")
    assert marks["status"] == 400


@pytest.mark.parametrize("by", ["meaning", "both"])
def test_search_by_meaning(running: Running, by: Any) -> None:
    ours = bunsan.open(collection_folder())
    encoder = open_encoder(encoder_folder())
    wanted = ours.search("港の船", by=by, model=encoder, k=3, offset=1)
    found = post(running, "/bunsan/search", query="港の船", by=by, model=ENCODER, k=3, offset=1)
    assert found["by"] == by
    assert found["representation"] == wanted.representation
    assert found["total"] == wanted.total
    assert [hit["row"] for hit in found["hits"]] == [hit.row for hit in wanted.hits]
    for hit, other in zip(found["hits"], wanted.hits, strict=True):
        assert hit["ranks"] == other.ranks
        assert hit["cosine"] == pytest.approx(other.cosine, abs=2e-3)
        assert hit["nearest"]["text"] == other.nearest.text
    plain = post(running, "/bunsan/search", query="港の船")
    assert plain["representation"] is None
    assert plain["hits"][0]["ranks"] == {"keyword": 1}


def test_what_searches_by_meaning_refuse(
    running: Running, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked = {"query": "船", "by": "meaning"}
    assert refused(running, "/bunsan/search", **asked, model="no/such")["status"] == 404
    # A request opens no folder of the server's.
    assert refused(running, "/bunsan/search", **asked, model=str(encoder_folder()))["status"] == 404
    assert refused(running, "/bunsan/search", query="船", by="sense")["param"] == "by"
    # Nor does it wait for the vectors of a large collection.
    monkeypatch.setattr(searching, "_MOST", 3)
    collection = bunsan.learn([f"船が{i}隻ある" for i in range(5)], to=tmp_path / "many.bunsan")
    body, encoder = SearchRequest(query="船", by="meaning"), open_encoder(encoder_folder())
    with pytest.raises(ApiError) as told:
        searching.search_in(collection, body, encoder)
    assert told.value.status == 409
    assert "--by meaning" in told.value.message


def test_what_collections_refuse(running: Running) -> None:
    assert refused(running, "/bunsan/search", query="a", collection="no")["status"] == 404
    assert refused(running, "/bunsan/kwic", word="無い語無い語")["status"] == 400
    assert refused(running, "/bunsan/search", query="船", where={"no": "x"})["status"] == 400
    assert (
        refused(running, "/bunsan/search", query="a", collection=ENCODER)["param"] == "collection"
    )
