"""SentencePiece models: the ids that SentencePiece gives, with places in the original."""

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bunsan.base.errors import BadInput
from bunsan.base.files import atomic_write, write_json
from bunsan.base.language import tr
from bunsan.text.subwords.charsmap import Rules, normalize, rules_of
from bunsan.text.subwords.chunks import chunked, joined_pieces
from bunsan.text.subwords.encoding import Ids, Pieces
from bunsan.text.subwords.normal import Codes, Normal, codes_of, text_of, unchanged
from bunsan.text.subwords.sentencepiece_bpe import bpe
from bunsan.text.subwords.sentencepiece_file import (
    BPE,
    BYTE,
    CHAR,
    NORMAL,
    UNIGRAM,
    USER_DEFINED,
    SentencePieceModel,
    read_sentencepiece,
)
from bunsan.text.subwords.sentencepiece_unigram import PieceScores, piece_scores, unigram
from bunsan.text.subwords.wordpiece import piece_table
from bunsan.text.subwords.words import Word

_MARK = "\u2581"
_BYTE = re.compile(r"<0x([0-9A-F]{2})>")
# From text to the text the model normalizes, with the places of its characters.
Preparation = Callable[[str], Normal]


class SentencePieceSegmenter:
    """A `Segmenter` over a model file.

    Parameters
    ----------
    ids : (pieces of the model) int32, the id that a piece has in the vocabulary.
    vocabulary : spellings to ids.
    special : tokens that are looked for in the text first, to ids; what stands between them is
        encoded as a text of its own.
    files, settings : what `save` writes.
    """

    def __init__(
        self,
        model: SentencePieceModel,
        path: Path,
        ids: Ids,
        vocabulary: Mapping[str, int],
        special: Mapping[str, int],
        *,
        prepare: Preparation | None = None,
        files: Mapping[str, bytes] | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        self.kind = {UNIGRAM: "SentencePiece Unigram", BPE: "SentencePiece BPE"}.get(
            model.kind, "SentencePiece characters"
        )
        self._model = model
        self._ids = ids
        self._vocabulary = dict(vocabulary)
        self._special = dict(special)
        self._prepare = prepare
        self._files = dict(files or {})
        self._settings = dict(settings or {})
        self._scores = _scores(model, path)
        try:
            self._rules: Rules = rules_of(model)
        except ValueError as error:
            raise BadInput(
                tr(
                    f"has damaged rules of normalization ({error}).",
                    f"正規化の規則が壊れています({error})。",
                ),
                file=path,
                remedy=tr("Fetch the file again.", "ファイルを取り直してください。"),
            ) from error
        self._finder = _finder(special)
        self._user = _finder(
            {piece: 0 for piece, _, kind in model.pieces if kind == USER_DEFINED and piece}
        )

    def vocabulary(self) -> dict[str, int]:
        return dict(self._vocabulary)

    def pieces(self, texts: Sequence[str]) -> Pieces:
        return joined_pieces(chunked(texts, self._chunk, parallel=True))

    def _chunk(self, texts: Sequence[str]) -> Pieces:
        joined = "".join(texts)
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        place = np.concatenate([[0], np.cumsum(lengths)])  # of each text in `joined`
        begin, end, token, first = self._segments(texts, place)
        plain = token < 0
        codes, start, back = self._prepared(joined, begin[plain], end[plain])
        kept = np.zeros((0, 2), np.int64)
        if self._user is not None:
            spans = [
                (low + match.start(), low + match.end())
                for low, high in pairwise(start.tolist())
                for match in self._user.finditer(text_of(codes[low:high]))
            ]
            kept = np.array(spans, np.int64).reshape(-1, 2)
        normal, places = normalize(codes, start, kept, self._rules)
        if self._model.kind == UNIGRAM:
            own = unigram(normal.codes, places, *self._scores)
        else:
            own = bpe(normal.codes, places, self._model.kind == BPE, *self._scores)
        raw, left, right, counts = own
        # Special tokens between them.
        sizes = np.ones(len(token), np.int64)
        sizes[plain] = np.diff(counts)
        last = np.concatenate([[0], np.cumsum(sizes)])
        inside = np.repeat(plain, sizes)
        ids = np.empty(last[-1], np.int32)
        ids[inside] = self._ids[raw]
        ids[~inside] = token[~plain]

        def offsets() -> NDArray[np.int32]:
            pairs = np.zeros((len(ids), 2), np.int64)
            if len(raw):
                low, high = normal.begin[left], normal.end[right - 1]
                if back is not None:
                    # A mark put before the text has no character of its own.
                    size = len(back.begin) - 1
                    empty = high <= low
                    low = back.begin[np.minimum(low, size)]
                    high = np.where(empty, low, back.end[np.maximum(high - 1, 0)])
                pairs[inside] = np.stack([low, high], 1)
            pairs[~inside] = np.stack([begin[~plain], end[~plain]], 1)
            pairs -= np.repeat(place[:-1], np.diff(last[first]))[:, None]
            return pairs.astype(np.int32)

        return Pieces(ids, last[first], offsets)

    def _segments(
        self, texts: Sequence[str], place: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], Ids, NDArray[np.int64]]:
        """Special tokens and the text between them: begins, ends, id or -1; and the first of each text."""
        rows: list[tuple[int, int, int]] = []
        first = [0]
        for text, low in zip(texts, place.tolist(), strict=False):
            at = 0
            for match in self._finder.finditer(text) if self._finder else ():
                if match.start() > at:
                    rows.append((low + at, low + match.start(), -1))
                rows.append((low + match.start(), low + match.end(), self._special[match[0]]))
                at = match.end()
            if at < len(text):
                rows.append((low + at, low + len(text), -1))
            first.append(len(rows))
        table = np.array(rows, np.int64).reshape(-1, 3)
        return table[:, 0], table[:, 1], table[:, 2].astype(np.int32), np.array(first, np.int64)

    def _prepared(
        self, joined: str, begin: NDArray[np.int64], end: NDArray[np.int64]
    ) -> tuple[Codes, NDArray[np.int64], Normal | None]:
        """The characters of some parts of the text, where each part begins in them, and where each
        character came from (None: from the place it has)."""
        if self._prepare is None and (len(begin) == 0 or (begin[1:] == end[:-1]).all()):
            start = np.append(begin, end[-1:])
            if len(start) and start[0] == 0:
                return codes_of(joined[: start[-1]]), start, None
        parts: list[Normal] = []
        for low, high in zip(begin.tolist(), end.tolist(), strict=True):
            text = joined[low:high]
            part = unchanged(codes_of(text)) if self._prepare is None else self._prepare(text)
            parts.append(Normal(part.codes, part.begin + low, part.end + low))
        sizes = np.array([len(part.codes) for part in parts], np.int64)
        start = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        none = np.zeros(0, np.int32)
        whole = Normal(
            np.concatenate([np.zeros(0, np.uint32), *(part.codes for part in parts)]),
            np.concatenate([none, *(part.begin for part in parts)]).astype(np.int32),
            np.concatenate([none, *(part.end for part in parts)]).astype(np.int32),
        )
        return whole.codes, start, whole

    def text_of(self, tokens: Sequence[str]) -> str:
        data = bytearray()
        for token in tokens:
            byte = _BYTE.fullmatch(token) if self._model.byte_fallback else None
            data += bytes([int(byte[1], 16)]) if byte else token.replace(_MARK, " ").encode()
        text = data.decode(errors="replace")
        return text.removeprefix(" ") if self._model.add_dummy_prefix else text

    def save(self, folder: Path, settings: Mapping[str, Any]) -> None:
        for name, content in self._files.items():
            with atomic_write(folder / name) as file:
                file.write(content)
        write_json(folder / "tokenizer_config.json", {**settings, **self._settings})


