"""Requests as OpenAI's API (and, for reranking, Cohere's) has them, with their limits.

Fields that mean something which is not done here are known by name, so that they can be refused by
name; those that change nothing in an answer are taken and left aside.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Token = Annotated[int, Field(ge=0, lt=1 << 31)]
Stop = Annotated[str, StringConstraints(max_length=200)]
Text = Annotated[str, StringConstraints(min_length=1)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class Shape(BaseModel):
    """A request, without fields that nobody knows."""

    model_config = ConfigDict(extra="forbid", allow_inf_nan=False, protected_namespaces=())


class StreamOptions(Shape):
    """How a stream is sent. `include_usage`: a last piece with the numbers of tokens."""

    include_usage: bool = False
    include_obfuscation: bool | None = None


class Writing(Shape):
    """What both ways of generating share. What is left out is as the model's maker set it."""

    model: Name
    n: int = Field(1, ge=1, le=128, description="How many answers.")
    stream: bool = False
    stream_options: StreamOptions | None = None
    temperature: float | None = Field(None, ge=0, le=10)
    top_p: float | None = Field(None, gt=0, le=1)
    max_tokens: int | None = Field(None, ge=1, le=1 << 20)
    stop: Stop | Annotated[list[Stop], Field(max_length=16)] | None = None
    seed: int | None = Field(None, ge=-(1 << 63), lt=1 << 63)
    presence_penalty: float | None = Field(None, ge=-2, le=2)
    frequency_penalty: float | None = Field(None, ge=-2, le=2)
    logit_bias: dict[str, Annotated[float, Field(ge=-100, le=100)]] | None = Field(
        None, description="Token ids, as strings, and what is added to their logits."
    )
    # Of ours
    top_k: int | None = Field(None, ge=0, le=1 << 20)
    min_p: float | None = Field(None, ge=0, le=1)
    repetition_penalty: float | None = Field(None, gt=0, le=10)
    no_repeat_ngram_size: int | None = Field(None, ge=0, le=100)
    min_tokens: int | None = Field(None, ge=0, le=1 << 20)
    num_beams: int | None = Field(
        None, ge=1, le=128, description="Width of a beam search, whose `n` best texts are told."
    )
    length_penalty: float | None = Field(
        None, ge=-10, le=10, description="Exponent of the length that a beam's score is divided by."
    )
    early_stopping: bool | Literal["never"] | None = None
    # Taken, and of no consequence
    user: str | None = None
    service_tier: str | None = None


class CompletionRequest(Writing):
    """Body of /v1/completions."""

    prompt: (
        str
        | Annotated[list[str], Field(min_length=1, max_length=2048)]
        | Annotated[list[Token], Field(min_length=1)]
        | Annotated[
            list[Annotated[list[Token], Field(min_length=1)]], Field(min_length=1, max_length=2048)
        ]
    )
    logprobs: int | None = Field(None, ge=0, le=20)
    best_of: int | None = Field(
        None, ge=1, le=128,
        description="How many answers are written, of which the `n` most probable are told.",
    )  # fmt: skip
    echo: bool | None = Field(None, description="Not supported.")
    suffix: str | None = Field(None, description="Not supported.")


class ContentPart(Shape):
    """A part of a message; only text is read."""

    type: str
    text: str | None = None
    image_url: Any = None
    input_audio: Any = None
    file: Any = None
    refusal: str | None = None


