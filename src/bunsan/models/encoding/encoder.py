"""Texts to vectors: `open_encoder`, `Encoder.encode`.

Letters in shapes:  n texts · t tokens · d width · h heads
"""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from bunsan.base.errors import BadInput
from bunsan.base.hub import local_folder
from bunsan.base.language import tr
from bunsan.base.progress import progress
from bunsan.models.encoding.backbone import TextPart, open_backbone, open_text_part
from bunsan.models.encoding.engines import Engine, check_precision, make_engine
from bunsan.models.encoding.pooling import Pooling, pooling_of
from bunsan.models.encoding.windows import Long, Windows, cut, groups
from bunsan.models.opened import OpenedModel
from bunsan.models.sentence import Normalize, SentenceLayout, apply_after, read_layout, write_layout
from bunsan.text.subwords.opening import open_tokenizer
from bunsan.text.subwords.tokenizer import Tokenizer

Vectors = NDArray[np.float32]
_CHUNK_TEXTS, _CHUNK_CHARACTERS = 4096, 1_000_000
_AGREEMENT = 0.99999  # of 16-bit arithmetic with 32-bit floats, or it is not used unasked
_CHECKED = 8  # texts that are compared


@dataclass
class EncodeReport:
    """What happened while texts were encoded.

    Attributes
    ----------
    texts, tokens : how many. repeated : texts that came before, and were not computed again.
    long : texts longer than the model takes. empty : numbers of texts without a token of their own,
        from 0 in the order given; the first thousand.
    engine : what computed. agreement : least cosine of 16-bit arithmetic with 32-bit floats on the
        first texts, where that was compared.
    """

    texts: int = 0
    tokens: int = 0
    repeated: int = 0
    long: int = 0
    empty: list[int] = field(default_factory=list)
    engine: str = ""
    agreement: float | None = None


@dataclass(frozen=True)
class TokenStates:
    """The tokens of one text with a vector each.

    Attributes
    ----------
    tokens : as the vocabulary spells them, without special tokens.
    offsets : (t, 2) begin and end of each in the text, in characters.
    vectors : (t, d), or (layers, t, d) where layers were asked for.
    """

    tokens: list[str]
    offsets: NDArray[np.int32]
    vectors: Vectors


