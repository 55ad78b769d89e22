"""How words are cut for a Japanese BERT, by what its tokenizer_config.json says."""

import importlib.util
import unicodedata
from collections.abc import Mapping
from dataclasses import replace
from functools import cache, partial
from importlib import import_module
from pathlib import Path
from typing import Any

from bunsan.base.errors import BadInput, Missing
from bunsan.base.language import tr
from bunsan.text.subwords import words as cutters
from bunsan.text.subwords.japanese import Recipe
from bunsan.text.subwords.mecab_dictionary import MecabDictionary, open_dictionary
from bunsan.text.subwords.settings import Settings

# What people say to what tokenizer_config.json says.
WORDS: Mapping[str, Mapping[str, Any]] = {
    "mecab-ipadic": {"word_tokenizer_type": "mecab", "mecab_kwargs": {"mecab_dic": "ipadic"}},
    "mecab-unidic-lite": {
        "word_tokenizer_type": "mecab",
        "mecab_kwargs": {"mecab_dic": "unidic_lite"},
    },
    "mecab-unidic": {"word_tokenizer_type": "mecab", "mecab_kwargs": {"mecab_dic": "unidic"}},
    "sudachi": {"word_tokenizer_type": "sudachi"},
    "jumanpp": {"word_tokenizer_type": "jumanpp"},
    "basic": {"word_tokenizer_type": "basic"},
}


def named_words(name: str) -> Mapping[str, Any]:
    """What tokenizer_config.json says of a way to cut words that people name.

    Raises
    ------
    BadInput : no way has this name.
    """
    if name not in WORDS:
        choices = ", ".join([*WORDS, "spaces"])
        raise BadInput(
            tr(f"words is “{name}”.", f"words の値「{name}」は使えません。"),
            remedy=tr(f"Give one of {choices}.", f"{choices} のどれかを指定してください。"),
        )
    return WORDS[name]


def recipe_of(settings: Settings, special: Mapping[str, int]) -> Recipe:
    """How transformers' BertJapaneseTokenizer cuts words with these settings.

    Parameters
    ----------
    special : tokens that are looked for in the text first.

    Raises
    ------
    Missing : the analyser or its dictionary is not installed.
    BadInput : an analyser or option is unknown.
    """
    kind = settings.get("word_tokenizer_type", "basic")
    lower = bool(settings.get("do_lower_case", False))
    never = frozenset(map(str, settings.get("never_split") or ()))
    # Special tokens are never found inside of what is cut, and so need not be spared there.
    never -= special.keys()
    if not settings.get("do_word_tokenize", True):
        return Recipe(cutter=lambda: _one_word, normalize=False)
    options = _options(settings, kind)
    normalize = bool(options.pop("normalize_text", True))
    trim = bool(options.pop("trim_whitespace", False))
    if kind == "mecab":
        mecab, cutter = _mecab(options)
        return Recipe(mecab, cutter, False, normalize, lower, never)
    if kind == "sudachi":
        split = str(options.get("sudachi_split_mode", "A"))
        dictionary = str(options.get("sudachi_dict_type", "core"))

        def sudachi() -> cutters.Cutter:
            return cutters.sudachi_cutter(
                split,
                dictionary,
                "surface",
                trim=trim,
                projection=options.get("sudachi_projection"),
                config=options.get("sudachi_config_path"),
                resources=options.get("sudachi_resource_dir"),
            )

        return _checked(Recipe(None, sudachi, True, normalize, lower, never))
    if kind == "jumanpp":
        return _checked(
            Recipe(
                None,
                lambda: cutters.jumanpp_cutter(trim=trim),
                False,
                normalize,
                lower,
                never,
            )
        )
    if kind == "basic":
        cut = cutters.basic_cutter(lower, never | special.keys())
        return Recipe(None, lambda: cut, False, normalize=False)
    raise _unknown(settings, "word_tokenizer_type", kind)


def _options(settings: Settings, kind: str) -> dict[str, Any]:
    options = settings.get(f"{kind}_kwargs") or {}
    if not isinstance(options, dict):
        raise _unknown(settings, f"{kind}_kwargs", options)
    return dict(options)


def _checked(recipe: Recipe) -> Recipe:
    """The recipe, once its analyser has been found to start."""
    if recipe.cutter is not None:
        recipe.cutter()
    return recipe


def _one_word(text: str) -> list[cutters.Word]:
    return [cutters.Word(text, 0, len(text))]


