"""BERTs for Japanese: words by a morphological analyser, then pieces of each word.

The ids are those of transformers' BertJapaneseTokenizer: special tokens are found in the text first,
what lies between is brought to NFKC, cut into words, those are lower-cased if the model wants it, and
cut into pieces. With MeCab's dictionaries all of it is compiled and runs on all cores; other
analysers are called from Python. Every piece keeps its place in the text as it was given.
"""

import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bunsan.base.files import atomic_write, write_json
from bunsan.text.subwords.chunks import chunked, joined_pieces
from bunsan.text.subwords.encoding import Ids, Pieces
from bunsan.text.subwords.joining import join_wordpieces
from bunsan.text.subwords.lattice import cut_words
from bunsan.text.subwords.mecab_dictionary import MecabDictionary
from bunsan.text.subwords.normal import (
    Normal,
    codes_of,
    nfkc,
    text_of,
    unchanged,
)
from bunsan.text.subwords.word_arrays import Words, lowered, part_of
from bunsan.text.subwords.wordpiece import (
    WHITE,
    PieceTable,
    cut_characters,
    cut_pieces,
    piece_table,
)
from bunsan.text.subwords.words import Cutter, Word

Places = NDArray[np.int32]
# Pieces of one word, found in Python: id, and its place in the word's token.
WordPieces = Callable[[Word], list[tuple[int, int, int]]]


@dataclass(frozen=True)
class Recipe:
    """How texts become words.

    mecab : the dictionary, or None where `cutter` makes the function that cuts (one a thread).
    parallel : threads help the cutter.
    normalize : bring the text to NFKC first. lower : bring words to lower case, except `never`.
    pieces : "wordpiece", "character" or "word" (each word one piece).
    python : in place of `pieces`, makes the function that cuts a word.
    spell : changes a word, last of all.
    """

    mecab: MecabDictionary | None = None
    cutter: Callable[[], Cutter] | None = None
    parallel: bool = False
    normalize: bool = True
    lower: bool = False
    never: frozenset[str] = frozenset()
    pieces: str = "wordpiece"
    python: WordPieces | None = None
    spell: Callable[[str], str] | None = None

    @property
    def compiled(self) -> bool:
        """No function of Python is called for a word."""
        return self.mecab is not None and self.python is None and self.spell is None


