"""What a server has opened: models and collections by name, each with its thread."""

import asyncio
import re
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, overload

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.serve.encoding import EncodingWorker
from bunsan.serve.errors import ApiError
from bunsan.serve.metrics import Metrics
from bunsan.serve.settings import ServeSettings
from bunsan.serve.worker import Worker, stopping
from bunsan.serve.writing import WritingWorker

if TYPE_CHECKING:
    from bunsan.models.encoding.encoder import Encoder
    from bunsan.serve.pairs import PairScorer
    from bunsan.tasks.chat_template import ChatFormat
    from bunsan.tasks.complete import TextGenerator
    from bunsan.tasks.facade import Collection

T = TypeVar("T")
_NAME = re.compile(r"[\w][\w./@-]{0,199}")


@dataclass(kw_only=True)
class Served:
    """One model or collection.

    Attributes
    ----------
    name : by which requests call it. kind : what it is. trained : False for random weights.
    family : the model's `model_type`. context : tokens of its longest input; None: no limit.
    """

    name: str
    kind: str
    worker: Worker
    trained: bool = True
    family: str = ""
    context: int | None = None
    endpoints: tuple[str, ...] = ()
    created: int = field(default_factory=lambda: int(time.time()))

    def card(self) -> dict[str, Any]:
        """What /v1/models tells."""
        about: dict[str, Any] = {
            "kind": self.kind,
            "family": self.family,
            "trained": self.trained,
            "context": self.context,
            "endpoints": list(self.endpoints),
        }
        if not self.trained:
            about["note"] = "Random weights, made on the spot: its answers mean nothing."
        return {
            "id": self.name,
            "object": "model",
            "created": self.created,
            "owned_by": "bunsan",
            "bunsan": about,
        }


@dataclass(kw_only=True)
class Writer(Served):
    """A decoder or an encoder-decoder."""

    generator: "TextGenerator"
    worker: WritingWorker
    chat: "ChatFormat"


@dataclass(kw_only=True)
class TextEncoder(Served):
    """A model that makes vectors."""

    encoder: "Encoder"
    worker: EncodingWorker


@dataclass(kw_only=True)
class CrossEncoder(Served):
    """A model that scores pairs."""

    scorer: "PairScorer"


@dataclass(kw_only=True)
class ServedCollection(Served):
    """A collection."""

    collection: "Collection"


S = TypeVar("S", bound=Served)
R = TypeVar("R", bound=Served)