def _finder(tokens: Mapping[str, int]) -> re.Pattern[str] | None:
    names = sorted(filter(None, tokens), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, names))) if names else None


def _scores(model: SentencePieceModel, path: Path) -> PieceScores:
    """The model as the kernels take it."""
    if model.suffix or model.kind not in (UNIGRAM, BPE, CHAR):
        raise BadInput(
            tr(
                "is a SentencePiece model of words, or with white space behind words, which cannot "
                "be opened.",
                "単語単位、または空白を語末に付ける SentencePiece モデルで、開けません。",
            ),
            file=path,
            remedy=tr(
                "Train it as unigram, bpe or char.", "unigram、bpe、char で学習してください。"
            ),
        )
    known: dict[str, int] = {}
    users: dict[str, int] = {}
    byte = np.full(256 if model.byte_fallback else 0, model.unknown, np.int32)
    for i, (piece, _, kind) in enumerate(model.pieces):
        found = _BYTE.fullmatch(piece)
        if kind == BYTE and found and len(byte):
            byte[int(found[1], 16)] = i
        if kind not in (NORMAL, USER_DEFINED):
            continue  # text does not match the others
        if piece in known:
            raise BadInput(
                tr(f"has the piece “{piece}” twice.", f"「{piece}」が 2 回あります。"),
                file=path,
                remedy=tr("Fetch the file again.", "ファイルを取り直してください。"),
            )
        known[piece] = i
        if kind == USER_DEFINED:
            users[piece] = i
    kinds = np.array([kind for _, _, kind in model.pieces])
    return piece_scores(
        piece_table(known, model.unknown, prefix=""),
        piece_table(users, model.unknown, prefix=""),
        np.array([score for _, score, _ in model.pieces], np.float32),
        kinds == USER_DEFINED,
        kinds == NORMAL,
        model.unknown,
        byte,
    )