class Encoder:
    """A model that turns texts into vectors. Made by `open_encoder`.

    Attributes
    ----------
    model, tokenizer, layout : what it consists of; `layout` says how vectors are made of states.
    max_length : tokens of the longest input.
    report : of the last call.
    """

    def __init__(
        self,
        model: OpenedModel,
        tokenizer: Tokenizer,
        layout: SentenceLayout,
        *,
        precision: str = "auto",
        device: str | torch.device | None = None,
        threads: int | None = None,
    ) -> None:
        check_precision(precision)
        self.model, self.tokenizer, self.layout = model, tokenizer, layout
        self.part: TextPart = open_text_part(model)
        self.precision = precision
        self.device = torch.device(device or ("cuda" if torch.cuda.is_available() else "cpu"))
        self.threads = threads
        limits = (layout.max_length, tokenizer.max_length, self.part.text.embeddings.max_positions)
        known = [limit for limit in limits if limit is not None]
        self.max_length = min(known, default=None)
        self.report = EncodeReport()
        self._engine: Engine | None = None
        self._agreement: float | None = None

    @property
    def dim(self) -> int:
        """Numbers in a vector that `encode` gives by default."""
        return self._finish(torch.zeros(1, self._pooled_width(self.pooling))).shape[1]

    @property
    def pooling(self) -> Pooling | None:
        """How vectors are made unless `pool` says otherwise; None: by the model's own pooler."""
        if self.layout.pooling is not None:
            return self.layout.pooling
        return None if self.part.own_vectors else Pooling()

    def __repr__(self) -> str:
        return f"<bunsan.Encoder {self.model.folder}: {self.model.family}, {self.dim} dimensions>"

    def encode(
        self,
        texts: str | Iterable[str],
        *,
        pool: str | None = None,
        normalize: bool | None = None,
        prompt: str | None = None,
        long: Long = "window",
        show_progress: bool = False,
    ) -> Vectors:
        """(n, d) vectors in the order of the texts; of one text, (d).

        Parameters
        ----------
        pool : "mean", "cls", "max", "mean_sqrt_len_tokens", "weightedmean", "lasttoken", joined by
            "+"; "layers", (n, layers + 1, d): the mean of every layer, from what goes into the first.
            None: as the model's own files say, with all that they put after it.
        normalize : to length 1; None: as the model's own files say.
        prompt : put before every text: the name of one of the model's prompts, or the text itself
            ("query: "). None: the model's default.
        long : what becomes of texts longer than the model takes: "window" means over windows that
            overlap, "truncate" cuts them.
        show_progress : draw a bar on a terminal.

        Raises
        ------
        BadInput : there is no such pooling, prompt or way.
        """
        if isinstance(texts, str):
            return self.encode([texts], pool=pool, normalize=normalize, prompt=prompt, long=long)[0]
        total = len(texts) if isinstance(texts, Sequence) else None
        parts = []
        with progress(tr("Encoding", "ベクトル化"), total if show_progress else None) as bar:
            for vectors in self.iter_encode(
                texts, pool=pool, normalize=normalize, prompt=prompt, long=long
            ):
                parts.append(vectors)
                if show_progress:
                    bar.advance(len(vectors))
        if parts:
            return np.concatenate(parts)
        return self.encode([""], pool=pool, normalize=normalize, prompt=prompt, long=long)[:0]

    def iter_encode(
        self,
        texts: Iterable[str],
        *,
        pool: str | None = None,
        normalize: bool | None = None,
        prompt: str | None = None,
        long: Long = "window",
        chunk: int = _CHUNK_TEXTS,
    ) -> Iterator[Vectors]:
        """The same for any number of texts in flat memory: arrays of up to `chunk` vectors, in order."""
        if long not in ("window", "truncate"):
            raise BadInput(
                tr(f"long cannot be {long!r}.", f"long に {long!r} は指定できません。"),
                remedy=tr("Use window or truncate.", "window か truncate を指定してください。"),
            )
        pooling = self.pooling if pool in (None, "layers") else pooling_of(str(pool))
        before, skip = self._prompt(prompt, pooling)
        layers = pool == "layers"
        self.report = EncodeReport()
        for batch in _chunks(texts, chunk):
            where: dict[str, int] = {}
            place = [where.setdefault(text, len(where)) for text in batch]
            unique = [before + text for text in where]
            found = self._encode(unique, pooling, long, skip, layers)
            if not layers:
                found = self._finish(found, None if pool is None else pool, normalize)
            elif normalize:
                found = nn.functional.normalize(found, dim=-1)
            self.report.repeated += len(batch) - len(unique)
            self.report.texts += len(batch)
            yield found.cpu().numpy()[place] if len(unique) < len(batch) else found.cpu().numpy()

    def _encode(
        self, texts: list[str], pooling: Pooling | None, long: Long, skip: int, layers: bool
    ) -> Tensor:
        """Pooled vectors of distinct texts."""
        windows = self._windows(texts, long)
        engine = self._ready(windows)
        pool = Pooling() if layers or pooling is None else pooling
        weights = None if windows.weights is None else torch.from_numpy(windows.weights)

        def work(bounds: tuple[int, int]) -> tuple[Tensor, Tensor]:
            first, last = bounds
            begin, end = windows.starts[first], windows.starts[last]
            starts = windows.starts[first : last + 1] - begin
            ids = windows.ids[begin:end]
            hidden: list[Tensor] | None = [] if layers else None
            states = engine(ids, starts, hidden)
            with torch.inference_mode():
                if pooling is None and not layers:
                    vectors = self.part.own_vectors(states, ids, starts)  # type: ignore[misc]
                    return vectors, torch.from_numpy(np.diff(starts)).to(vectors)
                weight = None if weights is None else weights[begin:end]
                where = torch.from_numpy(starts)
                if hidden is None:
                    return pool(states, where, weight, skip)
                pooled = [pool(one, where, weight, skip) for one in [*hidden[:-1], states]]
                return torch.stack([v for v, _ in pooled], dim=1).flatten(1), pooled[0][1]

        plan = groups(windows.starts, engine.tokens)
        if not plan:
            return torch.zeros(0, self._pooled_width(pooling))
        parts = _each(work, plan, engine.threads)
        vectors, counts = (torch.cat(one) for one in zip(*parts, strict=True))
        if len(windows.text) > len(texts):
            owner = torch.from_numpy(windows.text).to(vectors.device)
            joined = Pooling() if layers or pooling is None else pooling
            vectors = joined.join(vectors, counts, owner, len(texts))
        if layers:
            layered = (len(vectors), self.part.text.stack.config.depth + 1, -1)
            vectors = vectors.reshape(layered)
        return vectors

    def _windows(self, texts: Sequence[str], long: Long) -> Windows:
        if self.layout.lowercase:
            texts = [text.lower() for text in texts]
        packed = self.tokenizer.encode_packed(texts)
        windows = cut(packed, self.tokenizer.template, self.max_length, long)
        lengths = np.diff(packed.start)
        bare = np.flatnonzero(lengths <= windows.before + windows.after)
        self.report.long += windows.long
        self.report.tokens += len(windows.ids)
        if len(bare) and len(self.report.empty) < 1000:
            self.report.empty += [self.report.texts + int(i) for i in bare]
        if (lengths == 0).any():
            raise BadInput(
                tr("A text has no tokens.", "トークンのないテキストがあります。"),
                remedy=tr(
                    f"Leave out text number {bare[0] + 1}.", f"{bare[0] + 1} 番目を除いてください。"
                ),
            )
        return windows

    def _ready(self, windows: Windows) -> Engine:
        """The engine, chosen with the first texts where that is left to us."""
        if self._engine is None:
            precision = "float32" if self.precision == "auto" else self.precision
            engine = make_engine(self.part.text, precision, self.device, self.threads)
            if self.precision == "auto" and engine.name.startswith("kernels"):
                engine = self._fastest(engine, windows)
            self._engine = engine
        self.report.engine, self.report.agreement = self._engine.name, self._agreement
        return self._engine

    def _fastest(self, exact: Engine, windows: Windows) -> Engine:
        """16-bit arithmetic if its vectors of the first texts are as good as those of 32-bit floats."""
        try:
            rounded = make_engine(self.part.text, "int16", self.device, self.threads)
        except BadInput:
            return exact
        last = min(_CHECKED, len(windows.starts) - 1)
        starts = windows.starts[: last + 1]
        ids = windows.ids[: starts[-1]]
        pair = [
            Pooling()(engine(ids, starts), torch.from_numpy(starts))[0]
            for engine in (exact, rounded)
        ]
        self._agreement = float(
            nn.functional.cosine_similarity(pair[0].double(), pair[1].double()).min()
        )
        return rounded if self._agreement >= _AGREEMENT else exact

    def _prompt(self, prompt: str | None, pooling: Pooling | None) -> tuple[str, int]:
        """The text of a prompt, and how many tokens do not take part in pooling."""
        if prompt is None:
            prompt = self.layout.default_prompt
        if prompt is None:
            return "", 0
        text = self.layout.prompts.get(prompt, prompt)
        if text == prompt and prompt.isidentifier() and self.layout.prompts:
            known = ", ".join(self.layout.prompts)
            raise BadInput(
                tr(f"The model has no prompt {prompt!r}.", f"プロンプト {prompt!r} はありません。"),
                remedy=tr(
                    f"Its prompts: {known}; or give the text itself.", f"あるのは {known} です。"
                ),
            )
        if not text or pooling is None or pooling.include_prompt:
            return text, 0
        return text, len(self.tokenizer.encode(text)) - 1

    def _pooled_width(self, pooling: Pooling | None) -> int:
        if pooling is None:
            return self.part.own_width
        return self.part.text.stack.config.width * len(pooling.modes)

    def _finish(
        self, vectors: Tensor, pool: str | None = None, normalize: bool | None = None
    ) -> Tensor:
        """What follows the pooling; where a pooling was asked for by name, only normalising."""
        if pool is None:
            vectors = apply_after(self.layout, vectors.cpu())
            ends = bool(self.layout.after) and isinstance(self.layout.after[-1], Normalize)
            if normalize is False and ends:
                raise BadInput(
                    tr(
                        "This model's vectors have length 1.", "このモデルのベクトルは長さ 1 です。"
                    ),
                    remedy=tr(
                        "Name a pooling too: pool='mean'.", "pool='mean' も指定してください。"
                    ),
                )
        return nn.functional.normalize(vectors, dim=-1) if normalize else vectors

    def save(self, folder: str | Path) -> None:
        """Write a folder that bunsan and sentence-transformers open, with the same vectors.

        Raises
        ------
        BadInput : the folder holds something else.
        """
        self.model.save(folder)
        folder = Path(folder)
        for old in folder.iterdir():  # a layout that came along from where the model was opened
            if old.is_dir() and old.name[:1].isdigit():
                for file in old.iterdir():
                    file.unlink()
                old.rmdir()
        self.tokenizer.save(folder)
        pooling = self.layout.pooling or Pooling()
        write_layout(folder, replace(self.layout, pooling=pooling, max_length=self.max_length))

    # Looking inside: see bunsan.models.encoding.inside

    def tokens(self, texts: Sequence[str], **options: Any) -> list[TokenStates]:
        """A vector a token; see `bunsan.models.encoding.inside.token_states`."""
        from bunsan.models.encoding.inside import token_states

        return token_states(self, texts, **options)

    def words(self, texts: str | Sequence[str], **options: Any) -> Any:
        """A vector a word, in its context; see `bunsan.models.encoding.inside.word_vectors`."""
        from bunsan.models.encoding.inside import word_vectors

        one = isinstance(texts, str)
        found = word_vectors(self, [texts] if isinstance(texts, str) else texts, **options)
        return found[0] if one else found

    def attention(self, text: str) -> Any:
        """Who attends to whom; see `bunsan.models.encoding.inside.attention_maps`."""
        from bunsan.models.encoding.inside import attention_maps

        return attention_maps(self, text)


