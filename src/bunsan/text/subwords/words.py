"""Words by programs that are called from Python: what the compiled analysis does not know.

A cutter takes a text and gives its words: each as the vocabulary should see it (its normalized form,
for some models) with its place. It is called for one text at a time, by one thread at a time.
"""

import shlex
import shutil
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from bunsan.base.errors import BadInput, Missing
from bunsan.base.language import tr
from bunsan.base.optional import optional
from bunsan.text.sentences import pieces, sentence_ends

_SUDACHI_LIMIT = 12_000  # characters at once: SudachiPy refuses 49,149 bytes
_ENDLESS = 2000  # MeCab's time grows with the square of a run of one kind of character


class Word(NamedTuple):
    """token : as the vocabulary should see it. begin, end : in the text. tag : its part of speech."""

    token: str
    begin: int
    end: int
    tag: str = ""


Cutter = Callable[[str], list[Word]]


def fugashi_cutter(option: str) -> Cutter:
    """MeCab with options of one's own (a user's dictionary, say), through fugashi.

    Raises
    ------
    Missing : fugashi is not installed. BadInput : MeCab does not take the options.
    """
    fugashi = optional("fugashi", "fugashi", "mecab", en="This tokenizer", ja="このトークナイザー")
    try:
        tagger = fugashi.GenericTagger(option)
    except RuntimeError as error:
        raise BadInput(
            tr(f"MeCab does not start with “{option}”.", f"MeCab を「{option}」で開始できません。"),
            remedy=tr(
                "Look at mecab_kwargs in tokenizer_config.json.",
                "tokenizer_config.json の mecab_kwargs を確認してください。",
            ),
        ) from error

    def cut(text: str) -> list[Word]:
        words: list[Word] = []
        at = 0
        # MeCab takes a NUL for the end of the text.
        for node in tagger(text.replace("\0", "\ufffd")):
            at += len(node.white_space)
            words.append(Word(node.surface, at, at + len(node.surface)))
            at = words[-1].end
        return words

    return cut


def mecab_option(folder: str, more: str) -> str:
    """MeCab's options for a dictionary's folder."""
    return f"-d {shlex.quote(folder)} -r {shlex.quote(folder + '/mecabrc')} {more}".strip()


def sudachi_cutter(
    split: str,
    dictionary: str,
    form: str,
    *,
    tags: bool = False,
    trim: bool = False,
    projection: str | None = None,
    config: str | None = None,
    resources: str | None = None,
) -> Cutter:
    """Sudachi's words.

    Parameters
    ----------
    split : "A", "B" or "C". dictionary : "small", "core" or "full".
    form : "surface", "dictionary", "normalized", "dictionary_and_surface", "normalized_and_surface"
        (the surface of words that inflect), each with "_half_ascii" behind it for full-width Latin
        made half-width; the names of chiTra's word_form_type.
    tags : give parts of speech too. trim : leave white space out. projection, config, resources : SudachiPy's own.

    Raises
    ------
    Missing : the dictionary is not installed. BadInput : no such split, form or projection.
    """
    from bunsan.text.analyzers.sudachi import open_dictionary

    sudachi = optional("sudachipy", "sudachipy", "models", en="This tokenizer", ja="この処理")
    if split.upper() not in ("A", "B", "C"):
        raise _no_choice("split_mode", split)
    if config is None and resources is None:
        opened = open_dictionary(dictionary)
    else:
        opened = sudachi.Dictionary(config_path=config, resource_dir=resources, dict=dictionary)
    create = getattr(opened, "tokenizer", None) or opened.create
    mode = sudachi.SplitMode(split.upper())
    plain = form == "surface" and not (projection or tags or trim)  # nothing is asked of a word
    try:
        # Not asked for fewer fields: how numbers are joined depends on them.
        tokenizer = create(mode, projection=projection) if projection else create(mode)
    except Exception as error:
        raise _no_choice("sudachi_projection", str(projection)) from error
    spell = _sudachi_form(form, opened)

    def cut(text: str) -> list[Word]:
        words: list[Word] = []
        if len(text) <= _SUDACHI_LIMIT:
            spans: Iterator[tuple[int, int]] = iter([(0, len(text))])
        else:
            limit = _SUDACHI_LIMIT
            spans = pieces(text, 0, len(text), sentence_ends(text), limit, limit)
        for first, last in spans:
            if plain:
                # Morphemes cover the text without gaps: each ends where the next begins.
                begins = [first + m.begin() for m in tokenizer.tokenize(text[first:last])]
                ends = [*begins[1:], last]
                tokens = [text[b:e] for b, e in zip(begins, ends, strict=bool(begins))]
                words += map(Word, tokens, begins, ends)
                continue
            for morpheme in tokenizer.tokenize(text[first:last]):
                token = spell(morpheme)
                if trim:
                    token = token.strip()
                    if not token:
                        continue
                tag = "[" + "-".join(_leading(morpheme.part_of_speech())) + "]" if tags else ""
                words.append(Word(token, first + morpheme.begin(), first + morpheme.end(), tag))
        return words

    return cut


def _leading(classes: Any) -> Iterator[str]:
    for i, name in enumerate(classes):
        if i and name == "*":
            return
        yield name


_HALF = {0xFF01 + i: 0x21 + i for i in range(94)}
_INFLECT = ("動詞", "形容詞", "助動詞")


