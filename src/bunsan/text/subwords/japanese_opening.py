"""Which analyser, dictionary and pieces a Japanese BERT was trained with, from its folder."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from bunsan.base.errors import BadInput, Missing
from bunsan.base.language import tr
from bunsan.text.subwords.building import template
from bunsan.text.subwords.japanese import JapaneseSegmenter, WordPieces
from bunsan.text.subwords.recipes import chitra_recipe, named_words, recipe_of, whole, with_pieces
from bunsan.text.subwords.settings import Settings
from bunsan.text.subwords.tokenizer import Special, Tokenizer
from bunsan.text.subwords.vocab_files import read_vocab_txt

_KEPT = (
    "do_lower_case",
    "do_word_tokenize",
    "do_subword_tokenize",
    "word_tokenizer_type",
    "subword_tokenizer_type",
    "never_split",
    "mecab_kwargs",
    "sudachi_kwargs",
    "jumanpp_kwargs",
    "do_nfkc",
    "word_form_type",
    "sudachipy_kwargs",
)
_CHITRA = ("BertSudachipyTokenizer", "ElectraSudachipyTokenizer")


def open_japanese(settings: Settings, words: str | None = None) -> Tokenizer:
    """The tokenizer of a folder whose vocabulary is of pieces of words.

    Raises
    ------
    Missing : the analyser or its dictionary is not installed, or there is no vocabulary.
    BadInput : tokenizer_config.json names an analyser or a kind of pieces that is unknown.
    """
    if words is not None:
        raw = {**settings.raw, **named_words(words), "do_word_tokenize": True}
        if settings.class_name in _CHITRA:
            settings = replace(settings, class_name="BertJapaneseTokenizer")
        settings = replace(settings, raw=raw)
    chitra = settings.class_name in _CHITRA
    pieces = settings.get("subword_tokenizer_type", "wordpiece")
    files: dict[str, bytes] = {}
    if pieces == "sentencepiece" and settings.get("do_subword_tokenize", True):
        from bunsan.text.subwords.sentencepiece import word_pieces

        path = _vocabulary_file(settings.folder, ("spiece.model",))
        vocabulary, cut = word_pieces(path)
        files["spiece.model"] = path.read_bytes()
    else:
        path = _vocabulary_file(settings.folder, ("vocab.txt",))
        vocabulary, cut = read_vocab_txt(path, tabs=chitra), None
    return japanese_tokenizer(settings, vocabulary, cut, files, path)


def japanese_tokenizer(
    settings: Settings,
    vocabulary: Mapping[str, int],
    cut: WordPieces | None = None,
    files: Mapping[str, bytes] | None = None,
    path: Path | None = None,
) -> Tokenizer:
    """The tokenizer of a vocabulary.

    Parameters
    ----------
    cut : cuts a word into pieces, where a SentencePiece model does.
    files : to be saved with it. path : the vocabulary's, for messages.
    """
    chitra = settings.class_name in _CHITRA
    pieces = settings.get("subword_tokenizer_type", "wordpiece")
    roles = settings.roles("bert")
    special = _special(vocabulary, settings, roles)
    known = {**vocabulary, **special}
    unknown = known.get(roles.get("unk", "[UNK]"))
    if unknown is None:
        raise BadInput(
            tr("has no token for unknown pieces.", "未知語を表すトークンがありません。"),
            file=path,
            remedy=tr("Add [UNK] to it.", "[UNK] を加えてください。"),
        )
    if chitra:
        recipe = chitra_recipe(settings, known, unknown)
    else:
        recipe = recipe_of(settings, special)
        recipe = replace(recipe, python=cut) if cut else with_pieces(recipe, pieces, settings)
        if recipe.pieces == "word":
            recipe = replace(recipe, python=whole(known, unknown))
    kept = {name: settings.raw[name] for name in _KEPT if name in settings.raw}
    kept["tokenizer_class"] = settings.class_name if chitra else "BertJapaneseTokenizer"
    kind = f"{settings.get('word_tokenizer_type', 'basic')}, {pieces}"
    segmenter = JapaneseSegmenter(vocabulary, special, unknown, recipe, kept, files, kind)
    form = replace(
        template("bert", known, roles),
        odd="first",
        side="left" if settings.get("truncation_side") == "left" else "right",
    )
    played = {role: token for role, token in roles.items() if token in known}
    hidden = {*played.values(), *settings.special}
    hidden |= {token.content for token in settings.added.values() if token.special}
    ids = frozenset(known[token] for token in hidden if token in known)
    return Tokenizer(segmenter, form, Special(played, ids, settings.max_length))


def _vocabulary_file(folder: Path, names: tuple[str, ...]) -> Path:
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise Missing(
        tr(f"There is no {names[0]} in {folder}.", f"{folder} に {names[0]} がありません。"),
        remedy=tr("Fetch the model's files again.", "モデルのファイルを取り直してください。"),
    )


def _special(
    vocabulary: Mapping[str, int], settings: Settings, roles: Mapping[str, str]
) -> dict[str, int]:
    """The tokens that are looked for in the text first. Those that the vocabulary lacks are numbered
    behind it."""
    found = {token.content: i for i, token in settings.added.items() if token.content}
    order = ("bos", "eos", "unk", "sep", "pad", "cls", "mask")
    named = [roles[role] for role in order if role in roles]
    following = max([*vocabulary.values(), *found.values()], default=-1) + 1
    for token in (*named, *settings.special):
        if token and token not in found:
            found[token] = vocabulary.get(token, following)
            following += found[token] == following
    return found