class JapaneseSegmenter:
    """A `Segmenter` of words and their pieces.

    Parameters
    ----------
    vocabulary : pieces to ids. special : tokens that are looked for in the text first, to ids.
    settings : what tokenizer_config.json has to say so that the same tokenizer opens again.
    files : more files to save, by name.
    """

    def __init__(
        self,
        vocabulary: Mapping[str, int],
        special: Mapping[str, int],
        unknown: int,
        recipe: Recipe,
        settings: Mapping[str, Any],
        files: Mapping[str, bytes] | None = None,
        kind: str = "",
    ) -> None:
        self.recipe = recipe
        self.kind = kind or f"words, {recipe.pieces}"
        self._vocabulary = dict(vocabulary)
        self._special = dict(special)
        self._settings = dict(settings)
        self._files = dict(files or {})
        self._unknown = unknown
        prefix = "##" if recipe.pieces == "wordpiece" else ""
        self._table: PieceTable = piece_table(self._vocabulary, unknown, prefix=prefix)
        names = sorted(special, key=len, reverse=True)
        self._finder = re.compile("|".join(map(re.escape, names))) if names else None
        self._local = threading.local()

    def vocabulary(self) -> dict[str, int]:
        return {**self._vocabulary, **self._special}

    def text_of(self, tokens: Sequence[str]) -> str:
        return join_wordpieces(tokens) if self.recipe.pieces == "wordpiece" else "".join(tokens)

    def save(self, folder: Path, settings: Mapping[str, Any]) -> None:
        for name, data in self._files.items():
            with atomic_write(folder / name) as file:
                file.write(data)
        if "vocab.txt" not in self._files and "spiece.model" not in self._files:
            tokens = sorted(self._vocabulary, key=self._vocabulary.__getitem__)
            path = folder / "vocab.txt"
            with atomic_write(path, "w", encoding="utf-8", newline="\n") as file:
                file.writelines(f"{token}\n" for token in tokens)
        write_json(folder / "tokenizer_config.json", {**settings, **self._settings})

    # Texts to pieces

    def words(self, texts: Sequence[str]) -> Iterator[str]:
        """The words of texts as the vocabulary sees them, special tokens among them."""
        found = chunked(texts, lambda chunk: self._cut(chunk)[0], parallel=self._parallel)
        for words in found:
            text = text_of(words.codes)
            for begin, end in zip(words.first.tolist(), words.last.tolist(), strict=True):
                yield text[begin:end]

    def pieces(self, texts: Sequence[str]) -> Pieces:
        return joined_pieces(chunked(texts, self._chunk, parallel=self._parallel))

    @property
    def _parallel(self) -> bool:
        return self.recipe.mecab is not None or self.recipe.parallel

    def _cut(self, texts: Sequence[str]) -> tuple[Words, NDArray[np.int64], NDArray[np.int64]]:
        """The words of texts, where each text begins in all of them together, and the first segment
        of each."""
        joined = "\n".join(texts)
        codes = codes_of(joined)
        lengths = np.fromiter(map(len, texts), np.int64, len(texts))
        place = np.concatenate([[0], np.cumsum(lengths + 1)])  # of each text in `joined`
        begin, end, fixed, first_segment = self._segments(joined, place)
        recipe = self.recipe
        normal = nfkc(joined, codes, begin) if recipe.normalize else unchanged(codes)
        if normal.moved:
            begin = np.searchsorted(normal.begin, begin)
            end = np.searchsorted(normal.begin, end)
        if recipe.compiled:
            return self._compiled(normal, begin, end, fixed), place, first_segment
        return self._called(normal, begin, end, fixed), place, first_segment

    def _chunk(self, texts: Sequence[str]) -> Pieces:
        words, place, first_segment = self._cut(texts)
        recipe = self.recipe
        table = self._table
        if recipe.pieces == "character":
            ids, left, right, counts = cut_characters(
                words.codes,
                words.first,
                words.last,
                words.fixed,
                table.keys,
                table.nodes,
                table.value,
                table.unknown,
            )
        else:
            ids, left, right, counts = cut_pieces(
                words.codes, words.first, words.last, words.fixed, WHITE, *table
            )
        start = counts[words.counts[first_segment]]

        def places() -> Places:
            shift = np.repeat(place[:-1], np.diff(start))
            filled = right > left  # a special token may have been put where no character is
            at = np.minimum(left, max(len(words.begin) - 1, 0))
            pairs = np.zeros((len(ids), 2), np.int64)
            if len(words.begin):
                pairs[:, 0] = words.begin[at]
                pairs[:, 1] = np.where(filled, words.end[right - 1], words.begin[at])
                pairs -= shift[:, None]
            return pairs.astype(np.int32)

        return Pieces(ids, start, places)

    def _segments(
        self, joined: str, place: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], Ids, NDArray[np.int64]]:
        """The text between special tokens and those tokens: begins, ends, id of a token or -1; and
        the first segment of each text, with one more for the end."""
        texts = len(place) - 1
        matches = list(self._finder.finditer(joined)) if self._finder else []
        if not matches:
            fixed = np.full(texts, -1, np.int32)
            return place[:-1], place[1:] - 1, fixed, np.arange(texts + 1)
        begins: list[int] = []
        ends: list[int] = []
        ids: list[int] = []
        first = [0]
        found = iter([(*match.span(), self._special[match[0]]) for match in matches])
        token = next(found, None)
        for begin, end in zip(place[:-1].tolist(), (place[1:] - 1).tolist(), strict=True):
            at = begin
            while token is not None and token[1] <= end:
                begins += [at, token[0]]
                ends += [token[0], token[1]]
                ids += [-1, token[2]]
                at = token[1]
                token = next(found, None)
            begins.append(at)
            ends.append(end)
            ids.append(-1)
            first.append(len(ids))
        return (
            np.array(begins, np.int64),
            np.array(ends, np.int64),
            np.array(ids, np.int32),
            np.array(first, np.int64),
        )

    def _compiled(
        self, normal: Normal, begin: NDArray[np.int64], end: NDArray[np.int64], fixed: Ids
    ) -> Words:
        """Words by a MeCab dictionary, lower-cased all at once."""
        mecab = self.recipe.mecab
        assert mecab is not None
        token = np.flatnonzero(fixed >= 0)
        stop = end
        if len(token):
            stop = end.copy()
            stop[token] = begin[token]
        first, last, counts = cut_words(normal.codes, begin, stop, mecab)
        which = np.full(len(first), -1, np.int32)
        if len(token):
            at = counts[token]
            first = np.insert(first, at, begin[token].astype(np.int32))
            last = np.insert(last, at, end[token].astype(np.int32))
            which = np.insert(which, at, fixed[token])
            counts = counts + np.concatenate([[0], np.cumsum(fixed >= 0)])
        words = Words(*normal[:3], first, last, which, counts)
        if not self.recipe.lower:
            return words
        if not self.recipe.never:
            return lowered(words)
        text = text_of(normal.codes)
        spelled = [
            Word(text[b:e], b, e) for b, e in zip(first.tolist(), last.tolist(), strict=True)
        ]
        return self._spelled(normal, spelled, which, counts)

    def _called(
        self, normal: Normal, begin: NDArray[np.int64], end: NDArray[np.int64], fixed: Ids
    ) -> Words:
        """Words by a function."""
        text = text_of(normal.codes)
        cut = self._cutter()
        words: list[Word] = []
        ids: list[int] = []
        counts = [0]
        spans = zip(begin.tolist(), end.tolist(), fixed.tolist(), strict=True)
        for first, last, token in spans:
            if token >= 0:
                words.append(Word(text[first:last], first, last))
                ids.append(token)
            elif first < last:
                cut_here = cut(text[first:last])
                if first:
                    cut_here = [
                        Word(w.token, first + w.begin, first + w.end, w.tag) for w in cut_here
                    ]
                if self.recipe.python is None:
                    words += cut_here
                    ids += [-1] * len(cut_here)
                else:
                    for word in cut_here:
                        for i, left, right in self.recipe.python(self._told(word)):
                            words.append(part_of(word, left, right))
                            ids.append(i)
            counts.append(len(words))
        which = np.array(ids, np.int32)
        return self._spelled(normal, words, which, np.array(counts, np.int64))

    def _cutter(self) -> Cutter:
        if self.recipe.mecab is not None:
            return self._mecab_words
        local = self._local
        if not hasattr(local, "cut"):
            assert self.recipe.cutter is not None
            local.cut = self.recipe.cutter()
        return local.cut

    def _mecab_words(self, text: str) -> list[Word]:
        mecab = self.recipe.mecab
        assert mecab is not None
        whole = np.array([0, len(text)], np.int64)
        first, last, _ = cut_words(codes_of(text), whole[:1], whole[1:], mecab)
        return [Word(text[b:e], b, e) for b, e in zip(first.tolist(), last.tolist(), strict=True)]

    def _told(self, word: Word) -> Word:
        token = word.token
        if self.recipe.lower and token not in self.recipe.never:
            token = token.lower()
        if self.recipe.spell is not None:
            token = self.recipe.spell(token)
        return word._replace(token=token)

    def _spelled(
        self, normal: Normal, words: list[Word], fixed: Ids, counts: NDArray[np.int64]
    ) -> Words:
        """Words whose spelling may be another than the text's, with the places of its characters:
        exact where as many characters are left, else that of the whole word."""
        if self.recipe.lower or self.recipe.spell is not None:
            known = (fixed >= 0).tolist()
            words = [w if k else self._told(w) for w, k in zip(words, known, strict=True)]
        lengths = np.array([len(word.token) for word in words], np.int64)
        left = np.array([word.begin for word in words], np.int64)
        right = np.array([word.end for word in words], np.int64)
        last = np.cumsum(lengths)
        first = last - lengths
        codes = codes_of("".join(word.token for word in words))
        aligned = np.repeat(right - left == lengths, lengths)
        inside = np.arange(len(codes)) - np.repeat(first, lengths)
        from_left = np.repeat(left, lengths) + np.where(aligned, inside, 0)
        to_right = np.where(aligned, from_left + 1, np.repeat(right, lengths))
        # A word of no character (the second of two that one character is made of) has the place
        # of what stands before it.
        size = max(len(normal.begin) - 1, 0)
        if not len(normal.begin):
            codes = codes[:0]
        begin = normal.begin[np.minimum(from_left, size)] if len(codes) else normal.begin[:0]
        end = normal.end[np.maximum(to_right - 1, 0)] if len(codes) else normal.end[:0]
        begin = np.minimum(begin, end)
        return Words(
            codes,
            begin,
            end,
            first.astype(np.int32),
            last.astype(np.int32),
            fixed,
            counts,
        )
