"""Tokenizers without pieces: how text is normalized and cut, and how pieces make text again."""

from collections.abc import Callable, Iterable
from typing import Any

from tokenizers import Regex, decoders, models, normalizers, pre_tokenizers
from tokenizers import Tokenizer as RustTokenizer

# Where one writing system meets another: pieces never cross, so that a Japanese sentence is no single word.
# The long vowel mark belongs to either kana; a space goes with the Latin word after it, as in GPT-2.
_SCRIPTS = r"\p{Han}+|[\p{Hiragana}ー]+|[\p{Katakana}ー]+| ?[\p{Latin}\p{M}]+| ?\p{N}+|\p{L}+|\s|[^\s\p{L}\p{N}]"


def new_shell(kind: str, words: str | None, lower: bool) -> RustTokenizer:
    """How a kind of tokenizer treats text before and after its pieces.

    Parameters
    ----------
    kind : "wordpiece", "bpe", "byte-bpe" or "unigram". words : "scripts", "spaces" or None.
    lower : make all text lower case.
    """
    model: Any = {"wordpiece": models.WordPiece, "unigram": models.Unigram}.get(kind, models.BPE)
    tokenizer = RustTokenizer(model())
    lowered: list[Any] = [normalizers.Lowercase()] if lower else []
    if kind == "wordpiece":
        _cut_wordpiece(tokenizer, words, lowered)
    elif kind == "byte-bpe":
        if lowered:
            tokenizer.normalizer = lowered[0]
        bytes_of = pre_tokenizers.ByteLevel(
            add_prefix_space=False, trim_offsets=True, use_regex=words != "scripts"
        )
        by_script = pre_tokenizers.Sequence([_scripts(), bytes_of])
        tokenizer.pre_tokenizer = by_script if words == "scripts" else bytes_of
        tokenizer.decoder = decoders.ByteLevel()
    elif words == "scripts":
        spaces = normalizers.Replace(Regex(r"\s+"), " ")
        tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), spaces, *lowered])
        marks = pre_tokenizers.Metaspace(prepend_scheme="never", split=False)
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence([_scripts(), marks])
        tokenizer.decoder = decoders.Metaspace(prepend_scheme="never")
    else:
        tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), *lowered])
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.WhitespaceSplit(), pre_tokenizers.Metaspace()]
        )
        tokenizer.decoder = decoders.Metaspace()
    return tokenizer


def _cut_wordpiece(tokenizer: RustTokenizer, words: str | None, lowered: list[Any]) -> None:
    if words == "scripts":
        tokenizer.normalizer = normalizers.Sequence([normalizers.NFKC(), *lowered])
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.WhitespaceSplit(), _scripts()]
        )
    elif words == "spaces":
        if lowered:
            tokenizer.normalizer = lowered[0]
        tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    else:
        tokenizer.normalizer = normalizers.BertNormalizer(lowercase=bool(lowered))
        tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece(prefix="##", cleanup=False)


def _scripts() -> pre_tokenizers.Split:
    return pre_tokenizers.Split(Regex(_SCRIPTS), "isolated")


def words_of(shell: RustTokenizer) -> Callable[[list[str]], Iterable[str]]:
    """Texts cut into what pieces are learned from, as the tokenizer will cut them."""
    normalizer, cutter = shell.normalizer, shell.pre_tokenizer

    def words(texts: list[str]) -> Iterable[str]:
        for text in texts:
            for line in text.splitlines(keepends=True):
                if normalizer is not None:
                    line = normalizer.normalize_str(line)
                for word, _ in cutter.pre_tokenize_str(line):
                    yield word

    return words
