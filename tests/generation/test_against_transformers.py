"""Tokens, beams and log-probabilities are those of the transformers library on the same weights."""

from typing import Any

import pytest
import torch
from generation_models import END, PAD, V, models, peer_generate, prompts, start

from bunsan.nn.generation.beams import beam_search
from bunsan.nn.generation.decoding import Decoding, Request
from bunsan.nn.generation.loop import generate
from bunsan.nn.generation.scoring import score

KINDS = ["gpt2", "t5", "bart", "marian"]


def requests(kind: str, rows: list[list[int]], settings: Decoding) -> list[Request]:
    if kind == "gpt2":
        return [Request(row, settings) for row in rows]
    return [Request([start(kind)], settings, source=row) for row in rows]


SETTINGS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {}),
    ({"repetition_penalty": 1.7}, {"repetition_penalty": 1.7}),
    ({"no_repeat_ngram_size": 2}, {"no_repeat_ngram": 2}),
    ({"min_new_tokens": 7}, {"min_tokens": 7}),
    ({"suppress_tokens": list(range(5, 40))}, {"banned": tuple(range(5, 40))}),
    ({"forced_eos_token_id": END}, {"last": (END,)}),
    (
        {"repetition_penalty": 0.8, "no_repeat_ngram_size": 3, "min_new_tokens": 4},
        {"repetition_penalty": 0.8, "no_repeat_ngram": 3, "min_tokens": 4},
    ),
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("theirs", "ours"), SETTINGS)
def test_greedy(kind: str, theirs: dict[str, Any], ours: dict[str, Any]) -> None:
    rows = prompts(5)
    _, model = models(kind)
    out, wanted = peer_generate(kind, rows, max_new_tokens=12, do_sample=False, **theirs)
    settings = Decoding(max_tokens=12, end=(END,), logprobs=3, **ours)
    found = generate(model, requests(kind, rows, settings))
    assert [row.tokens for row in found] == wanted
    for i, row in enumerate(found):
        for t, token in enumerate(row.tokens):
            told = out.logits[t][i].log_softmax(-1)  # the model's own, before all rules
            assert row.logprobs[t] == pytest.approx(float(told[token]), abs=1e-4)
            best = told.topk(3)
            assert [i for i, _ in row.alternatives[t]] == best.indices.tolist()
            values = [value for _, value in row.alternatives[t]]
            assert values == pytest.approx(best.values.tolist(), abs=1e-4)
        assert row.finish == ("end" if row.tokens[-1] == END else "length")


@pytest.mark.parametrize("kind", KINDS)
def test_alone_as_in_a_batch_and_as_without_a_cache(kind: str) -> None:
    rows = prompts(4, seed=5)
    peer, model = models(kind)
    settings = Decoding(max_tokens=9, end=(END,))
    together = [row.tokens for row in generate(model, requests(kind, rows, settings))]
    alone = [generate(model, [r])[0].tokens for r in requests(kind, rows, settings)]
    assert together == alone
    for row, tokens in zip(rows, together, strict=True):  # the peer reads everything anew
        done: list[int] = []
        for _ in tokens:
            if kind == "gpt2":
                logits = peer(torch.tensor([row + done])).logits
            else:
                logits = peer(
                    torch.tensor([row]), decoder_input_ids=torch.tensor([[start(kind), *done]])
                ).logits
            done.append(int(logits[0, -1].argmax()))
        assert done == tokens


def test_forced_first_token() -> None:
    rows = prompts(3)
    _, model = models("bart")
    _, wanted = peer_generate(
        "bart", rows, max_new_tokens=6, do_sample=False, forced_bos_token_id=7
    )
    settings = Decoding(max_tokens=6, end=(END,), first=7)
    found = generate(model, requests("bart", rows, settings))
    assert [row.tokens for row in found] == wanted
    assert all(row.tokens[0] == 7 for row in found)


