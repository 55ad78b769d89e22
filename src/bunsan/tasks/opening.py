"""Open whatever a path or a name stands for: a collection, or a model with all it can do."""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bunsan.base.optional import needs_models
from bunsan.tasks.complete import TextGenerator, open_generator
from bunsan.tasks.encode import open_encoder

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from bunsan.models.encoding.encoder import Encoder, TokenStates
    from bunsan.tasks.completion import Choice, Completion, ScoredText
    from bunsan.tasks.streaming import Stream

_SENTENCE_MODEL = "modules.json"


class Model:
    """A model that reads texts into vectors, writes text, or both. Made by `bunsan.open`.

    Attributes
    ----------
    folder : where its files are. writes : whether it goes on with texts (GPT-2, T5, BART,
        translation), with its output layer in the file.
    encoder, generator : what does the work, opened when first used.
    """

    def __init__(
        self,
        name_or_folder: str | Path,
        *,
        precision: str | None = None,
        device: str | None = None,
        threads: int | None = None,
    ) -> None:
        needs_models(en="Opening models", ja="モデルを開くこと")
        from bunsan.base.hub import local_folder
        from bunsan.models.open import writes_text

        self.folder = local_folder(name_or_folder)
        self._name = name_or_folder
        self._precision, self._device, self._threads = precision, device, threads
        sentences = (self.folder / _SENTENCE_MODEL).is_file()
        self.writes = not sentences and writes_text(self.folder)
        _ = self.generator if self.writes else self.encoder  # what is wrong shows now

    def __repr__(self) -> str:
        return f"Model({str(self._name)!r})"

    @cached_property
    def encoder(self) -> "Encoder":
        """What turns texts into vectors."""
        return open_encoder(
            self._name,
            precision=self._precision or "auto",
            device=self._device,
            threads=self._threads,
        )

    @cached_property
    def generator(self) -> TextGenerator:
        """What writes text.

        Raises
        ------
        BadInput : this model writes none.
        """
        return open_generator(
            self._name, precision=self._precision or "float32", device=self._device
        )

    # Vectors

    @property
    def dim(self) -> int:
        """Numbers in a vector."""
        return self.encoder.dim

    def encode(self, texts: str | Sequence[str], **options: Any) -> "NDArray[np.float32]":
        """(n, d), a vector a text, or (d) for one text; see `Encoder.encode`."""
        return self.encoder.encode(texts, **options)

    def iter_encode(self, texts: Iterable[str], **options: Any) -> Iterator["NDArray[np.float32]"]:
        """Blocks of vectors of any number of texts; see `Encoder.iter_encode`."""
        return self.encoder.iter_encode(texts, **options)

    def tokens(self, texts: Sequence[str], **options: Any) -> "list[TokenStates]":
        """A vector a token; see `Encoder.tokens`."""
        return self.encoder.tokens(texts, **options)

    def words(self, texts: str | Sequence[str], **options: Any) -> Any:
        """A vector a word, where it stands; see `Encoder.words`."""
        return self.encoder.words(texts, **options)

    def attention(self, text: str) -> Any:
        """What attends to what; see `Encoder.attention`."""
        return self.encoder.attention(text)

    def save(self, folder: str | Path) -> None:
        """Write the model that encodes, as sentence-transformers opens it; see `Encoder.save`."""
        self.encoder.save(folder)

    # Text

    def complete(self, prompt: str, **settings: Any) -> "Completion":
        """Go on with a text; see `TextGenerator.complete`."""
        return self.generator.complete(prompt, **settings)

    def complete_all(self, prompts: Sequence[str], **settings: Any) -> "list[Completion]":
        """The same for many; see `TextGenerator.complete_all`."""
        return self.generator.complete_all(prompts, **settings)

    def stream(self, prompt: str, **settings: Any) -> "Stream":
        """Go on with a text, piece by piece; see `TextGenerator.stream`."""
        return self.generator.stream(prompt, **settings)

    def choose(self, prompt: str, answers: Sequence[str], **settings: Any) -> "Choice":
        """Which of some answers is the likeliest; see `TextGenerator.choose`."""
        return self.generator.choose(prompt, answers, **settings)

    def score(self, text: str, **settings: Any) -> "ScoredText":
        """How likely a text is; see `TextGenerator.score`."""
        return self.generator.score(text, **settings)


def open_anything(path: Any, **options: Any) -> Any:
    """Open a collection made by `learn`, or a model by folder or name.

    A folder with a config.json or modules.json is a model, and so is a name like owner/name where no
    such path is; everything else is a collection.

    Parameters
    ----------
    options : of a model: `precision`, `device`, `threads`; see `Model`.

    Raises
    ------
    Missing : there is none at this place.
    BadInput : it is damaged or of another version.
    """
    if isinstance(path, (str, Path)):
        place = Path(path).expanduser()
        names = ("config.json", _SENTENCE_MODEL)
        if any((place / name).is_file() for name in names) or _is_name(str(path), place):
            return Model(path, **options)
    from bunsan.tasks.facade import open_collection

    return open_collection(path, **options)


def _is_name(text: str, place: Path) -> bool:
    owner, slash, name = text.partition("/")
    plain = bool(slash and owner and name) and "/" not in name and "\\" not in text
    return plain and owner not in (".", "..", "~") and not place.exists() and ".bunsan" not in name