def open_encoder(
    name_or_folder: str | Path,
    *,
    precision: Literal["auto", "float32", "int16", "int8", "bfloat16", "float16"] = "auto",
    device: str | None = None,
    threads: int | None = None,
) -> Encoder:
    """A model that turns texts into vectors, from a folder or by name.

    Parameters
    ----------
    precision : "float32"; "int16", fixed point whose vectors agree with float32's to a cosine of some
        0.9999997; "int8", faster still and coarser (some 0.997); "bfloat16", "float16". "auto" is
        int16 where the processor gains from it and its vectors of the first texts agree to 0.99999,
        else float32.
    device : "cpu", "cuda", ...; None: a graphics card if there is one.
    threads : cores to use; None: all.

    Raises
    ------
    Missing : the model is not here and cannot be fetched.
    BadInput : its files are damaged, or it is of a kind that reads no text.
    """
    folder = local_folder(name_or_folder)
    layout = read_layout(folder)
    model = open_backbone(layout.transformer)
    model.folder = folder
    files = layout.transformer
    tokenizer = open_tokenizer(files)
    return Encoder(model, tokenizer, layout, precision=precision, device=device, threads=threads)


def _chunks(texts: Iterable[str], most: int) -> Iterator[list[str]]:
    """Lists of at most `most` texts and about a million characters."""
    batch: list[str] = []
    characters = 0
    for i, text in enumerate(texts):
        if not isinstance(text, str):
            raise BadInput(
                tr(
                    f"Text number {i + 1} is no text: {text!r}.",
                    f"{i + 1} 番目が文字列ではありません: {text!r}。",
                )
            )
        batch.append(text)
        characters += len(text)
        if len(batch) >= most or characters >= _CHUNK_CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def _each(work: Any, plan: list[tuple[int, int]], threads: int) -> list[Any]:
    """The results in order. Threads share the groups; an interrupt stops after those under way."""
    if threads == 1 or len(plan) == 1:
        return [work(bounds) for bounds in plan]
    with ThreadPoolExecutor(min(threads, len(plan))) as pool:
        tasks = [pool.submit(work, bounds) for bounds in plan]
        try:
            return [task.result() for task in tasks]
        except BaseException:
            for task in tasks:
                task.cancel()
            raise