class ChatMessage(Shape):
    """One thing said."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | Annotated[list[ContentPart], Field(max_length=256)] | None = None
    name: str | None = Field(None, max_length=200)
    refusal: str | None = None
    tool_calls: Any = None
    function_call: Any = None
    tool_call_id: str | None = None
    audio: Any = None
    annotations: Any = None


class ChatRequest(Writing):
    """Body of /v1/chat/completions."""

    messages: Annotated[list[ChatMessage], Field(min_length=1, max_length=1024)]
    max_completion_tokens: int | None = Field(None, ge=1, le=1 << 20)
    logprobs: bool | None = None
    top_logprobs: int | None = Field(None, ge=0, le=20)
    # Not done here
    tools: Any = Field(None, description="Not supported.")
    tool_choice: Any = Field(None, description="Not supported.")
    functions: Any = Field(None, description="Not supported.")
    function_call: Any = Field(None, description="Not supported.")
    response_format: Any = Field(None, description='Not supported, but for {"type": "text"}.')
    modalities: Any = Field(None, description='Not supported, but for ["text"].')
    audio: Any = Field(None, description="Not supported.")
    prediction: Any = Field(None, description="Not supported.")
    web_search_options: Any = Field(None, description="Not supported.")
    # Taken, and of no consequence
    parallel_tool_calls: bool | None = None
    reasoning_effort: str | None = None
    verbosity: str | None = None
    metadata: dict[str, Any] | None = None
    store: bool | None = None


class EmbeddingRequest(Shape):
    """Body of /v1/embeddings."""

    model: Name
    input: (
        Text
        | Annotated[list[Text], Field(min_length=1, max_length=2048)]
        | Annotated[list[Token], Field(min_length=1)]
        | Annotated[
            list[Annotated[list[Token], Field(min_length=1)]], Field(min_length=1, max_length=2048)
        ]
    )
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: int | None = Field(
        None, ge=1, description="Not supported, but for the model's own number."
    )
    user: str | None = None


class Document(Shape):
    """A document as Cohere's API has it."""

    text: str


class RerankRequest(Shape):
    """Body of /v1/rerank."""

    model: Name
    query: Text
    documents: Annotated[list[str | Document], Field(min_length=1, max_length=2048)]
    top_n: int | None = Field(None, ge=1)
    return_documents: bool = False
    max_tokens_per_doc: int | None = Field(None, ge=1, description="Not supported.")
    max_chunks_per_doc: int | None = Field(None, ge=1, description="Not supported.")


class ClassifyRequest(Shape):
    """Body of /bunsan/classify.

    A decoder chooses the answer that follows the text most probably; an encoder the label whose
    vector lies nearest to the text's.
    """

    model: Name | None = None
    texts: Text | Annotated[list[Text], Field(min_length=1, max_length=256)]
    labels: Annotated[list[Text], Field(min_length=2, max_length=256)]
    prompt: str = Field(
        "{text}", max_length=20_000,
        description="For a decoder: what comes before the answer; {text} stands for the text.",
    )  # fmt: skip
    label: str = Field(
        "{label}", max_length=2_000,
        description="How a label is put: as an answer, or as a text to compare.",
    )  # fmt: skip
    by: Literal["total", "mean"] = Field(
        "total",
        description="Of a decoder: the probability of the whole answer, or that of a token.",
    )


class CollectionRequest(Shape):
    """A question to a collection; its name may be left out where only one is served."""

    collection: Name | None = None


class SearchRequest(CollectionRequest):
    """Body of /bunsan/search. `model`: an encoder that is served, or vectors of the collection."""

    query: Annotated[str, StringConstraints(min_length=1, max_length=10_000)]
    by: Literal["keyword", "meaning", "both"] = "keyword"
    model: str | None = None
    k: int = Field(10, ge=1, le=1000)
    offset: int = Field(0, ge=0, le=100_000)
    where: dict[str, str] | None = None
    match_all: bool = False


class WordRequest(CollectionRequest):
    """A question about a word."""

    word: Annotated[str, StringConstraints(min_length=1, max_length=1000)]


class SimilarRequest(WordRequest):
    """Body of /bunsan/similar; `word` may be a sum, "王 - 男 + 女"."""

    k: int = Field(15, ge=1, le=1000)
    contexts: Literal["window", "predicates"] = "window"
    min_count: int = Field(5, ge=1)


class RelatedRequest(WordRequest):
    """Body of /bunsan/related."""

    k: int = Field(20, ge=1, le=1000)
    measure: str = Field("jaccard", max_length=40)
    unit: Literal["sentence", "paragraph", "document"] = "sentence"
    where: dict[str, str] | None = None
    min_count: int = Field(2, ge=1)


class KwicRequest(WordRequest):
    """Body of /bunsan/kwic."""

    sort: Literal["text", "left", "right"] = "text"
    width: int = Field(30, ge=1, le=500)
    limit: int = Field(50, ge=1, le=1000)
    where: dict[str, str] | None = None


class FeaturesRequest(CollectionRequest):
    """Body of /bunsan/features."""

    by: str | None = Field(None, max_length=200)
    k: int = Field(10, ge=1, le=1000)
    where: dict[str, str] | None = None


class WordsRequest(CollectionRequest):
    """Body of /bunsan/words."""

    k: int = Field(100, ge=1, le=10_000)
