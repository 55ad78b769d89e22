"""Texts from files to vectors in files: streamed, resumable, with the row each vector is of."""

import hashlib
import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from bunsan.base.errors import BadInput, Interrupted
from bunsan.base.files import atomic_write
from bunsan.base.language import tr
from bunsan.base.optional import needs_models
from bunsan.base.progress import progress
from bunsan.tasks.vector_files import BlockWriter, VectorBlock, check_suffix, vector_writer
from bunsan.text.documents import (
    Document,
    ReadReport,
    bytes_total,
    nothing_read,
    read_documents,
)

if TYPE_CHECKING:
    from bunsan.models.encoding.encoder import Encoder

CHUNK_TEXTS, CHUNK_CHARACTERS = 2048, 500_000
INSIDE = ("tokens", "words", "layers")  # more than one vector a text


@dataclass(frozen=True)
class EncodeOptions:
    """What is done to every text; see `Encoder.encode`. `pool` may be "tokens" and "words" as well.

    `layers` are those that "words" averages over. `with_text` puts the text beside its vector.
    """

    pool: str | None = None
    normalize: bool | None = None
    prompt: str | None = None
    long: str = "window"
    layers: tuple[int, ...] = (-1,)
    with_text: bool = False


@dataclass
class EncodeSummary:
    """What was done.

    Attributes
    ----------
    vectors, dim : how many vectors of how many numbers. texts, tokens, repeated, long : of the texts.
    resumed : texts whose vectors an interrupted run had left.
    engine, agreement : see `EncodeReport`. reading : rows that were left out, by reason and number.
    """

    vectors: int = 0
    dim: int = 0
    texts: int = 0
    tokens: int = 0
    repeated: int = 0
    long: int = 0
    resumed: int = 0
    engine: str = ""
    agreement: float | None = None
    reading: ReadReport = field(default_factory=ReadReport)

    def to_dict(self) -> dict[str, Any]:
        """As plain values that JSON can hold."""
        values = {key: value for key, value in vars(self).items() if key != "reading"}
        return {**values, "reading": self.reading.to_dict()}


def open_encoder(model: str | Path, **options: Any) -> "Encoder":
    """A model that turns texts into vectors; see `bunsan.models.encoding.encoder.open_encoder`.

    Raises
    ------
    Missing : the extra `models` is not installed, or the model is not here.
    """
    needs_models(en="Encoding texts", ja="ベクトル化")
    from bunsan.models.encoding.encoder import open_encoder as open_

    return open_(model, **options)


def encode(
    sources: Any,
    to: str | Path,
    *,
    model: "str | Path | Encoder",
    options: EncodeOptions | None = None,
    precision: str = "auto",
    device: str | None = None,
    threads: int | None = None,
    **reading: Any,
) -> EncodeSummary:
    """Vectors of all texts of files, folders, "-" or a table, into a file.

    Parameters
    ----------
    to : .parquet, .npy, .safetensors, .csv, .tsv or .jsonl.
    model : a folder, a name, or an `Encoder`.
    reading : how sources are read: `text`, `keep`, `unit`, `encoding`, `format`, `sheet`, `on_bad`,
        as in `bunsan.text.documents.read_documents`.

    Raises
    ------
    BadInput, Missing : with file, row and remedy.
    Interrupted : stopped by the person; the same call goes on where it stopped.
    """
    to, options = Path(to), options or EncodeOptions()
    check_suffix(to)
    reading.setdefault("by", ())
    if isinstance(model, (str, Path)):
        documents = read_documents(sources, report=ReadReport(), **reading)  # mistakes show now
        documents.close()  # type: ignore[attr-defined]
        encoder = open_encoder(model, precision=precision, device=device, threads=threads)
    else:
        encoder = model
    parts = Parts(to, encoder, options)
    summary = EncodeSummary()
    metadata = {
        "model": str(encoder.model.folder),
        "pool": options.pool or "as the model's files say",
    }
    try:
        with vector_writer(to, metadata) as writer:
            encode_into(writer, sources, encoder, options, summary, parts, **reading)
            if not summary.texts:
                raise nothing_read(summary.reading)
    except KeyboardInterrupt as stop:
        raise Interrupted(
            tr("Stopped.", "中断しました。"),
            remedy=tr(
                f"The same command goes on: the vectors so far are in {parts.folder.name}.",
                f"同じコマンドで続きから再開します(途中結果は {parts.folder.name})。",
            )
            if parts.folder.is_dir()
            else tr("The same command begins again.", "同じコマンドで最初から始めます。"),
        ) from stop
    parts.done()
    return summary


def encode_into(
    writer: BlockWriter,
    sources: Any,
    encoder: "Encoder",
    options: EncodeOptions,
    summary: EncodeSummary,
    parts: "Parts | None" = None,
    **reading: Any,
) -> None:
    """Read, encode and hand to a writer, chunk by chunk; `summary` is filled as it goes."""
    report = summary.reading
    total = bytes_total(sources, format=reading.get("format"))
    documents = read_documents(sources, report=report, **reading)
    with progress(tr("Encoding", "ベクトル化"), total) as bar:
        before, clock = 0, _Clock()
        for chunk in _chunks(documents):
            key = None if parts is None else parts.key(chunk)
            block = None if parts is None or key is None else parts.load(key)
            if block is None:
                block = _block(encoder, chunk, options)
                _count(summary, encoder)
                if parts is not None and key is not None:
                    parts.keep(key, block)
            else:
                summary.resumed += len(chunk)
            summary.texts += len(chunk)
            summary.vectors += len(block.vectors)
            summary.dim = block.vectors.shape[-1]
            writer.write(block)
            bar.advance(report.bytes_read - before, clock.note(summary.texts))
            before = report.bytes_read


