"""Tokenizers: learned from files, opened from folders."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bunsan.base.language import tr
from bunsan.base.optional import optional
from bunsan.base.progress import progress
from bunsan.text.documents import ReadReport, bytes_total, nothing_read, read_documents

if TYPE_CHECKING:
    from bunsan.text.subwords.tokenizer import Tokenizer


def train_tokenizer(
    sources: Any,
    *,
    kind: str = "wordpiece",
    vocab_size: int = 32_000,
    words: str | None = None,
    to: str | Path | None = None,
    text: str | None = None,
    encoding: str | None = None,
    lower: bool = False,
    family: str | None = None,
    special_tokens: Sequence[str] = (),
    min_frequency: int = 2,
    alphabet: int | None = None,
    max_length: int | None = None,
) -> "Tokenizer":
    """Learn a tokenizer from text, of any size: it is read once, and not kept.

    Parameters
    ----------
    sources : files (txt csv xlsx jsonl ..., also .gz), folders, tables, or texts.
    kind : "wordpiece" (BERT), "bpe", "byte-bpe" (GPT-2, RoBERTa), "unigram" (T5), "characters".
    words : how words are cut first: "mecab-ipadic", "mecab-unidic-lite", "sudachi", ... with
        "wordpiece" and "characters"; "spaces" for text cut beforehand; None for none of these.
    to : the folder to save to, where transformers' AutoTokenizer opens it too.
    text : the column of a table. encoding : of text files, where the guess is wrong.
    The rest is told in `bunsan.text.subwords.training.train_tokenizer`.

    Raises
    ------
    BadInput : nothing can be read, or the options do not go together.
    Missing : the extra "models" or the analyser is not installed.
    """
    _library()
    from bunsan.text.subwords.training import train_tokenizer as learn

    report = ReadReport()
    documents = read_documents(sources, text=text, by=(), encoding=encoding, report=report)

    def texts() -> Iterator[str]:
        done = 0
        found = False
        with progress(tr("Reading", "読み込み中"), bytes_total(sources)) as bar:
            for i, document in enumerate(documents):
                found = True
                yield document.text
                if i % 500 == 0:
                    bar.advance(report.bytes_read - done)
                    done = report.bytes_read
        if not found:
            raise nothing_read(report)

    tokenizer = learn(
        texts(),
        kind,  # type: ignore[arg-type]  # it checks
        vocab_size,
        words=words,
        lower=lower,
        family=family,  # type: ignore[arg-type]
        special_tokens=special_tokens,
        min_frequency=min_frequency,
        alphabet=alphabet,
        max_length=max_length,
    )
    if to is not None:
        tokenizer.save(to)
    return tokenizer


def open_tokenizer(
    folder: str | Path, *, words: str | None = None, target: bool = False
) -> "Tokenizer":
    """The tokenizer of a model's folder; see `bunsan.text.subwords.opening.open_tokenizer`.

    Raises
    ------
    Missing : the extra "models" is not installed, or there is no tokenizer.
    BadInput : a file of it is damaged.
    """
    _library()
    from bunsan.text.subwords.opening import open_tokenizer as opened

    return opened(folder, words=words, target=target)


def _library() -> None:
    optional("tokenizers", "tokenizers", "models", en="A tokenizer", ja="トークナイザー")
