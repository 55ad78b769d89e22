"""New tokenizers, learned from text: WordPiece, BPE, byte BPE, Unigram, characters.

Words are counted in one pass over the text, whose size does not matter; pieces are then learned from
the counts by the Rust library's trainers. What is left to chance there (the order of a hash table) is
taken out, so that the same text gives the same tokenizer.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from tokenizers import Tokenizer as RustTokenizer
from tokenizers import models, pre_tokenizers, trainers

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.base.progress import progress
from bunsan.text.analyzers.arrays import without_surrogates
from bunsan.text.subwords.building import template
from bunsan.text.subwords.japanese import JapaneseSegmenter
from bunsan.text.subwords.japanese_opening import japanese_tokenizer
from bunsan.text.subwords.recipes import named_words, recipe_of
from bunsan.text.subwords.rust import RustSegmenter, add_tokens, processor_of
from bunsan.text.subwords.settings import DEFAULTS, AddedToken, Settings
from bunsan.text.subwords.shells import new_shell, words_of
from bunsan.text.subwords.tokenizer import Special, Tokenizer
from bunsan.text.subwords.unigram_scores import unigram_scores

Kind = Literal["wordpiece", "bpe", "byte-bpe", "unigram", "characters"]
Family = Literal["bert", "roberta", "gpt2", "t5"]

_BATCH = 500_000  # characters counted at a time
_MOST_WORDS = 8_000_000  # different words kept; beyond, the rarest are forgotten
_REPEATED = 20_000  # a word goes to the trainer so many times in one string
_USUAL: Mapping[str, Family] = {
    "wordpiece": "bert",
    "characters": "bert",
    "bpe": "roberta",
    "byte-bpe": "gpt2",
    "unigram": "t5",
}
_SPECIAL: Mapping[str, tuple[str, ...]] = {
    "bert": ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"),
    "roberta": ("<s>", "<pad>", "</s>", "<unk>", "<mask>"),
    "gpt2": ("<|endoftext|>",),
    "t5": ("<pad>", "</s>", "<unk>"),
}


@dataclass(frozen=True)
class _Plan:
    """What is learned."""

    kind: Kind
    size: int
    alphabet: int
    least: int
    special: tuple[str, ...]
    unknown: str
    family: Family


def train_tokenizer(
    texts: Iterable[str],
    kind: Kind = "wordpiece",
    vocab_size: int = 32_000,
    *,
    words: str | None = None,
    lower: bool = False,
    family: Family | None = None,
    special_tokens: Sequence[str] = (),
    min_frequency: int = 2,
    alphabet: int | None = None,
    max_length: int | None = None,
) -> Tokenizer:
    """Learn a tokenizer from texts, which are read once.

    Parameters
    ----------
    texts : lines or documents; an iterator over any amount will do.
    kind : "wordpiece" (BERT), "bpe" of characters, "byte-bpe" of bytes (GPT-2, RoBERTa: knows every
        text), "unigram" (T5), "characters".
    vocab_size : how many ids at most, special tokens included.
    words : how words are cut before pieces are: "mecab-ipadic", "mecab-unidic-lite",
        "mecab-unidic", "sudachi", "jumanpp" (with "wordpiece" and "characters"), "scripts" where
        kanji, hiragana, katakana, letters and digits meet (no dictionary; not with "characters"),
        "spaces" for text cut beforehand, None for spaces and punctuation (and, in "bpe" and "unigram", spaces alone).
    lower : make all text lower case.
    family : whose special tokens stand around texts; by kind "bert", "roberta", "gpt2" or "t5".
    special_tokens : more of them; each is one id.
    min_frequency : pairs seen less often are not joined.
    alphabet : the characters known at most, the most frequent first; None for three sixteenths of
        `vocab_size` with words, all of them otherwise if there is room.
    max_length : the longest input of the model to be trained.

    Raises
    ------
    BadInput : there is no text, `vocab_size` has no room, or `words` does not go with `kind`.
    Missing : the analyser is not installed.
    """
    _check(kind, words, family)
    chosen = family or _USUAL[kind]
    japanese = words not in (None, "spaces", "scripts")
    if kind == "characters" and not japanese:
        words, japanese = "basic", True
    special = tuple(dict.fromkeys((*_special_of(chosen, kind), *special_tokens)))
    # Half of the ids, at least, for pieces longer than a character.
    default = max(vocab_size * 3 // 16, 1) if kind == "wordpiece" else max(vocab_size // 2, 256)
    if kind == "characters":
        default = vocab_size
    unknown = DEFAULTS[chosen].get("unk", "<unk>") if chosen != "gpt2" else "<unk>"
    plan = _Plan(kind, vocab_size, alphabet or default, min_frequency, special, unknown, chosen)
    if japanese:
        assert words is not None
        settings = _settings(words, kind, lower, max_length, special)
        counts = _counted(texts, _japanese_words(settings))
        with progress(tr("Learning pieces", "トークンを学習中")):
            tokens = _characters(counts, plan) if kind == "characters" else _wordpiece(counts, plan)
        vocabulary = {token: i for i, token in enumerate(tokens)}
        return japanese_tokenizer(settings, vocabulary)
    shell = new_shell(kind, words, lower)
    counts = _counted(texts, words_of(shell))
    with progress(tr("Learning pieces", "トークンを学習中")):
        return _finished(shell, counts, plan, max_length)


def _check(kind: str, words: str | None, family: str | None) -> None:
    if kind not in get_args(Kind):
        raise _no_choice("kind", kind, get_args(Kind))
    if family is not None and family not in get_args(Family):
        raise _no_choice("family", family, get_args(Family))
    if words == "scripts" and kind != "characters":
        return
    if words not in (None, "spaces") and (
        kind not in ("wordpiece", "characters") or family not in (None, "bert")
    ):
        raise BadInput(
            tr(
                f"Words by {words} go with wordpiece and characters, for BERT, alone.",
                f"{words} による語の区切りは、BERT 用の wordpiece と characters だけで使えます。",
            ),
            remedy=tr(
                'Cut the text beforehand and give words="spaces", or leave words out.',
                '先に語に区切って words="spaces" とするか、words を省いてください。',
            ),
        )


def _no_choice(name: str, value: str, choices: Sequence[str]) -> BadInput:
    return BadInput(
        tr(f"{name} is “{value}”.", f"{name} の値「{value}」は使えません。"),
        remedy=tr(
            f"Give one of {', '.join(choices)}.",
            f"{', '.join(choices)} のどれかを指定してください。",
        ),
    )


def _special_of(family: str, kind: str) -> tuple[str, ...]:
    tokens = _SPECIAL[family]
    if family == "gpt2" and kind != "byte-bpe":
        return (*tokens, "<unk>")  # bytes alone leave nothing unknown
    return tokens


def _settings(
    words: str, kind: str, lower: bool, max_length: int | None, special: tuple[str, ...]
) -> Settings:
    pieces = "character" if kind == "characters" else "wordpiece"
    raw = {"do_lower_case": lower, "subword_tokenizer_type": pieces, **named_words(words)}
    return Settings(Path(), "bert", "BertJapaneseTokenizer", {}, special, {}, max_length, raw)


# Counting words


def _counted(texts: Iterable[str], words: Callable[[list[str]], Iterable[str]]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for batch in _batches([texts] if isinstance(texts, str) else texts):
        counts.update(words(batch))
        if len(counts) > _MOST_WORDS:
            _forget(counts)
    if not counts:
        raise BadInput(
            tr("There is no text to learn from.", "学習する文がありません。"),
            remedy=tr("Give some lines of text.", "文を与えてください。"),
        )
    return counts


def _forget(counts: Counter[str]) -> None:
    """The rarest words go until half of the room is free."""
    least = 1
    while len(counts) > _MOST_WORDS // 2:
        for word in [word for word, count in counts.items() if count <= least]:
            del counts[word]
        least += 1


def _batches(texts: Iterable[str]) -> Iterator[list[str]]:
    batch: list[str] = []
    size = 0
    for text in texts:
        batch.append(without_surrogates(text))
        size += len(text) + 1
        if size >= _BATCH:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def _japanese_words(settings: Settings) -> Callable[[list[str]], Iterable[str]]:
    segmenter = JapaneseSegmenter({"[UNK]": 0}, {}, 0, recipe_of(settings, {}), {})
    return segmenter.words


# Learning pieces


def _alphabet(counts: Mapping[str, int], most: int) -> list[str]:
    """The most frequent characters of words, in the order of their code points."""
    found: Counter[str] = Counter()
    for word, count in counts.items():
        for character in word:
            found[character] += count
    order = sorted(found, key=lambda c: (-found[c], c))
    return sorted(order[:most])


def _fed(counts: Mapping[str, int]) -> Iterator[str]:
    """Every word as often as it was seen, always in one order."""
    for word in sorted(counts):
        left = counts[word]
        while left > 0:
            yield f"{word} " * min(left, _REPEATED)
            left -= _REPEATED


def _room(plan: _Plan, needed: int) -> None:
    if plan.size < needed:
        raise BadInput(
            tr(
                f"vocab_size is {plan.size:,}, but {needed:,} ids are needed for special tokens and "
                "characters.",
                f"vocab_size が {plan.size:,} ですが、特殊トークンと文字に {needed:,} 要ります。",
            ),
            remedy=tr(
                "Give a larger vocab_size or a smaller alphabet.",
                "vocab_size を大きくするか、alphabet を小さくしてください。",
            ),
        )


def _characters(counts: Mapping[str, int], plan: _Plan) -> list[str]:
    _room(plan, len(plan.special) + 1)
    most = min(plan.alphabet, plan.size - len(plan.special))
    return list(dict.fromkeys((*plan.special, *_alphabet(counts, most))))


def _wordpiece(counts: Mapping[str, int], plan: _Plan) -> list[str]:
    """Pieces by id: special tokens, characters, characters inside of words, joined pieces."""
    counts = {part: n for word, n in counts.items() for part in word.split()}
    most = min(plan.alphabet, max((plan.size - len(plan.special)) // 2, 1))
    alphabet = _alphabet(counts, most)
    inside = [f"##{character}" for character in alphabet]
    _room(plan, len(plan.special) + 2 * len(alphabet))
    tokenizer = RustTokenizer(models.WordPiece(unk_token=plan.unknown))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    # Given beforehand, pieces inside of words are not numbered in the order of a hash table.
    trainer = trainers.WordPieceTrainer(
        vocab_size=plan.size,
        min_frequency=plan.least,
        special_tokens=[*plan.special, *inside],
        initial_alphabet=alphabet,
        limit_alphabet=len(alphabet),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_fed(counts), trainer)
    found = tokenizer.get_vocab(with_added_tokens=True)
    joined = sorted(found, key=found.__getitem__)
    return list(dict.fromkeys((*plan.special, *alphabet, *inside, *joined)))


def _finished(
    shell: RustTokenizer, counts: Counter[str], plan: _Plan, max_length: int | None
) -> Tokenizer:
    """The tokenizer with its pieces, special tokens and what stands around texts."""
    if plan.kind == "wordpiece":
        vocabulary = {token: i for i, token in enumerate(_wordpiece(counts, plan))}
        shell.model = models.WordPiece(vocabulary, unk_token=plan.unknown)
    elif plan.kind == "unigram":
        shell.model = _unigram(counts, plan)
    else:
        shell.model = _bpe(counts, plan)
    add_tokens(shell, [AddedToken(token) for token in plan.special])
    known = shell.get_vocab(with_added_tokens=True)
    usual = DEFAULTS[plan.family]
    roles = {role: token for role, token in usual.items() if token in known}
    if "<unk>" in known and plan.family == "gpt2":
        roles["unk"] = "<unk>"
    form = template(plan.family, known, roles)
    shell.post_processor = processor_of(form, {i: token for token, i in known.items()})
    ids = frozenset(known[token] for token in plan.special)
    return Tokenizer(RustSegmenter(shell), form, Special(roles, ids, max_length))


def _bpe(counts: Mapping[str, int], plan: _Plan) -> models.BPE:
    if plan.kind == "byte-bpe":
        alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    else:
        alphabet = _alphabet(counts, min(plan.alphabet, max(plan.size - len(plan.special), 1)))
    _room(plan, len(plan.special) + len(alphabet))
    unknown = None if plan.kind == "byte-bpe" else plan.unknown
    tokenizer = RustTokenizer(models.BPE(unk_token=unknown))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    trainer = trainers.BpeTrainer(
        vocab_size=plan.size,
        min_frequency=plan.least,
        special_tokens=list(plan.special),
        initial_alphabet=alphabet,
        limit_alphabet=len(alphabet),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_fed(counts), trainer)
    return tokenizer.model


def _unigram(counts: Mapping[str, int], plan: _Plan) -> models.Unigram:
    """Scores are found anew: the library's differ from run to run."""
    alphabet = _alphabet(counts, min(plan.alphabet, max(plan.size - len(plan.special), 1)))
    _room(plan, len(plan.special) + len(alphabet))
    known = re.compile(f"[{re.escape(''.join(alphabet))}]+")
    kept: Counter[str] = Counter()
    for word, n in counts.items():
        for part in known.findall(word):  # between characters that are not learned
            kept[part] += n
    tokenizer = RustTokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    trainer = trainers.UnigramTrainer(
        vocab_size=plan.size - len(plan.special) + 1,  # the unknown one is among them
        special_tokens=[plan.unknown],
        unk_token=plan.unknown,
        initial_alphabet=alphabet,
        show_progress=False,
    )
    tokenizer.train_from_iterator(_fed(kept), trainer)
    learned = sorted({*tokenizer.get_vocab(), *alphabet} - set(plan.special))
    scores = unigram_scores(learned, kept).tolist()
    ranked = sorted(zip(learned, scores, strict=True), key=lambda row: (-row[1], row[0]))
    pieces = [(token, 0.0) for token in plan.special] + ranked
    return models.Unigram(pieces, unk_id=plan.special.index(plan.unknown), byte_fallback=False)