def _sudachi_form(form: str, dictionary: Any) -> Callable[[Any], str]:
    name = form.removesuffix("_half_ascii")
    spells: dict[str, Callable[[Any], str]] = {
        "surface": lambda m: m.surface(),
        "dictionary": lambda m: m.dictionary_form(),
        "normalized": lambda m: m.normalized_form(),
    }
    base = name.removesuffix("_and_surface")
    if base not in spells or (name == "surface_and_surface"):
        raise _no_choice("word_form_type", form)
    spell = spells[base]
    if name != base:
        inflects = dictionary.pos_matcher(lambda pos: pos[0] in _INFLECT)
        plain = spell

        def spell(morpheme: Any) -> str:
            return morpheme.surface() if inflects(morpheme) else plain(morpheme)

    if name == form:
        return spell
    return lambda morpheme: spell(morpheme).translate(_HALF)


def jumanpp_cutter(*, trim: bool = False) -> Cutter:
    """Juman++'s words, through rhoknp.

    Raises
    ------
    Missing : rhoknp or the program jumanpp is not installed.
    """
    if shutil.which("jumanpp") is None:
        raise Missing(
            tr("The program jumanpp is not installed.", "プログラム jumanpp がありません。"),
            remedy=tr(
                "Install Juman++ 2 so that the command jumanpp runs, and pip install rhoknp; or cut "
                'the text beforehand and open the tokenizer with words="spaces".',
                "Juman++ 2 を入れて jumanpp を実行できるようにし、pip install rhoknp を実行して"
                'ください。語に区切った文なら words="spaces" でも開けます。',
            ),
        )
    try:
        import rhoknp
    except ImportError as error:
        raise Missing(
            tr("rhoknp is not installed.", "rhoknp がインストールされていません。"),
            remedy=tr("Run: pip install rhoknp", "次を実行してください: pip install rhoknp"),
        ) from error
    program = rhoknp.Jumanpp()

    def cut(text: str) -> list[Word]:
        words: list[Word] = []
        at = 0
        if not text.strip():
            return words
        for morpheme in program.apply_to_sentence(text.strip()).morphemes:
            token = morpheme.text
            begin = text.find(token, at)
            begin = at if begin < 0 else begin
            at = min(begin + len(token), len(text))
            if trim:
                token = token.strip()
            if token:
                words.append(Word(token, begin, at))
        return words

    return cut


def basic_cutter(lower: bool, never: frozenset[str]) -> Cutter:
    """Words between spaces and punctuation, as BERT cuts Latin script; kanji are not set apart.

    Control characters are dropped, and with `lower` accents as well, except in words of `never`.
    """

    def cut(text: str) -> list[Word]:
        words: list[Word] = []
        for units in _visible(text):
            token = unicodedata.normalize("NFC", "".join(unit[0] for unit in units))
            kept = token in never
            made = units if kept and len(units) == len(token) else _made(units, lower and not kept)
            run: list[tuple[str, int, int]] = []
            for unit in [*made, (" ", 0, 0)]:
                alone = not kept and _punctuation(unit[0])
                if (alone or unit[0] == " ") and run:
                    words.append(Word("".join(u[0] for u in run), run[0][1], run[-1][2]))
                    run = []
                if alone:
                    words.append(Word(*unit))
                elif unit[0] != " ":
                    run.append(unit)
        return words

    return cut


_Unit = tuple[str, int, int]


def _visible(text: str) -> Iterator[list[_Unit]]:
    """Runs of characters between white space, control characters left out."""
    run: list[_Unit] = []
    for i, character in enumerate(text):
        category = unicodedata.category(character)
        if character in " \t\n\r" or category == "Zs":
            if run:
                yield run
            run = []
        elif category[0] != "C" and character != "\ufffd":
            # White space to Python that is none to BERT (U+2028) ends a word all the same.
            if character.isspace():
                if run:
                    yield run
                run = []
            else:
                run.append((character, i, i + 1))
    if run:
        yield run


def _made(units: list[_Unit], lower: bool) -> list[_Unit]:
    """Units composed (NFC), and in lower case without accents if so wanted."""
    made: list[_Unit] = []
    at = 0
    while at < len(units):
        end = at + 1
        while end < len(units) and unicodedata.combining(units[end][0]):
            end += 1
        part = unicodedata.normalize("NFC", "".join(unit[0] for unit in units[at:end]))
        made += [(c, units[at][1], units[end - 1][2]) for c in _folded(part, lower)]
        at = end
    whole = _folded(unicodedata.normalize("NFC", "".join(unit[0] for unit in units)), lower)
    if "".join(unit[0] for unit in made) == whole:
        return made
    # Something joined or changed across units (a final sigma, Hangul).
    if len(whole) == len(made):
        return [(c, b, e) for c, (_, b, e) in zip(whole, made, strict=True)]
    return [(c, units[0][1], units[-1][2]) for c in whole]


def _folded(text: str, lower: bool) -> str:
    if not lower:
        return text
    parts = unicodedata.normalize("NFD", text.lower())
    return "".join(c for c in parts if unicodedata.category(c) != "Mn")


def _punctuation(character: str) -> bool:
    code = ord(character)
    if 33 <= code <= 47 or 58 <= code <= 64 or 91 <= code <= 96 or 123 <= code <= 126:
        return True
    return unicodedata.category(character)[0] == "P"


def _no_choice(name: str, value: str) -> BadInput:
    return BadInput(
        tr(f"{name} is “{value}”, which is unknown.", f"{name} の値「{value}」は使えません。"),
        remedy=tr("Look at tokenizer_config.json.", "tokenizer_config.json を確認してください。"),
    )
