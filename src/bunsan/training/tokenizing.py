"""Texts of any amount into a corpus of token ids, once."""

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bunsan.text.documents import (
    ReadReport,
    batched,
    nothing_read,
    read_documents,
)
from bunsan.text.readers.reading import Unit
from bunsan.text.sentences import sentence_spans
from bunsan.text.subwords.encoding import Pieces
from bunsan.text.subwords.tokenizer import Tokenizer
from bunsan.training.tokens import (
    SENTENCE,
    WORD,
    Flags,
    TokenCorpus,
    TokenWriter,
    is_finished,
    open_tokens,
)

OnBytes = Callable[[int], None]


def word_beginnings(tokenizer: Tokenizer) -> NDArray[np.bool_] | None:
    """For every id whether its piece begins a word; None where pieces do not tell.

    WordPiece marks what goes on (##), byte-level BPE and SentencePiece what begins (Ġ, ▁). The
    Japanese tokenizers of BERT cut morphemes first, so there words are morphemes.
    """
    spelled = [tokenizer.id_to_token(i) for i in range(tokenizer.vocab_size)]
    special = np.zeros(len(spelled), np.bool_)
    special[list(tokenizer.special_ids)] = True
    for mark, begins in (("##", False), ("▁", True), ("Ġ", True)):
        marked = np.array([piece.startswith(mark) and piece != mark for piece in spelled])
        if marked.any():
            return (marked if begins else ~marked) | special
    return None


def tokenize_corpus(
    sources: Any,
    tokenizer: Tokenizer,
    folder: Path,
    *,
    text: str | None = None,
    encoding: str | None = None,
    unit: Unit = "auto",
    sentences: bool = False,
    origin: Any = None,
    report: ReadReport | None = None,
    on_bytes: OnBytes | None = None,
) -> TokenCorpus:
    """Read sources into a corpus in `folder`; one that is there already, of the same origin, is opened.

    Memory stays flat. An interrupted run goes on from the last full shard.

    Parameters
    ----------
    sources, text, encoding, unit : as `read_documents`.
    sentences : note where sentences begin, which costs the places of all pieces.
    origin : what the sources are known by (names, sizes, times); None: they are never known again.
    on_bytes : told how many bytes have been read.

    Raises
    ------
    BadInput : nothing could be read.
    """
    made_from = [origin, fingerprint(tokenizer), [text, encoding, unit, sentences]]
    if origin is not None and is_finished(folder, made_from):
        return open_tokens(folder)
    begins = word_beginnings(tokenizer)
    report = ReadReport() if report is None else report
    documents = read_documents(
        sources, text=text, by=(), encoding=encoding, unit=unit, report=report
    )
    writer = TokenWriter(
        folder,
        tokenizer.vocab_size,
        made_from,
        words=begins is not None,
        sentences=sentences,
    )
    try:
        skip = writer.read
        for batch in batched(documents):
            left = batch[skip:]
            skip -= len(batch) - len(left)
            texts = [document.text for document in left]
            for ids, flags in _rows(texts, tokenizer, begins, sentences):
                writer.add(ids, flags)
            if on_bytes is not None:
                on_bytes(report.bytes_read)
        corpus = writer.finish()
    finally:
        writer.close()
    if not corpus.documents:
        raise nothing_read(report)
    return corpus


def fingerprint(tokenizer: Tokenizer) -> str:
    """Differs when a piece or its id differs."""
    digest = hashlib.blake2b(tokenizer.segmenter.kind.encode(), digest_size=16)
    for i in range(tokenizer.vocab_size):
        digest.update(tokenizer.id_to_token(i).encode() + b"\0")
    return digest.hexdigest()


def _rows(
    texts: Sequence[str],
    tokenizer: Tokenizer,
    begins: NDArray[np.bool_] | None,
    sentences: bool,
) -> Iterator[tuple[NDArray[np.int32], Flags]]:
    if not texts:
        return
    pieces = tokenizer.pieces(texts)
    if begins is None:
        flags = np.full(len(pieces.ids), WORD, np.uint8)
    else:
        flags = begins[pieces.ids].astype(np.uint8) * np.uint8(WORD)
    starts = pieces.start.tolist()
    for i, text in enumerate(texts):
        begin, end = starts[i], starts[i + 1]
        row = flags[begin:end]
        if len(row):
            if sentences:
                row[_sentence_beginnings(text, pieces, begin, end)] |= SENTENCE
            row[0] |= WORD | SENTENCE
        yield pieces.ids[begin:end], row


def _sentence_beginnings(text: str, pieces: Pieces, begin: int, end: int) -> NDArray[np.int64]:
    """Which pieces of a text are the first that begin in a sentence."""
    spans = [first for first, _ in sentence_spans(text)]
    places = pieces.offsets[begin:end, 0]
    found = np.searchsorted(places, np.array(spans, np.int64))
    return found[found < end - begin]
