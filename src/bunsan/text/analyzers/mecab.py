"""MeCab through fugashi, with unidic-lite, IPADIC or any dictionary of those two kinds."""

import threading
from pathlib import Path
from typing import Any

from bunsan.base.errors import Missing
from bunsan.base.language import tr
from bunsan.text.analyzers.base import SPACE, Entries, Entry, Tokens
from bunsan.text.pos import ipadic_tag, unidic_tag
from bunsan.text.words import WordSettings

_UNIDIC_FIELDS = 17  # the fewest a UniDic entry has; IPADIC's have 7 or 9
_LEMMA, _ORTH_BASE = 7, 10


class MecabTokenizer:
    """Tokenizer over MeCab; a tagger a thread.

    Raises
    ------
    Missing : fugashi or the dictionary is not installed.
    """

    def __init__(self, settings: WordSettings) -> None:
        self.entries = Entries()
        self._form = settings.form
        self._arguments = _arguments(settings.dictionary or "unidic-lite")
        self._local = threading.local()
        self._tagger()

    def tokenize(self, text: str) -> Tokens:
        tokens = Tokens([], [], [])
        at = 0
        for node in self._tagger()(text):
            surface = node.surface
            begin = text.find(surface, at)  # MeCab passes over white space
            if begin < 0:
                continue
            at = begin + len(surface)
            tokens.entry.append(self._number(surface, node.feature))
            tokens.begin.append(begin)
            tokens.end.append(at)
        return tokens

    def inflections(self, text: str) -> list[tuple[int, str]]:
        found, at = [], 0
        for node in self._tagger()(text):
            begin = text.find(node.surface, at)
            at = begin + len(node.surface)
            found.append((begin, node.feature[5].replace("*", "")))
        return found

    def _tagger(self) -> Any:
        if not hasattr(self._local, "tagger"):
            import fugashi

            try:
                self._local.tagger = fugashi.GenericTagger(self._arguments)
            except RuntimeError as error:
                raise _missing(self._arguments) from error
        return self._local.tagger

    def _number(self, surface: str, feature: Any) -> int:
        if len(feature) >= _UNIDIC_FIELDS:
            base = feature[_ORTH_BASE] or surface
            # A loanword's lemma carries its origin: ホテル-hotel.
            normalized = (feature[_LEMMA] or surface).split("-")[0]
            tag = unidic_tag(feature[0], feature[1], feature[2], base)
        elif len(feature) > 6:
            base = normalized = feature[6] if feature[6] not in ("", "*") else surface
            tag = ipadic_tag(feature[0], feature[1], feature[2], base)
        else:  # a word of no dictionary
            base = normalized = surface
            pos2 = feature[1] if len(feature) > 1 else "*"
            tag = unidic_tag(feature[0], pos2, "*", base)
        if surface.isspace():
            return SPACE
        form = {"normalized": normalized, "dictionary": base, "surface": surface}[self._form]
        return self.entries.number(Entry(form or surface, tag, base))


def _arguments(dictionary: str) -> str:
    try:
        import fugashi  # noqa: F401

        if dictionary == "ipadic":
            import ipadic

            return str(ipadic.MECAB_ARGS)
        if dictionary == "unidic-lite":
            import unidic_lite

            dictionary = unidic_lite.DICDIR
    except ImportError as error:
        raise _missing(dictionary) from error
    folder = Path(dictionary)
    if not folder.is_dir():
        raise _missing(dictionary)
    rc = folder / ("mecabrc" if (folder / "mecabrc").exists() else "dicrc")
    return f'-r "{rc}" -d "{folder}"'


def _missing(dictionary: str) -> Missing:
    return Missing(
        tr(
            f"MeCab or its dictionary {dictionary!r} is not here.",
            f"MeCab または辞書 {dictionary!r} がありません。",
        ),
        remedy=tr(
            'Run: pip install "bunsan[mecab]" (or give unidic-lite, ipadic, or a dictionary folder).',
            '次を実行してください: pip install "bunsan[mecab]"(辞書は unidic-lite、ipadic、またはフォルダー)。',
        ),
    )
