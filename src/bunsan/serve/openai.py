"""The endpoints of OpenAI's API, and Cohere's for reranking."""

import base64
import json
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from numpy.typing import NDArray

from bunsan.serve import asking
from bunsan.serve.answering import Form, events, whole_answer
from bunsan.serve.asking import Asked
from bunsan.serve.errors import ApiError, unsupported
from bunsan.serve.jobs import Job
from bunsan.serve.replies import (
    ERRORS,
    ChatReply,
    CompletionReply,
    EmbeddingsReply,
    ModelCard,
    ModelsReply,
    RerankReply,
)
from bunsan.serve.served import CrossEncoder, Service, TextEncoder, Writer
from bunsan.serve.shapes import (
    ChatRequest,
    CompletionRequest,
    EmbeddingRequest,
    RerankRequest,
    Writing,
)
from bunsan.serve.sse import EventStream, unless_left
from bunsan.words.vectors.nearest import unit_rows

_PAIRS = 32  # documents that are scored between two other requests


def router(service: Service) -> APIRouter:
    """The endpoints, of these models."""
    routes = APIRouter(prefix="/v1", responses=ERRORS)
    settings = service.settings

    @routes.get("/models", response_model=ModelsReply, tags=["models"])
    async def list_models() -> JSONResponse:
        """The models that are served."""
        cards = [one.card() for one in service.models]
        return JSONResponse({"object": "list", "data": cards})

    @routes.get("/models/{name:path}", response_model=ModelCard, tags=["models"])
    async def retrieve_model(name: str) -> JSONResponse:
        """One of them."""
        found = {one.name: one for one in service.models}.get(name)
        if found is None:
            raise ApiError(
                404, f"The model {name[:200]!r} does not exist.", param="model",
                code="model_not_found",
            )  # fmt: skip
        return JSONResponse(found.card())

    @routes.post("/completions", response_model=CompletionReply, tags=["generation"])
    async def create_completion(body: CompletionRequest, request: Request) -> Response:
        """Go on with texts."""
        writer = service.get(body.model, Writer, "model")
        asked = await service.prepare(asking.completion, writer, body, settings)
        best_of = body.best_of or body.n
        form = Form(
            "text", writer, asked.strips, body.logprobs, _wants_usage(body), body.n, best_of
        )
        return await _answer(service, form, asked, body, request)

    @routes.post("/chat/completions", response_model=ChatReply, tags=["generation"])
    async def create_chat_completion(body: ChatRequest, request: Request) -> Response:
        """Answer in a conversation."""
        writer = service.get(body.model, Writer, "model")
        asked = await service.prepare(asking.chat, writer, body, settings)
        alternatives = (body.top_logprobs or 0) if body.logprobs else None
        form = Form("chat", writer, asked.strips, alternatives, _wants_usage(body))
        return await _answer(service, form, asked, body, request)

    @routes.post("/embeddings", response_model=EmbeddingsReply, tags=["vectors"])
    async def create_embeddings(body: EmbeddingRequest, request: Request) -> Response:
        """Vectors of texts."""
        encoder = service.get(body.model, TextEncoder, "model")
        if body.dimensions is not None and body.dimensions != encoder.encoder.dim:
            raise unsupported("dimensions", f"this model's vectors have {encoder.encoder.dim}")
        texts, sizes = await service.prepare(_texts, encoder, body, service)
        vectors = await unless_left(request.receive, encoder.worker.encode(texts, sizes))
        tokens = sum(sizes)
        request.scope["bunsan.note"] = f"{tokens} tokens"
        rendered = await service.prepare(
            _rendered, vectors, body.encoding_format, encoder.name, tokens
        )
        return Response(rendered, media_type="application/json")

    @routes.post("/rerank", response_model=RerankReply, tags=["vectors"])
    async def rerank(body: RerankRequest, request: Request) -> Response:
        """Documents by how well they answer a query: by a cross-encoder, or by the cosine of vectors."""
        model = service.get(body.model, (CrossEncoder, TextEncoder), "model")
        for name in ("max_tokens_per_doc", "max_chunks_per_doc"):
            if getattr(body, name) is not None:
                raise unsupported(name)
        documents = [d if isinstance(d, str) else d.text for d in body.documents]
        if len(documents) > settings.max_texts:
            raise asking.too_many("documents", len(documents), settings.max_texts)
        work = scores(service, model, body.query, documents)
        found, tokens = await unless_left(request.receive, work)
        request.scope["bunsan.note"] = f"{tokens} tokens"
        order = sorted(range(len(found)), key=lambda i: (-found[i], i))[: body.top_n]
        results: list[dict[str, Any]] = []
        for i in order:
            one: dict[str, Any] = {"index": i, "relevance_score": found[i]}
            if body.return_documents:
                one["document"] = {"text": documents[i]}
            results.append(one)
        told = {"prompt_tokens": tokens, "total_tokens": tokens}
        return JSONResponse({"model": model.name, "results": results, "usage": told})

    return routes