BEAMS: list[dict[str, Any]] = [
    {"num_beams": 2},
    {"num_beams": 4, "length_penalty": 2.0},
    {"num_beams": 4, "length_penalty": 0.0},
    {"num_beams": 4, "length_penalty": -1.0, "early_stopping": "never"},
    {"num_beams": 3, "length_penalty": 1.5, "early_stopping": "never"},
    {"num_beams": 3, "early_stopping": True},
    {"num_beams": 4, "repetition_penalty": 1.4, "no_repeat_ngram_size": 2},
    {"num_beams": 3, "min_new_tokens": 2, "forced_eos_token_id": END},
]
OURS = {
    "num_beams": "beams",
    "no_repeat_ngram_size": "no_repeat_ngram",
    "min_new_tokens": "min_tokens",
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("theirs", BEAMS, ids=str)
@pytest.mark.parametrize("length", [3, 14])
def test_beams(kind: str, theirs: dict[str, Any], length: int) -> None:
    rows = prompts(4, seed=2)
    _, model = models(kind)
    w = theirs["num_beams"]
    # Three tokens end a text, so that texts end at different lengths.
    out, wanted = peer_generate(
        kind, rows, max_new_tokens=length, do_sample=False, num_return_sequences=w,
        eos_token_id=[END, 11, 23], **theirs,
    )  # fmt: skip
    values = {OURS.get(name, name): value for name, value in theirs.items()}
    if values.pop("forced_eos_token_id", None):
        values["last"] = (END,)
    settings = Decoding(max_tokens=length, end=(END, 11, 23), **values)
    found = beam_search(model, requests(kind, rows, settings))
    for i, hypotheses in enumerate(found):
        assert len(hypotheses) == w
        for j, hypothesis in enumerate(hypotheses):
            row = wanted[i * w + j]
            ends = [t for t, token in enumerate(row) if token in (END, 11, 23)]
            assert hypothesis.tokens == (row[: ends[0] + 1] if ends else row)
            assert hypothesis.score == pytest.approx(
                float(out.sequences_scores[i * w + j]), rel=1e-4, abs=1e-4
            )


@pytest.mark.parametrize("kind", KINDS)
def test_beams_alone_as_in_a_batch(kind: str) -> None:
    rows = prompts(5, seed=4)
    _, model = models(kind)
    settings = Decoding(max_tokens=20, end=(END, 11, 23), beams=3)
    together = beam_search(model, requests(kind, rows, settings))
    for request, hypotheses in zip(requests(kind, rows, settings), together, strict=True):
        alone = beam_search(model, [request])[0]
        assert [h.tokens for h in alone] == [h.tokens for h in hypotheses]


@pytest.mark.parametrize("kind", KINDS)
def test_scores_of_given_texts(kind: str) -> None:
    peer, model = models(kind)
    rows = prompts(3, seed=7)
    given = [prompts(4, seed=8 + i, low=1, high=6) for i in range(3)]
    given[1].append([])
    plain = requests(kind, rows, Decoding())
    found = score(model, plain, given)
    for row, answers, scored in zip(rows, given, found, strict=True):
        for answer, result in zip(answers, scored, strict=True):
            if kind == "gpt2":
                logits = peer(torch.tensor([row + answer])).logits[0, len(row) - 1 :]
            else:
                ids = torch.tensor([[start(kind), *answer]])
                logits = peer(torch.tensor([row]), decoder_input_ids=ids).logits[0]
            told = logits.detach().log_softmax(-1)
            wanted = [float(told[t, token]) for t, token in enumerate(answer)]
            assert result.logprobs == pytest.approx(wanted, abs=1e-4)
            assert result.total == pytest.approx(sum(wanted), abs=1e-3)
            assert result.tokens == answer


def test_the_context_ends() -> None:
    _, model = models("gpt2")
    row = generate(model, [Request(list(range(3, 60)), Decoding(max_tokens=50, banned=(END,)))])[0]
    assert row.finish == "context"
    assert len(row.tokens) == 64 - 57
    with pytest.raises(ValueError, match="positions"):
        generate(model, [Request([5] * 64, Decoding())])
    with pytest.raises(ValueError, match="at least one token"):
        generate(model, [Request([], Decoding())])


assert PAD < V
