"""SudachiPy: units A, B, C and normalized forms.

A dictionary entry has a number (`word_id`), so its forms and part of speech are asked for once and
looked up by that number ever after: two calls a token remain, for the number and the place.
"""

import importlib
import importlib.util
import threading
from typing import Any

from bunsan.base.errors import Missing
from bunsan.base.language import tr
from bunsan.text.analyzers.base import Entries, Entry, Tokens
from bunsan.text.pos import unidic_tag
from bunsan.text.words import WordSettings


class SudachiTokenizer:
    """Tokenizer over one dictionary; `tokenize` may be called from any number of threads.

    Raises
    ------
    Missing : the dictionary is not installed.
    """

    def __init__(self, settings: WordSettings) -> None:
        from sudachipy import Morpheme, SplitMode

        self._word_id, self._begin = Morpheme.word_id, Morpheme.begin
        self.entries = Entries()
        self._form = settings.form
        self._dictionary = _open(settings.dictionary or "core")
        self._mode = {"A": SplitMode.A, "B": SplitMode.B, "C": SplitMode.C}[settings.split]
        self._numbers: dict[int, int] = {}
        self._local = threading.local()

    def tokenize(self, text: str) -> Tokens:
        # Python objects for the morphemes are made once; `map` over methods costs half a comprehension.
        morphemes = list(self._analyse(text))
        ids = list(map(self._word_id, morphemes))
        try:
            entry = list(map(self._numbers.__getitem__, ids))
        except KeyError:
            known = self._numbers.get
            entry = [
                self._number(m, i) if (n := known(i)) is None else n
                for m, i in zip(morphemes, ids, strict=True)
            ]
        # Morphemes cover the text without gaps: each ends where the next begins.
        begin = list(map(self._begin, morphemes))
        return Tokens(entry, begin, [*begin[1:], len(text)] if begin else [])

    def inflections(self, text: str) -> list[tuple[int, str]]:
        return [(m.begin(), m.part_of_speech()[5].replace("*", "")) for m in self._analyse(text)]

    def _analyse(self, text: str) -> Any:
        local = self._local
        if not hasattr(local, "tokenizer"):
            make = getattr(self._dictionary, "tokenizer", None) or self._dictionary.create
            local.tokenizer = make()
            local.morphemes = None
        # The list of the sentence before is used again, which saves its allocation.
        local.morphemes = local.tokenizer.tokenize(text, self._mode, local.morphemes)
        return local.morphemes

    def _number(self, morpheme: Any, word_id: int) -> int:
        number = self._numbers.get(word_id)
        if number is not None:
            return number
        base = morpheme.dictionary_form()
        forms = {
            "normalized": morpheme.normalized_form,
            "dictionary": morpheme.dictionary_form,
            "surface": morpheme.surface,
        }
        pos = morpheme.part_of_speech()
        tag = unidic_tag(pos[0], pos[1], pos[2], base)
        number = self.entries.number(Entry(forms[self._form](), tag, base))
        # A word of no dictionary shares its number with others of its class; and the surface of an
        # entry may vary in width or case.
        if morpheme.dictionary_id() >= 0 and self._form != "surface":
            self._numbers[word_id] = number
        return number


def _open(name: str) -> Any:
    from sudachipy import Dictionary

    package = f"sudachidict_{name}"
    if name in ("small", "core", "full") and importlib.util.find_spec(package) is None:
        raise Missing(
            tr(
                f"The Sudachi dictionary {name!r} is not installed.",
                f"Sudachi 辞書 {name!r} がありません。",
            ),
            remedy=tr(
                f"Run: pip install {package}", f"次を実行してください: pip install {package}"
            ),
        )
    try:
        return Dictionary(dict=name)
    except Exception as error:  # SudachiPy raises bare exceptions of its own
        raise Missing(
            tr(
                f"The Sudachi dictionary {name!r} cannot be opened ({error}).",
                f"Sudachi 辞書 {name!r} を開けません({error})。",
            ),
            remedy=tr(
                "Use small, core, full, or the path of a .dic file.",
                "small、core、full か .dic ファイルのパスを指定してください。",
            ),
        ) from error
