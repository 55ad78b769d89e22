"""What a server serves, and within which limits."""

from dataclasses import dataclass, fields

from bunsan.base.errors import BadInput
from bunsan.base.language import tr

MOST_NEVER = 1 << 30


@dataclass(frozen=True, kw_only=True)
class ServeSettings:
    """Everything that is decided before a server starts.

    Parameters
    ----------
    models : folders or names of models, folders of collections; "NAME=FOLDER" gives one a name.
        Empty: small untrained ones, made on the spot.
    precision : see `open_generator` and `open_encoder`; None: float32 and auto.
    device : "cpu", "cuda", ...; None: as these have it.
    threads : cores that torch may use; None: as it likes.
    chat_template : how a conversation is written where a model has no template of its own: the name
        of a prompt template or a TOML file, or a .jinja file for all models; None: plain roles.
    keys : accepted API keys; empty: everybody may ask.
    hosts : names by which the server may be addressed; empty: any. A browser that is led here under a
        foreign name (DNS rebinding) is refused so.
    origins : web pages that may ask (CORS); empty: none.
    rows : answers written at once by a model. queue : answers that may wait for one.
    piece_tokens : tokens of prompts read between two tokens of the answers under way.
    batch_tokens : tokens read in one pass, of texts to encode.
    prefix_bytes : memory of a decoder for beginnings of prompts, shared by all requests; 0: none.
    max_body : bytes of a request. max_prompt : tokens of a prompt or text; where the model's own limit
        is lower, that one. max_tokens : tokens of an answer. max_answers : `n` and `best_of` of a request.
        max_beams : width of a beam search; no more than `rows`, of which a search takes so many.
        max_texts : texts, documents or prompts of a request.
    body_seconds : for a request to arrive. send_seconds : for a reader to take what was sent.
    grace_seconds : for running requests to finish after the server was told to stop.
    log : whether each request is told on stderr, without its texts.
    """

    models: tuple[str, ...] = ()
    precision: str | None = None
    device: str | None = None
    threads: int | None = None
    chat_template: str | None = None
    keys: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    rows: int = 16
    queue: int = 256
    piece_tokens: int = 128
    batch_tokens: int = 4096
    prefix_bytes: int = 256 << 20
    max_body: int = 4 << 20
    max_prompt: int = 8192
    max_tokens: int = 1024
    max_answers: int = 8
    max_beams: int = 8
    max_texts: int = 2048
    body_seconds: float = 30.0
    send_seconds: float = 60.0
    grace_seconds: float = 20.0
    log: bool = False

    def __post_init__(self) -> None:
        zero = {"prefix_bytes", "grace_seconds", "queue"}
        for one in fields(self):
            value = getattr(self, one.name)
            if isinstance(value, (int, float)) and (
                value < 0 or (value == 0 and one.type is not bool and one.name not in zero)
            ):
                raise BadInput(
                    tr(f"{one.name} cannot be {value}.", f"{one.name} を {value} にはできません。")
                )
        if any(not key.strip() for key in self.keys):
            raise BadInput(
                tr("An API key is empty.", "空の API キーがあります。"),
                remedy=tr("Give one of some length.", "十分な長さのキーを指定してください。"),
            )