def _mecab(options: Mapping[str, Any]) -> tuple[MecabDictionary | None, Any]:
    """The dictionary where we read it ourselves, else a cutter for MeCab with its own options."""
    name = options.get("mecab_dic", "unidic_lite")
    more = str(options.get("mecab_option") or "")
    folder = None if name is None else dictionary_folder(str(name))
    if folder is not None and not more:
        return open_dictionary(Path(folder)), None
    option = more if folder is None else cutters.mecab_option(folder, more)
    cutters.fugashi_cutter(option)
    return None, lambda: cutters.fugashi_cutter(option)


@cache
def dictionary_folder(name: str) -> str:
    """Where an installed MeCab dictionary lies: "ipadic", "unidic_lite" or "unidic".

    Raises
    ------
    BadInput : another name. Missing : it is not installed.
    """
    if name not in ("ipadic", "unidic_lite", "unidic"):
        raise BadInput(
            tr(f"mecab_dic is “{name}”.", f"mecab_dic の値「{name}」は使えません。"),
            remedy=tr(
                "Known are ipadic, unidic_lite and unidic.",
                "使えるのは ipadic、unidic_lite、unidic です。",
            ),
        )
    package = name.replace("_", "-")
    if importlib.util.find_spec(name) is None:
        raise Missing(
            tr(
                f"The MeCab dictionary {package} is not installed.",
                f"MeCab 辞書 {package} がインストールされていません。",
            ),
            remedy=tr(
                f"Run: pip install {package}", f"次を実行してください: pip install {package}"
            ),
        )
    folder = str(import_module(name).DICDIR)
    if not Path(folder).is_dir():
        raise Missing(
            tr(f"{package} has no dictionary yet.", f"{package} の辞書本体がありません。"),
            remedy=tr(
                f"Run: python -m {name} download",
                f"次を実行してください: python -m {name} download",
            ),
        )
    return folder


def with_pieces(recipe: Recipe, pieces: Any, settings: Settings) -> Recipe:
    if not settings.get("do_subword_tokenize", True):
        return replace(recipe, pieces="word")
    if pieces == "wordpiece":
        return recipe
    if pieces != "character":
        raise _unknown(settings, "subword_tokenizer_type", pieces)
    if recipe.normalize:
        return replace(recipe, pieces="character")
    # Characters are taken after NFKC even where words were not.
    return replace(recipe, pieces="character", spell=partial(unicodedata.normalize, "NFKC"))


def whole(known: Mapping[str, int], unknown: int) -> Any:
    """Each word one piece."""
    return lambda word: [(known.get(word.token, unknown), 0, len(word.token))]


def chitra_recipe(settings: Settings, known: Mapping[str, int], unknown: int) -> Recipe:
    """chiTra (Works Applications, sudachitra): Sudachi's words in a form that unifies spellings,
    and a part of speech in place of a word that the vocabulary lacks where it has such pieces."""
    options = _options(settings, "sudachipy")
    form = str(settings.get("word_form_type", "surface"))
    split, dictionary = (
        str(options.get("split_mode", "A")),
        str(options.get("dict_type", "core")),
    )
    lower = bool(settings.get("do_lower_case", False))
    pieces = settings.get("subword_tokenizer_type", "wordpiece")

    def sudachi() -> cutters.Cutter:
        return cutters.sudachi_cutter(
            split,
            dictionary,
            form,
            tags=pieces == "pos_substitution",
            config=options.get("config_path"),
            resources=options.get("resource_dir"),
        )

    recipe = _checked(Recipe(None, sudachi, True, bool(settings.get("do_nfkc", False)), False))
    if lower:
        recipe = replace(recipe, cutter=lambda: _lowered(sudachi()))
    if pieces == "pos_substitution":

        def by_tag(word: cutters.Word) -> list[tuple[int, int, int]]:
            i = known.get(word.token, known.get(word.tag, unknown))
            return [(i, 0, len(word.token))]

        return replace(recipe, python=by_tag)
    recipe = with_pieces(recipe, pieces, settings)
    if recipe.pieces == "word":
        recipe = replace(recipe, python=whole(known, unknown))
    return recipe


def _lowered(cut: cutters.Cutter) -> cutters.Cutter:
    """A cutter of text that is brought to lower case before it is cut."""

    def of_lower(text: str) -> list[cutters.Word]:
        low = "".join(c if len(c.lower()) != 1 else c.lower() for c in text)
        return cut(low)

    return of_lower


def _unknown(settings: Settings, name: str, value: Any) -> BadInput:
    return BadInput(
        tr(f"{name} is {value!r}, which is unknown.", f"{name} の値 {value!r} は使えません。"),
        file=settings.folder / "tokenizer_config.json",
        remedy=tr(
            "Choose another way to cut words with words=.",
            "words= で別の区切り方を指定してください。",
        ),
    )
