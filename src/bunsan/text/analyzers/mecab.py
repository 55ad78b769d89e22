"""MeCab through fugashi, with unidic-lite, IPADIC or any dictionary made like one of the two."""

import csv
import shlex
from pathlib import Path
from typing import Any

import numpy as np

from bunsan.base.errors import BadInput, Missing
from bunsan.base.language import tr
from bunsan.text.analyzers.base import Entries, Entry, Tokens
from bunsan.text.analyzers.latin import has_latin, latin_entry
from bunsan.text.pos import ipadic_pos, is_counter, unidic_pos
from bunsan.text.words import WordForm, WordSettings

_UNIDIC_LEAST = 17  # fields of a word in the smallest UniDic; IPADIC has 9
_LEMMA, _ORTH_BASE, _UNIDIC_INFLECTION = 7, 10, 5
_BASE, _IPADIC_INFLECTION = 6, 5


class MecabDictionary:
    """An open dictionary, from which each thread gets its tagger.

    Raises
    ------
    Missing : fugashi or a dictionary known by name is not installed.
    BadInput : a folder holds no dictionary that MeCab can open, or one of another kind.
    """

    def __init__(self, settings: WordSettings) -> None:
        self._settings = settings
        self._name = settings.dictionary or "unidic-lite"
        self._arguments = _arguments(self._name)
        probe = [_fields(node.feature_raw) for node in _open(self._arguments, self._name)("部屋に")]
        self._unidic = max(map(len, probe), default=0) >= _UNIDIC_LEAST
        if not self._unidic and not all(len(f) == 9 and f[0] in ("名詞", "助詞") for f in probe):
            raise _unusable(self._name)

    def tagger(self) -> "MecabTagger":
        tagger = _open(self._arguments, self._name)
        return MecabTagger(tagger, self._unidic, self._settings.form)


class MecabTagger:
    """A `Tagger` over one MeCab tagger."""

    # MeCab's time grows with the square of a run of one kind of character it has no word for.
    size = 2000
    limit = 2000

    def __init__(self, tagger: Any, unidic: bool, form: WordForm) -> None:
        self._tagger = tagger
        self._unidic = unidic
        self._form = form

    def tag(self, text: str, entries: Entries) -> Tokens:
        number_of = entries.number_of
        entry: list[int] = []
        begin: list[int] = []
        end: list[int] = []
        at = 0
        for line in _lines(text):
            place = at
            for node in self._tagger(line) if line else ():
                # MeCab passes over white space and keeps it with the word behind it.
                surface, feature = node.surface, node.feature_raw
                number = number_of[surface, feature]
                if number < 0:
                    number = self._new(surface, feature, node.is_unk, entries)
                    number_of[surface, feature] = number
                place += len(node.white_space)
                begin.append(place)
                place += len(surface)
                end.append(place)
                entry.append(number)
            at += len(line) + 1
        return Tokens(np.array(entry, np.int32), np.array(begin, np.int64), np.array(end, np.int64))

    def inflections(self, text: str) -> list[tuple[int, str]]:
        place = _UNIDIC_INFLECTION if self._unidic else _IPADIC_INFLECTION
        found: list[tuple[int, str]] = []
        at = 0
        for line in _lines(text):
            begin = at
            for node in self._tagger(line) if line else ():
                fields = _fields(node.feature_raw)
                name = fields[place] if len(fields) > place else "*"
                begin += len(node.white_space)
                found.append((begin, "" if name == "*" else name))
                begin += len(node.surface)
            at += len(line) + 1
        return found

    def _new(self, surface: str, feature: str, unknown: bool, entries: Entries) -> int:
        fields = _fields(feature)
        counter = False
        if self._unidic:
            normalized = base = surface
            if len(fields) >= _UNIDIC_LEAST:
                # A lemma may carry what tells it from others: ホテル-hotel, 私-代名詞.
                normalized = fields[_LEMMA].split("-")[0] or fields[_LEMMA] or surface
                base = fields[_ORTH_BASE] or surface
            pos = unidic_pos(fields, base, normalized, surface)
            counter = is_counter(fields)
        else:
            known = len(fields) > _BASE and fields[_BASE] not in ("", "*")
            normalized = base = fields[_BASE] if known else surface
            pos = ipadic_pos(fields, base, surface)
        if unknown and pos in ("SYM", "PUNCT", "X"):
            pos = unidic_pos(("補助記号", "一般"), base, normalized, surface)
        form = {"normalized": normalized, "dictionary": base, "surface": surface}[self._form]
        entry = Entry(form, pos, base)
        if self._form != "surface" and has_latin(surface):
            entry = latin_entry(surface, form, pos, base)
        return entries.number(entry, counter=counter and entry.pos == "NOUN")


def _lines(text: str) -> list[str]:
    # MeCab takes a NUL for the end of the text.
    return text.replace("\0", "\ufffd").split("\n")


def _fields(feature: str) -> list[str]:
    return next(csv.reader([feature]))


def _arguments(name: str) -> str:
    try:
        import fugashi  # noqa: F401

        if name == "ipadic":
            import ipadic

            folder = str(ipadic.DICDIR)
        elif name == "unidic-lite":
            import unidic_lite

            folder = str(unidic_lite.DICDIR)
        else:
            folder = name
    except ImportError as error:
        raise Missing(
            tr(f"{error.name} is not installed.", f"{error.name} がインストールされていません。"),
            remedy=tr(
                'Run: pip install "bunsan[mecab]"',
                '次を実行してください: pip install "bunsan[mecab]"',
            ),
        ) from error
    if not Path(folder).is_dir():
        raise BadInput(
            tr(f"There is no MeCab dictionary “{name}”.", f"MeCab 辞書「{name}」がありません。"),
            remedy=tr(
                "Give unidic-lite, ipadic, or the folder of a compiled dictionary.",
                "unidic-lite、ipadic、またはコンパイル済み辞書のフォルダーを指定してください。",
            ),
        )
    # The dictionary's own configuration file: the machine's could name another dictionary.
    own = Path(folder) / ("mecabrc" if (Path(folder) / "mecabrc").exists() else "dicrc")
    return f"-r {shlex.quote(str(own))} -d {shlex.quote(folder)}"


def _open(arguments: str, name: str) -> Any:
    import fugashi

    try:
        return fugashi.GenericTagger(arguments)
    except RuntimeError as error:
        raise _unusable(name) from error


def _unusable(name: str) -> BadInput:
    return BadInput(
        tr(
            f"“{name}” is no dictionary of the UniDic or IPADIC kind that MeCab can open.",
            f"「{name}」は MeCab で開ける UniDic 形式・IPADIC 形式の辞書ではありません。",
        ),
        remedy=tr("Give unidic-lite or ipadic.", "unidic-lite か ipadic を指定してください。"),
    )
