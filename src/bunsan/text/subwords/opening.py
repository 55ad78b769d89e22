"""The tokenizer of a published model, from the files in its folder."""

from dataclasses import replace
from pathlib import Path

from tokenizers import Tokenizer as RustTokenizer
from tokenizers import processors

from bunsan.base.errors import BadInput, Missing
from bunsan.base.language import tr
from bunsan.text.subwords import building
from bunsan.text.subwords.rust import RustSegmenter, add_tokens, processor_of, template_of
from bunsan.text.subwords.settings import AddedToken, Settings, read_settings
from bunsan.text.subwords.template import Template
from bunsan.text.subwords.tokenizer import Segmenter, Special, Tokenizer

_MODEL_FILES = ("spiece.model", "sentencepiece.bpe.model", "tokenizer.model", "spm.model")


def open_tokenizer(
    folder: str | Path, *, words: str | None = None, target: bool = False
) -> Tokenizer:
    """Open the tokenizer of a model's folder.

    Known are, in this order: BERTs for Japanese that cut words with MeCab, Sudachi or Juman++ first
    (tokenizer_config.json says so); tokenizer.json; SentencePiece models (spiece.model,
    sentencepiece.bpe.model, tokenizer.model; source.spm with vocab.json); vocab.json with
    merges.txt; vocab.txt.

    Parameters
    ----------
    words : how words are cut before a vocab.txt cuts them further, for folders that do not say it
        (or wrongly): "mecab-ipadic", "mecab-unidic-lite", "mecab-unidic", "sudachi", "jumanpp",
        "basic", or "spaces" for text that was cut beforehand, with spaces between words.

    target : of a translation model with source.spm and target.spm, the second.

    Raises
    ------
    Missing : no such folder, no tokenizer in it, or the program that cuts its words is not here.
    BadInput : a file is damaged or contradicts another; file, row and remedy are named.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise Missing(
            tr(f"There is no folder {folder}.", f"フォルダー {folder} がありません。"),
            remedy=tr(
                "Give the folder that holds the tokenizer's files.",
                "トークナイザーのファイルがあるフォルダーを指定してください。",
            ),
        )
    settings = read_settings(folder)
    if words == "spaces":
        tokenizer = building.segmented(_needed(folder, "vocab.txt"), settings)
        return _finished(tokenizer, settings, "bert")
    if words is not None or _cuts_words(settings):
        from bunsan.text.subwords.japanese_opening import open_japanese

        return open_japanese(settings, words)
    if (folder / "tokenizer.json").is_file():
        return _from_json(folder / "tokenizer.json", settings)
    if (folder / "source.spm").is_file() or any((folder / f).is_file() for f in _MODEL_FILES):
        from bunsan.text.subwords.sentencepiece_opening import open_sentencepiece

        return open_sentencepiece(settings, target=target)
    if (folder / "merges.txt").is_file():
        merges, vocab = folder / "merges.txt", _needed(folder, "vocab.json")
        tokenizer = building.bpe(vocab, merges, settings)
        return _finished(tokenizer, settings, "gpt2" if not settings.family else "")
    if (folder / "vocab.txt").is_file():
        tokenizer = building.bert(folder / "vocab.txt", settings)
        return _finished(tokenizer, settings, "bert")
    raise Missing(
        tr(
            f"There is no tokenizer in {folder}.",
            f"{folder} にトークナイザーのファイルがありません。",
        ),
        remedy=tr(
            "It needs tokenizer.json, vocab.txt, spiece.model, or vocab.json with merges.txt.",
            "tokenizer.json、vocab.txt、spiece.model、または vocab.json と merges.txt が必要です。",
        ),
    )


def _cuts_words(settings: Settings) -> bool:
    return settings.class_name in (
        "BertJapaneseTokenizer",
        "BertSudachipyTokenizer",
        "ElectraSudachipyTokenizer",
    ) or isinstance(settings.get("word_tokenizer_type"), str)


def _needed(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.is_file():
        raise Missing(
            tr(f"There is no {name} in {folder}.", f"{folder} に {name} がありません。"),
            remedy=tr("Fetch the model's files again.", "モデルのファイルを取り直してください。"),
        )
    return path


def _from_json(path: Path, settings: Settings) -> Tokenizer:
    tokenizer = building.from_tokenizer_json(path)
    try:
        template = template_of(tokenizer)
    except (ValueError, KeyError, TypeError) as error:
        raise BadInput(
            tr(
                "has a post-processor that cannot be followed.", "post_processor を解釈できません。"
            ),
            file=path,
            remedy=tr("Fetch the file again.", "ファイルを取り直してください。"),
        ) from error
    _add_named(tokenizer, settings)
    added = tokenizer.get_added_tokens_decoder().values()
    special = tuple(token.content for token in added if token.special)
    settings = replace(settings, special=(*settings.special, *special))
    return _tokenizer(RustSegmenter(tokenizer), template, settings, _guessed(special))


def _guessed(special: tuple[str, ...]) -> str:
    """The family whose special tokens these are, for a tokenizer.json that came alone."""
    for family, tell in (("bert", "[CLS]"), ("roberta", "<s>"), ("gpt2", "<|endoftext|>")):
        if tell in special:
            return family
    return "t5" if "</s>" in special else ""


def _finished(tokenizer: RustTokenizer, settings: Settings, family: str) -> Tokenizer:
    """A tokenizer built from vocabulary files, with special tokens as its family has them."""
    _add_named(tokenizer, settings, family)
    roles = settings.roles(family)
    template = building.template(settings.family or family, tokenizer.get_vocab(), roles)
    tokens = {i: token for token, i in tokenizer.get_vocab().items()}
    if settings.family == "roberta" and template.single != template.bare.single:
        # This one also takes the space before a word out of its place in the text.
        tokenizer.post_processor = processors.RobertaProcessing(
            (roles["sep"], template.single[-1][0]),
            (roles["cls"], template.single[0][0]),
            add_prefix_space=bool(settings.get("add_prefix_space", False)),
        )
    else:
        tokenizer.post_processor = processor_of(template, tokens)
    return _tokenizer(RustSegmenter(tokenizer), template, settings, family)


def _add_named(tokenizer: RustTokenizer, settings: Settings, family: str | None = None) -> None:
    """Make the library look for the special and added tokens that the folder's files name.

    A token that is in the vocabulary keeps its id; others are numbered behind it, in order.
    """
    there = {token.content for token in tokenizer.get_added_tokens_decoder().values()}
    wanted = [token for _, token in sorted(settings.added.items())]
    roles = settings.roles(family or "") if family is not None else dict(settings.tokens)
    named = [*roles.values(), *settings.special]
    wanted += [AddedToken(content) for content in named if content]
    new = {token.content: token for token in reversed(wanted) if token.content not in there}
    add_tokens(
        tokenizer,
        [new[content] for content in dict.fromkeys(t.content for t in wanted) if content in new],
    )


def _tokenizer(
    segmenter: Segmenter, template: Template, settings: Settings, family: str
) -> Tokenizer:
    if settings.get("truncation_side") == "left":
        template = replace(template, side="left")
    return Tokenizer(segmenter, template, special_of(settings, segmenter.vocabulary(), family))


def special_of(settings: Settings, vocabulary: dict[str, int], family: str = "") -> Special:
    """Roles, special ids and longest input as a folder's files say."""
    roles = {role: token for role, token in settings.roles(family).items() if token in vocabulary}
    tokens = {*roles.values(), *settings.special}
    tokens |= {token.content for token in settings.added.values() if token.special}
    ids = frozenset(vocabulary[token] for token in tokens if token in vocabulary)
    return Special(roles, ids, settings.max_length)
