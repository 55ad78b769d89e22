"""Tokenizers: bunsan beside transformers and SentencePiece, on the same vocabularies and text.

    python benchmarks/subwords.py [--characters N] [--repeat N]

Both open the same folder and encode the same lines of encyclopedia, reviews and literature, special
tokens included, in one call with all of them. The vocabularies are learned here, on the same text.
Timed is what gives ids: with transformers lists, with bunsan arrays; neither is asked for places in
the text, which transformers' BertJapaneseTokenizer does not have and bunsan works out when they are
first looked at (`+ places` is bunsan with all of them). Processor time is of all threads together,
wall time is what a person waits; ours and theirs are timed in turn, and the best of each counts.
Before it is timed, everything is called once. The last column is in how many lines the ids are the
same.
"""

import argparse
import gzip
import io
import json
import os
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

from common import SHARED_DATA, machine, markdown_table

warnings.simplefilter("ignore")
os.environ["TRANSFORMERS_VERBOSITY"] = "error"
_NAMES = ("kyoto_wiki/articles", "quasi_reviews/reviews", "aozora/works")


def sample(characters: int) -> list[str]:
    """Lines of all kinds of text, a third of the characters from each."""
    lines: list[str] = []
    for name in _NAMES:
        size = 0
        with gzip.open(SHARED_DATA / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
            for row in file:
                for line in json.loads(row)["text"].split("\n"):
                    if line and size < characters // 3:
                        lines.append(line)
                        size += len(line)
                if size >= characters // 3:
                    break
    return lines


class Case:
    """One folder, opened by both.

    ours, theirs : a list of texts to a list of rows of ids.
    """

    def __init__(self, name: str, peer: str, own: Any, theirs: Callable[[list[str]], Any]) -> None:
        self.name = name
        self.peer = peer
        self.own = own
        self.theirs = theirs

    def ours(self, texts: list[str]) -> Any:
        return self.own.encode_batch(texts)

    def with_places(self, texts: list[str]) -> Any:
        found = self.own.encode_batch(texts)
        for encoding in found:
            encoding.offsets  # noqa: B018 - worked out now
        return found


def cases(lines: list[str], folder: Path) -> list[Case]:
    import sentencepiece
    from transformers import AutoTokenizer, BertJapaneseTokenizer

    from bunsan.text.subwords.opening import open_tokenizer
    from bunsan.text.subwords.training import train_tokenizer

    found: list[Case] = []

    def japanese(name: str, kind: str, words: str, **options: Any) -> None:
        place = train_tokenizer(lines, kind, 32_768, words=words, **options).save(folder / name)
        peer = BertJapaneseTokenizer.from_pretrained(place)
        found.append(
            Case(
                name,
                "BertJapaneseTokenizer",
                open_tokenizer(place),
                lambda texts: peer(texts)["input_ids"],
            )
        )

    def fast(name: str, kind: str, size: int, **options: Any) -> None:
        place = train_tokenizer(lines, kind, size, **options).save(folder / name)
        peer = AutoTokenizer.from_pretrained(place)
        found.append(
            Case(
                name,
                "transformers, Rust",
                open_tokenizer(place),
                lambda texts: peer(texts)["input_ids"],
            )
        )

    japanese("mecab ipadic, WordPiece", "wordpiece", "mecab-ipadic")
    japanese("mecab unidic-lite, WordPiece", "wordpiece", "mecab-unidic-lite")
    japanese("mecab unidic-lite, WordPiece, lower", "wordpiece", "mecab-unidic-lite", lower=True)
    japanese("mecab ipadic, characters", "characters", "mecab-ipadic")
    japanese("mecab unidic-lite, characters", "characters", "mecab-unidic-lite")
    japanese("sudachi, WordPiece", "wordpiece", "sudachi")
    fast("BERT WordPiece", "wordpiece", 16_000)
    fast("byte BPE", "byte-bpe", 16_000)
    for name, kind in (("Unigram", "unigram"), ("BPE", "bpe")):
        buffer = io.BytesIO()
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(lines),
            model_writer=buffer,
            model_type=kind,
            vocab_size=16_000,
            character_coverage=0.9995,
            minloglevel=2,
        )
        place = folder / f"sentencepiece {kind}"
        place.mkdir()
        (place / "spiece.model").write_bytes(buffer.getvalue())
        settings = {"tokenizer_class": "LlamaTokenizer"}  # of no family: nothing around the text
        (place / "tokenizer_config.json").write_text(json.dumps(settings))
        model = sentencepiece.SentencePieceProcessor(model_proto=buffer.getvalue())
        title = f"SentencePiece {name}"
        found.append(Case(title, "sentencepiece", _Bare(open_tokenizer(place)), model.encode))
    return found


class _Bare:
    """A tokenizer without special tokens, as SentencePiece has none."""

    def __init__(self, own: Any) -> None:
        self.own = own

    def encode_batch(self, texts: list[str]) -> Any:
        return self.own.encode_batch(texts, add_special_tokens=False)


def timed(work: Callable[[list[str]], Any], lines: list[str]) -> tuple[float, float, Any]:
    """Processor and wall seconds, and what came out."""
    wall, processor = time.perf_counter(), time.process_time()
    result = work(lines)
    return time.process_time() - processor, time.perf_counter() - wall, result


def row(case: Case, lines: list[str], repeat: int) -> list[str]:
    characters = sum(map(len, lines))
    best: dict[str, list[float]] = {}
    works = {"ours": case.ours, "theirs": case.theirs, "places": case.with_places}
    results: dict[str, Any] = {}
    for work in works.values():
        work(lines[:200])
    for _ in range(repeat):
        for name, work in works.items():
            *seconds, results[name] = timed(work, lines)
            best[name] = list(map(min, best.get(name, seconds), seconds))
    same = sum(
        one.ids.tolist() == list(other)
        for one, other in zip(results["ours"], results["theirs"], strict=True)
    )
    pieces = sum(len(one) for one in results["ours"])

    def speed(name: str, clock: int) -> float:
        return characters / best[name][clock] / 1e6

    return [
        case.name,
        case.peer,
        f"{speed('ours', 0):.2f}",
        f"{speed('theirs', 0):.2f}",
        f"{speed('ours', 0) / speed('theirs', 0):.1f}",
        f"{pieces / best['ours'][0] / 1e6:.2f}",
        f"{speed('ours', 1):.2f}",
        f"{speed('ours', 1) / speed('theirs', 1):.1f}",
        f"{speed('places', 0):.2f}",
        f"{same:,} of {len(lines):,}",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--characters", type=int, default=600_000)
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    lines = sample(options.characters)
    print(f"{machine()}, {os.cpu_count()} cores")
    print(f"{len(lines):,} lines, {sum(map(len, lines)):,} characters\n")
    headings = [
        "million characters a second",
        "peer",
        "bunsan, processor",
        "peer, processor",
        "ratio",
        "million tokens",
        "bunsan, wall",
        "ratio",
        "+ places",
        "same ids",
    ]
    with tempfile.TemporaryDirectory() as folder:
        rows = [row(case, lines, options.repeat) for case in cases(lines, Path(folder))]
    print(markdown_table(headings, rows))


if __name__ == "__main__":
    main()
