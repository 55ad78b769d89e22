"""SentencePiece models: the ids SentencePiece gives, by the Rust library's Unigram and BPE."""

import os
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import AddedToken as RustAddedToken
from tokenizers import Tokenizer as RustTokenizer
from tokenizers import models

from bunsan.base.errors import BadInput
from bunsan.base.files import atomic_write, write_json
from bunsan.base.language import tr
from bunsan.text.subwords.charsmap import Rules, normalize, rules_of
from bunsan.text.subwords.encoding import Ids, Pieces
from bunsan.text.subwords.normal import Normal, codes_of, text_of
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
        self._rust = _rust(model, path)
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
        # (text, begin, end, id of a special token or -1)
        parts: list[tuple[int, int, int, int]] = []
        for i, text in enumerate(texts):
            at = 0
            for match in self._finder.finditer(text) if self._finder else ():
                if match.start() > at:
                    parts.append((i, at, match.start(), -1))
                parts.append((i, *match.span(), self._special[match[0]]))
                at = match.end()
            if at < len(text):
                parts.append((i, at, len(text), -1))
        sources = [texts[i][begin:end] for i, begin, end, token in parts if token < 0]
        if sum(map(len, sources)) > 50_000:
            with ThreadPoolExecutor(min(os.cpu_count() or 1, 8)) as pool:
                normals = list(pool.map(self._normal, sources, chunksize=64))
        else:
            normals = list(map(self._normal, sources))
        found = self._rust.encode_batch(
            [text_of(normal.codes) for normal in normals], add_special_tokens=False
        )
        lengths = np.ones(len(parts), np.int64)
        owner = np.array([part[0] for part in parts], np.int64)
        token = np.array([part[3] for part in parts], np.int64)
        lengths[token < 0] = [len(one) for one in found]
        last = np.cumsum(lengths)
        total = int(last[-1]) if len(last) else 0
        ids = np.empty(total, np.int32)
        plain = np.repeat(token < 0, lengths)
        raw = np.fromiter(chain.from_iterable(one.ids for one in found), np.int64, plain.sum())
        ids[plain] = self._ids[raw]
        ids[~plain] = token[token >= 0]
        sizes = np.bincount(owner, lengths, len(texts)).astype(np.int64)
        start = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)

        def places() -> NDArray[np.int32]:
            pairs = np.zeros((total, 2), np.int32)
            rows = iter(zip(normals, found, strict=True))
            for (_, begin, end, fixed), stop, size in zip(parts, last, lengths, strict=True):
                own = pairs[stop - size : stop]
                if fixed >= 0:
                    own[:] = begin, end
                    continue
                normal, one = next(rows)
                if size:
                    spans = np.array(one.offsets, np.int64)
                    own[:, 0] = normal.begin[spans[:, 0]]
                    own[:, 1] = normal.end[np.maximum(spans[:, 1] - 1, 0)]
                    own += begin
            return pairs

        return Pieces(ids, start, places)

    def _normal(self, text: str) -> Normal:
        prepared = self._prepare(text) if self._prepare else None
        codes = codes_of(text) if prepared is None else prepared.codes
        kept = np.zeros((0, 2), np.int64)
        if self._user is not None:
            source = text if prepared is None else text_of(codes)
            spans = [match.span() for match in self._user.finditer(source)]
            kept = np.array(spans, np.int64).reshape(-1, 2)
        normal = normalize(codes, kept, self._rules)
        if prepared is None or not len(normal.codes):
            return normal
        # A mark put before the text has no character of its own.
        begin = prepared.begin[np.minimum(normal.begin, len(codes) - 1)]
        end = np.where(
            normal.end > normal.begin, prepared.end[np.maximum(normal.end - 1, 0)], begin
        )
        return Normal(normal.codes, begin, end)

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


def _rust(model: SentencePieceModel, path: Path) -> RustTokenizer:
    """The model alone: text comes to it normalized."""
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
    # Pieces that text must not match get a spelling that no text has.
    wanted = (NORMAL, USER_DEFINED, BYTE)
    names = [
        piece if kind in wanted else f"\0{i}\0" for i, (piece, _, kind) in enumerate(model.pieces)
    ]
    if len(set(names)) != len(names):
        twice = next(name for i, name in enumerate(names) if name in names[:i])
        raise BadInput(
            tr(f"has the piece “{twice}” twice.", f"「{twice}」が 2 回あります。"),
            file=path,
            remedy=tr("Fetch the file again.", "ファイルを取り直してください。"),
        )
    if model.kind == UNIGRAM:
        scores = [
            (name, score if kind in wanted else 0.0)
            for name, (_, score, kind) in zip(names, model.pieces, strict=True)
        ]
        tokenizer = RustTokenizer(
            models.Unigram(scores, unk_id=model.unknown, byte_fallback=model.byte_fallback)
        )
    else:
        merges = _merges(model, names) if model.kind == BPE else []
        tokenizer = RustTokenizer(
            models.BPE(
                vocab={name: i for i, name in enumerate(names)},
                merges=merges,
                unk_token=names[model.unknown],
                fuse_unk=True,
                byte_fallback=model.byte_fallback,
            )
        )
    user = [piece for piece, _, kind in model.pieces if kind == USER_DEFINED and piece]
    tokenizer.add_tokens([RustAddedToken(piece, normalized=False) for piece in user])
    return tokenizer


def _merges(model: SentencePieceModel, names: Sequence[str]) -> list[tuple[str, str]]:
    """Pairs of pieces that make a piece, the best first."""
    known = {
        name: score
        for name, (_, score, kind) in zip(names, model.pieces, strict=True)
        if kind == NORMAL
    }
    found: list[tuple[float, str, str]] = []
    for name, score in known.items():
        for i in range(1, len(name)):
            left, right = name[:i], name[i:]
            if left in known and right in known:
                found.append((-score, left, right))
    order = {name: i for i, name in enumerate(known)}
    found.sort(key=lambda row: (row[0], order[row[1]], order[row[2]]))
    return [(left, right) for _, left, right in found]


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