def word_pieces(
    path: Path,
) -> tuple[dict[str, int], Callable[[Word], list[tuple[int, int, int]]]]:
    """A model file that cuts single words: its vocabulary, and the function that cuts one, as
    transformers' BertJapaneseTokenizer does (a comma behind a digit is a piece of its own)."""
    model = read_sentencepiece(path)
    vocabulary = {piece: i for i, (piece, _, _) in enumerate(model.pieces)}
    plain = np.arange(len(model.pieces), dtype=np.int32)
    segmenter = SentencePieceSegmenter(model, path, plain, vocabulary, {}, prepare=unspaced)

    def encoded(token: str) -> list[tuple[str, int, int, int]]:
        """(spelling, id, begin, end)"""
        pieces = segmenter.pieces([token])
        rows = zip(pieces.ids.tolist(), pieces.offsets.tolist(), strict=True)
        return [
            (model.pieces[i][0] if i != model.unknown else token[b:e], i, b, e)
            for i, (b, e) in rows
        ]

    @lru_cache(maxsize=100_000)
    def cut(token: str) -> list[tuple[int, int, int]]:
        found: list[tuple[int, int, int]] = []
        for name, i, begin, end in encoded(token):
            if len(name) < 2 or name[-1] != "," or not name[-2].isdigit():
                found.append((i, begin, end))
                continue
            head = encoded(name[:-1].replace(_MARK, ""))
            if name[0] != _MARK and head[0][0][0] == _MARK:
                bare = head[0][0][1:]
                row = (vocabulary.get(bare, model.unknown), *head[0][2:])
                head = head[1:] if not bare else [(bare, *row), *head[1:]]
            found += [(j, begin + b, begin + e) for _, j, b, e in head]
            found.append((vocabulary.get(",", model.unknown), end - 1, end))
        return found

    return vocabulary, lambda word: cut(word.token)


def unspaced(text: str) -> Normal:
    """White space unified and quotes of TeX made plain, as ALBERT's tokenizer begins."""
    return charwise(text, lambda character: character)


def charwise(text: str, change: Callable[[str], str]) -> Normal:
    """Every character changed by itself; white space is one kind, `` and '' are a quote."""
    out: list[str] = []
    begin: list[int] = []
    end: list[int] = []
    i = 0
    while i < len(text):
        width = 2 if text[i : i + 2] in ("``", "''") else 1
        form = '"' if width == 2 else " " if text[i].isspace() else change(text[i])
        if form == " " and (not out or out[-1] == " "):
            form = ""
        for character in form:
            out.append(character)
            begin.append(i)
            end.append(i + width)
        i += width
    while out and out[-1] == " ":
        out.pop()
    size = len(out)
    return Normal(
        codes_of("".join(out)),
        np.array(begin[:size], np.int32),
        np.array(end[:size], np.int32),
    )


def without_accents(character: str) -> str:
    """A character without its marks, decomposed by compatibility."""
    parts = unicodedata.normalize("NFKD", character)
    return "".join(c for c in parts if not unicodedata.combining(c))