async def scores(
    service: Service, model: CrossEncoder | TextEncoder, query: str, documents: Sequence[str]
) -> tuple[list[float], int]:
    """How well each document answers a query, and how many tokens were read."""
    if isinstance(model, CrossEncoder):
        found: list[float] = []
        tokens = 0
        for at in range(0, len(documents), _PAIRS):
            part = documents[at : at + _PAIRS]
            some, read = await model.worker.call(partial(model.scorer.score, query, part))
            found += some
            tokens += read
        return found, tokens
    layout = model.encoder.layout
    prompts = {} if layout.default_prompt else layout.prompts  # else a text would get two
    before = next((prompts[name] for name in ("query", "Query") if name in prompts), "")
    beside = next((prompts[n] for n in ("document", "passage") if n in prompts), "")
    texts = [before + query, *(beside + document for document in documents)]
    sizes = await service.prepare(_sizes, model, texts, service, "documents")
    vectors = unit_rows(await model.worker.encode(texts, sizes))
    return (vectors[1:] @ vectors[0]).tolist(), sum(sizes)


async def vectors_of(
    service: Service, encoder: TextEncoder, texts: list[str], param: str
) -> NDArray[np.float32]:
    """(n, d), of texts none of which is too long."""
    sizes = await service.prepare(_sizes, encoder, texts, service, param)
    return await encoder.worker.encode(texts, sizes)


async def _answer(
    service: Service, form: Form, asked: Asked, body: Writing, request: Request
) -> Response:
    worker = form.writer.worker
    job = Job(asked.requests)
    worker.submit(job)
    if body.stream:
        seconds = service.settings.send_seconds
        return EventStream(events(form, job), seconds, lambda: worker.close(job))
    try:
        answer, _ = await unless_left(request.receive, whole_answer(form, job))
    finally:
        worker.close(job)
    told = answer["usage"]
    request.scope["bunsan.note"] = f"{told['prompt_tokens']}+{told['completion_tokens']} tokens"
    return JSONResponse(answer)


def _wants_usage(body: Writing) -> bool:
    if body.stream_options is not None and not body.stream:
        raise ApiError(
            400, "stream_options is for streams alone.", param="stream_options",
            code="invalid_value",
        )  # fmt: skip
    return body.stream_options is not None and body.stream_options.include_usage


def _texts(
    encoder: TextEncoder, body: EmbeddingRequest, service: Service
) -> tuple[list[str], list[int]]:
    given: Any = body.input
    if isinstance(given, str) or isinstance(given[0], int):
        given = [given]
    if len(given) > service.settings.max_texts:
        raise asking.too_many("input", len(given), service.settings.max_texts)
    tokenizer = encoder.encoder.tokenizer
    texts: list[str] = []
    for one in given:
        if isinstance(one, str):
            texts.append(one)
            continue
        if max(one) >= tokenizer.vocab_size:
            raise ApiError(
                400, f"{max(one)} is no id of {tokenizer.vocab_size} tokens.",
                param="input", code="invalid_value",
            )  # fmt: skip
        texts.append(tokenizer.decode(one))
    return texts, _sizes(encoder, texts, service, "input")


def _sizes(encoder: TextEncoder, texts: list[str], service: Service, param: str) -> list[int]:
    """Tokens of each text, none of which is too long."""
    packed = encoder.encoder.tokenizer.encode_packed(texts)
    sizes: list[int] = np.diff(packed.start).tolist()
    longest = max(sizes)
    if longest > service.settings.max_prompt:
        raise asking.too_long(param, longest, service.settings.max_prompt)
    if min(sizes) == 0:
        raise ApiError(
            400, f"{param}[{sizes.index(0)}] has no tokens.", param=param, code="invalid_value"
        )
    return sizes


def _rendered(vectors: NDArray[np.float32], form: str, model: str, tokens: int) -> bytes:
    """The answer as JSON, a vector at a time, so that other threads have their turn meanwhile."""
    parts: list[str] = []
    for i, vector in enumerate(np.asarray(vectors, "<f4")):
        if form == "base64":
            value = json.dumps(base64.b64encode(vector.tobytes()).decode())
        else:
            value = json.dumps(vector.tolist())
        parts.append(f'{{"object":"embedding","index":{i},"embedding":{value}}}')
    usage = json.dumps({"prompt_tokens": tokens, "total_tokens": tokens})
    name = json.dumps(model)
    data = ",".join(parts)
    return f'{{"object":"list","data":[{data}],"model":{name},"usage":{usage}}}'.encode()