class Service:
    """All that is served, and threads for what needs no model: cutting texts into tokens, rendering.

    Raises
    ------
    Missing, BadInput : a model is not here, is damaged, or two have one name.
    """

    def __init__(self, settings: ServeSettings) -> None:
        self.settings, self.metrics = settings, Metrics()
        self.pool = ThreadPoolExecutor(2, thread_name_prefix="bunsan-prepare")
        self.place: tempfile.TemporaryDirectory[str] | None = None
        self.found: dict[str, Served] = {}
        self.searchers: dict[str, Any] = {}  # encoders as searches in other threads use them
        self.ready = self.closed = False
        if settings.threads is not None:
            import torch

            torch.set_num_threads(settings.threads)
        if settings.models:
            for spec in settings.models:
                self._open(*named(spec))
        else:
            from bunsan.serve.untrained import models_unasked

            self.place = tempfile.TemporaryDirectory(prefix="bunsan-", ignore_cleanup_errors=True)
            for name, folder, trained in models_unasked(Path(self.place.name)):
                self._open(name, folder, trained)

    @property
    def models(self) -> list[Served]:
        """All but collections."""
        return [one for one in self.found.values() if not isinstance(one, ServedCollection)]

    @overload
    def get(self, name: str | None, kinds: type[S], param: str) -> S: ...

    @overload
    def get(self, name: str | None, kinds: tuple[type[S], type[R]], param: str) -> S | R: ...

    def get(self, name: str | None, kinds: Any, param: str) -> Any:
        """The model of this name; without a name, the only one of these kinds.

        Raises
        ------
        ApiError : there is none (404), or it does something else (400).
        """
        fitting = [one for one in self.found.values() if isinstance(one, kinds)]
        if name is None:
            if len(fitting) == 1:
                return fitting[0]
            raise ApiError(
                400 if fitting else 404,
                f"{param} is needed: {', '.join(one.name for one in fitting)}."
                if fitting
                else f"Nothing is served that {param} could name.",
                param=param,
                code="missing_required_parameter" if fitting else "model_not_found",
            )
        one = self.found.get(name)
        if one is None:
            raise ApiError(
                404, f"The model {name!r} does not exist.", param=param, code="model_not_found"
            )
        if not isinstance(one, kinds):
            raise ApiError(
                400, f"{name} is a {one.kind}, which cannot do this.",
                param=param, code="wrong_kind_of_model",
            )  # fmt: skip
        return one

    async def prepare(self, function: Callable[..., T], *arguments: Any) -> T:
        """The result of a function that runs beside the event loop."""
        if self.closed:
            raise stopping()
        return await asyncio.get_running_loop().run_in_executor(self.pool, function, *arguments)

    def close(self) -> None:
        """End all threads; what waits is told so."""
        self.closed = True
        for one in self.found.values():
            one.worker.stop()
        self.pool.shutdown(wait=False, cancel_futures=True)
        if self.place is not None:
            self.place.cleanup()

    def _open(self, name: str, folder: str | Path, trained: bool = True) -> None:
        if name in self.found:
            raise BadInput(
                tr(f"Two models have the name {name}.", f"{name} という名前が二重です。"),
                remedy=tr("Name one: NAME=FOLDER.", "名前=フォルダー の形で区別してください。"),
            )
        place = Path(folder).expanduser()
        if place.suffix == ".bunsan" or (place / "state.json").is_file():
            self.found[name] = self._collection(name, place)
            return
        from bunsan.base.hub import local_folder
        from bunsan.models.open import writes_text

        where = local_folder(folder)
        kept: dict[str, Any] = {"name": name, "trained": trained}
        if (where / "modules.json").is_file():
            self.found[name] = self._encoder(folder, kept)
        elif writes_text(where):
            self.found[name] = self._writer(folder, where, kept)
        elif scores_pairs(where):
            self.found[name] = self._pairs(where, kept)
        else:
            self.found[name] = self._encoder(folder, kept)

    def _writer(self, folder: str | Path, where: Path, kept: dict[str, Any]) -> Writer:
        from bunsan.nn.weights import read_config
        from bunsan.tasks.chat_template import chat_format
        from bunsan.tasks.complete import open_generator

        settings = self.settings
        generator = open_generator(
            folder, precision=settings.precision or "float32", device=settings.device
        )
        limits = [settings.max_prompt, generator.model.max_positions, generator.model.max_source]
        return Writer(
            **kept,
            kind="encoder-decoder" if generator.model.encodes else "decoder",
            family=str(read_config(where).get("model_type", "")),
            context=min(limit for limit in limits if limit is not None),
            generator=generator,
            worker=WritingWorker(kept["name"], generator, settings, self.metrics),
            chat=chat_format(where, generator.tokenizer, settings.chat_template),
            endpoints=("/v1/completions", "/v1/chat/completions", "/bunsan/classify"),
        )

    def _encoder(self, folder: str | Path, kept: dict[str, Any]) -> TextEncoder:
        from bunsan.tasks.encode import open_encoder

        settings = self.settings
        encoder = open_encoder(
            folder, precision=settings.precision or "auto", device=settings.device,
            threads=settings.threads,
        )  # fmt: skip
        return TextEncoder(
            **kept,
            kind="encoder",
            family=encoder.model.family,
            context=encoder.max_length,
            encoder=encoder,
            worker=EncodingWorker(kept["name"], encoder, settings, self.metrics),
            endpoints=("/v1/embeddings", "/v1/rerank", "/bunsan/classify"),
        )

    def _pairs(self, where: Path, kept: dict[str, Any]) -> CrossEncoder:
        from bunsan.serve.pairs import PairScorer

        settings = self.settings
        dtype = "bfloat16" if settings.precision == "bfloat16" else "float32"
        scorer = PairScorer(where, dtype=dtype, device=settings.device)
        return CrossEncoder(
            **kept,
            kind="cross-encoder",
            family=scorer.opened.family,
            context=scorer.max_length,
            scorer=scorer,
            worker=Worker(kept["name"], settings, self.metrics),
            endpoints=("/v1/rerank",),
        )

    def _collection(self, name: str, place: Path) -> ServedCollection:
        from bunsan.tasks.facade import open_collection

        return ServedCollection(
            name=name,
            kind="collection",
            collection=open_collection(place),
            worker=Worker(name, self.settings, self.metrics),
            endpoints=("/bunsan/search", "/bunsan/similar", "/bunsan/kwic"),
        )


def named(spec: str) -> tuple[str, str]:
    """The name and the folder (or name on the hub) that a MODEL on the command line means.

    Raises
    ------
    BadInput : the name has characters that names do not have.
    """
    name, equals, folder = spec.partition("=")
    if not equals or Path(spec).exists():
        folder = spec
        path = Path(spec).expanduser()
        name = path.resolve().name.removesuffix(".bunsan") if path.exists() else spec
        name = re.sub(r"[^\w./@-]", "-", name).lstrip("./@-") or "model"
    if not _NAME.fullmatch(name) or not folder:
        raise BadInput(
            tr(f"{spec!r} is not NAME=FOLDER.", f"{spec!r} は 名前=フォルダー ではありません。"),
            remedy=tr(
                "Names have letters, digits and . _ - / @.",
                "名前に使えるのは文字、数字、. _ - / @ です。",
            ),
        )
    return name, folder


def scores_pairs(folder: Path) -> bool:
    """Whether a model gives one score for what it reads: a classification with one class."""
    from bunsan.models.settings import Settings
    from bunsan.nn.weights import read_config

    config = read_config(folder)
    architectures: Sequence[Any] = config.get("architectures") or ()
    return (
        any(str(name).endswith("ForSequenceClassification") for name in architectures)
        and len(Settings(config, folder / "config.json").labels()) == 1
    )
