"""Answers as the OpenAPI description tells them. They are made by hand; these are for readers."""

from typing import Any, Literal

from pydantic import BaseModel


class ErrorBody(BaseModel):
    """What is wrong."""

    message: str
    type: str
    param: str | None
    code: str | None


class ErrorReply(BaseModel):
    """Every error."""

    error: ErrorBody


ERRORS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorReply} for status in (400, 401, 404, 413, 422, 429, 503)
}


class Usage(BaseModel):
    """Numbers of tokens."""

    prompt_tokens: int
    total_tokens: int
    completion_tokens: int | None = None


class ModelCard(BaseModel):
    """A model. `bunsan`: its kind, family, longest input, endpoints, and whether it was trained."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str
    bunsan: dict[str, Any]


class ModelsReply(BaseModel):
    """All models."""

    object: Literal["list"]
    data: list[ModelCard]


class CompletionLogprobs(BaseModel):
    """Probabilities of tokens, before all settings."""

    tokens: list[str]
    token_logprobs: list[float]
    top_logprobs: list[dict[str, float]]
    text_offset: list[int]


class CompletionChoice(BaseModel):
    """One answer."""

    index: int
    text: str
    logprobs: CompletionLogprobs | None
    finish_reason: Literal["stop", "length"] | None


class CompletionReply(BaseModel):
    """Of /v1/completions; with `stream` a series of these as server-sent events."""

    id: str
    object: Literal["text_completion"]
    created: int
    model: str
    choices: list[CompletionChoice]
    usage: Usage | None = None


class TopLogprob(BaseModel):
    """A token, its log-probability, its bytes."""

    token: str
    logprob: float
    bytes: list[int] | None


class TokenLogprob(TopLogprob):
    """A token that was written, and the likeliest in its place."""

    top_logprobs: list[TopLogprob]


class ChatLogprobs(BaseModel):
    """Probabilities of tokens, before all settings."""

    content: list[TokenLogprob]
    refusal: None = None


class ReplyMessage(BaseModel):
    """What was answered."""

    role: Literal["assistant"]
    content: str
    refusal: None = None


class ChatChoice(BaseModel):
    """One answer."""

    index: int
    message: ReplyMessage
    logprobs: ChatLogprobs | None
    finish_reason: Literal["stop", "length"]


class ChatReply(BaseModel):
    """Of /v1/chat/completions; with `stream` a series of chunks as server-sent events."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[ChatChoice]
    usage: Usage


class Embedding(BaseModel):
    """A vector, as numbers or as base64 of little-endian float32."""

    object: Literal["embedding"]
    index: int
    embedding: list[float] | str


class EmbeddingsReply(BaseModel):
    """Of /v1/embeddings."""

    object: Literal["list"]
    data: list[Embedding]
    model: str
    usage: Usage


class Reranked(BaseModel):
    """A document's place in the request, and its score."""

    index: int
    relevance_score: float
    document: dict[str, str] | None = None


class RerankReply(BaseModel):
    """Of /v1/rerank, the best first."""

    model: str
    results: list[Reranked]
    usage: Usage


class LabelScore(BaseModel):
    """A label; of a decoder its probability among the labels, of an encoder the cosine."""

    label: str
    score: float
    logprob: float | None = None


class Classified(BaseModel):
    """A text's labels, the best first."""

    label: str
    labels: list[LabelScore]


class ClassifyReply(BaseModel):
    """Of /bunsan/classify."""

    model: str
    by: Literal["probability", "cosine"]
    results: list[Classified]


class RowsReply(BaseModel):
    """A table: its rows, the titles of its columns, a note."""

    collection: str
    rows: list[dict[str, Any]]
    titles: dict[str, str]
    note: str = ""


class PassageReply(BaseModel):
    """A stretch of a document; `marks` are places in `text`, in characters."""

    text: str
    marks: list[tuple[int, int]]
    source: str
    row: int
    fields: dict[str, str | None]


class HitReply(BaseModel):
    """A document that was found, and why: what words added to its score, its rank by keyword and by
    meaning, the cosine of its nearest passage with the query."""

    score: float
    text: str
    source: str
    row: int
    fields: dict[str, str | None]
    passages: list[PassageReply]
    why: dict[str, float]
    ranks: dict[str, int]
    cosine: float | None
    nearest: PassageReply | None


class SearchReply(BaseModel):
    """Of /bunsan/search. `missing`: words of the query that no document has, by meaning those without
    a vector. `representation`: what meaning was told by."""

    collection: str
    by: str
    representation: str | None
    total: int
    missing: list[str]
    hits: list[HitReply]


class LineReply(BaseModel):
    """One occurrence of a word."""

    left: str
    keyword: str
    right: str
    source: str
    row: int
    fields: dict[str, str | None]


class KwicReply(BaseModel):
    """Of /bunsan/kwic."""

    collection: str
    total: int
    lines: list[LineReply]


class CollectionCard(BaseModel):
    """A collection: what it holds."""

    name: str
    documents: int
    fields: list[str]


class CollectionsReply(BaseModel):
    """All collections."""

    collections: list[CollectionCard]