class _Clock:
    def __init__(self) -> None:
        from time import monotonic

        self.now, self.begin = monotonic, monotonic()

    def note(self, texts: int) -> str:
        speed = texts / max(self.now() - self.begin, 1e-9)
        return tr(f"{texts:,} texts, {speed:,.0f}/s", f"{texts:,} 件、毎秒 {speed:,.0f} 件")


def _chunks(documents: Iterator[Document]) -> Iterator[list[Document]]:
    chunk: list[Document] = []
    characters = 0
    for document in documents:
        chunk.append(document)
        characters += len(document.text)
        if len(chunk) >= CHUNK_TEXTS or characters >= CHUNK_CHARACTERS:
            yield chunk
            chunk, characters = [], 0
    if chunk:
        yield chunk


def _count(summary: EncodeSummary, encoder: "Encoder") -> None:
    report = encoder.report
    summary.tokens += report.tokens
    summary.repeated += report.repeated
    summary.long += report.long
    summary.engine, summary.agreement = report.engine, report.agreement


def _block(encoder: "Encoder", chunk: list[Document], options: EncodeOptions) -> VectorBlock:
    texts = [document.text for document in chunk]
    if options.pool in ("tokens", "words"):
        return _pieces(encoder, chunk, options)
    vectors = encoder.encode(
        texts,
        pool=options.pool,
        normalize=options.normalize,
        prompt=options.prompt,
        long=options.long,  # type: ignore[arg-type]  # checked there, with a remedy
    )
    return VectorBlock(_columns(chunk, range(len(chunk)), options.with_text), vectors)


def _pieces(encoder: "Encoder", chunk: list[Document], options: EncodeOptions) -> VectorBlock:
    """A vector for every token or word of the chunk."""
    from bunsan.models.encoding.encoder import EncodeReport

    texts = [document.text for document in chunk]
    encoder.report = EncodeReport()
    rows: list[tuple[int, str, int, int]] = []
    vectors: list[NDArray[np.float32]] = []
    if options.pool == "words":
        for i, found in enumerate(encoder.words(texts, layers=options.layers)):
            rows += [(i, word.word, word.begin, word.end) for word in found]
            vectors += [word.vector for word in found]
    else:
        layers = None if options.layers == (-1,) else list(options.layers)
        for i, states in enumerate(encoder.tokens(texts, layers=layers)):
            spans = states.offsets.tolist()
            rows += [(i, t, b, e) for t, (b, e) in zip(states.tokens, spans, strict=True)]
            vectors += list(states.vectors if layers is None else states.vectors.mean(0))
    which, names, begins, ends = (
        (list(one) for one in zip(*rows, strict=True)) if rows else [[]] * 4
    )
    columns = _columns(chunk, which, options.with_text)
    name = "word" if options.pool == "words" else "token"
    columns |= {name: names, "begin": begins, "end": ends}
    width = encoder.part.text.stack.config.width
    array = np.stack(vectors) if vectors else np.zeros((0, width), np.float32)
    if options.normalize:
        array /= np.maximum(np.linalg.norm(array, axis=1, keepdims=True), 1e-12)
    return VectorBlock(columns, array)


def _columns(
    chunk: list[Document], which: Sequence[int], with_text: bool
) -> dict[str, Sequence[Any]]:
    columns: dict[str, Sequence[Any]] = {
        "source": [chunk[i].source for i in which],
        "row": [chunk[i].row for i in which],
    }
    for name in chunk[0].fields:
        columns[name] = [chunk[i].fields.get(name) for i in which]
    if with_text:
        columns["text"] = [chunk[i].text for i in which]
    return columns


class Parts:
    """What is done so far, in a folder beside the output, chunk by chunk, found again by content."""

    def __init__(self, to: Path, encoder: "Encoder", options: EncodeOptions) -> None:
        self.folder = to.with_name(f".{to.name}.parts")
        files = sorted(encoder.layout.transformer.glob("*.safetensors"))
        stamps = [(file.name, file.stat().st_size, file.stat().st_mtime_ns) for file in files]
        about = (repr(options), str(encoder.model.folder), encoder.precision, stamps)
        self.about = repr(about).encode()

    def key(self, chunk: list[Document]) -> str:
        """The name of a chunk: a digest of its texts, their places, the model and the options."""
        digest = hashlib.blake2b(self.about, digest_size=20)
        for document in chunk:
            value = [document.text, document.source, document.row, document.fields]
            digest.update(json.dumps(value, ensure_ascii=False).encode())
        return digest.hexdigest()

    def load(self, key: str) -> VectorBlock | None:
        """The block of that name, if an interrupted run left it."""
        path = self.folder / f"{key}.npz"
        try:
            with np.load(path, allow_pickle=False) as found:
                columns = json.loads(str(found["columns"]))
                return VectorBlock(columns, found["vectors"])
        except (OSError, ValueError, KeyError):
            return None

    def keep(self, key: str, block: VectorBlock) -> None:
        """Write a block."""
        columns = json.dumps({name: list(values) for name, values in block.columns.items()})
        with atomic_write(self.folder / f"{key}.npz") as file:
            np.savez(file, vectors=block.vectors, columns=np.array(columns))

    def done(self) -> None:
        """Nothing of it is needed any more."""
        shutil.rmtree(self.folder, ignore_errors=True)


def layer_list(text: str | None) -> tuple[int, ...]:
    """`"-4,-1"` as numbers."""
    try:
        return tuple(int(part) for part in (text or "-1").replace("、", ",").split(","))
    except ValueError as error:
        raise BadInput(
            tr(
                f"--layers {text!r} is no list of numbers.",
                f"--layers {text!r} は数の並びではありません。",
            ),
            remedy=tr("For example: --layers=-4,-3,-2,-1", "例: --layers=-4,-3,-2,-1"),
        ) from error
