"""Speed of word analysis: what our part adds to the tokenizer's own time.

    python benchmarks/analysis.py [FILE] [--characters N] [--rounds N]

FILE is text, a document a line, or JSON Lines with a column `text`; also compressed (.gz). Without
it, reviews and encyclopedia articles of the data beside the project are read.

Rows, each in characters a second, the best of several rounds taken in turn. Those of one thread are
in seconds of processor time, so that other work on the machine does not count; the last one is in
seconds of the clock, which idle cores are needed for.

tokenize           SudachiPy alone, sentence by sentence; nothing is read from its answer.
tokenize and read  the same, and surface, part of speech and normalized form of every morpheme, as
                   anybody needs them.
one call a text    the same again with a call a document: SudachiPy's fastest way.
Analyzer           ours on one thread: sentences, paragraphs, places, entries as arrays.
analyze_stream     ours on all cores.

Overheads are the extra time of ours against each of the first three.
"""

import argparse
import gzip
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from sudachipy import Dictionary, SplitMode

from bunsan.text.analyze import Analyzer, analyze_stream
from bunsan.text.words import WordSettings

SHARED = Path(__file__).resolve().parents[2] / "shared" / "data"
DEFAULT = ("quasi_reviews/reviews.jsonl.gz", "kyoto_wiki/articles.jsonl.gz")
BATCH = 100_000  # characters
SENTENCE = re.compile("(?<=[。！？])(?![」』）])|\n")


def read(path: Path) -> Iterator[str]:
    data = path.read_bytes()
    if path.suffix == ".gz":
        data = gzip.decompress(data)
    for line in data.decode().split("\n"):
        if line:
            yield str(json.loads(line)["text"]) if ".jsonl" in path.suffixes else line


def take(texts: Iterator[str], characters: int) -> list[str]:
    found = []
    for text in texts:
        found.append(text)
        characters -= len(text)
        if characters <= 0:
            break
    return found


def batches(texts: list[str]) -> list[list[str]]:
    found: list[list[str]] = [[]]
    size = 0
    for text in texts:
        if size > BATCH:
            found.append([])
            size = 0
        found[-1].append(text)
        size += len(text)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("file", nargs="?", type=Path)
    parser.add_argument("--characters", type=int, default=300_000, help="of each file")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    files = [options.file] if options.file else [SHARED / name for name in DEFAULT]
    if not all(file.exists() for file in files):
        sys.exit(f"{files[0]} is not here; name a file of your own")
    for file in files:
        texts = take(islice(read(file), 1_000_000), options.characters)
        print(f"\n{file.name}: {len(texts):,} texts, {sum(map(len, texts)):,} characters")
        measure(texts, options.rounds)


def measure(texts: list[str], rounds: int) -> None:
    tokenizer = Dictionary(dict="core").tokenizer(SplitMode.C)
    sentences = [part for text in texts for part in SENTENCE.split(text) if part]
    pieces = [text[i : i + 4000] for text in texts for i in range(0, len(text), 4000)]
    settings = WordSettings(analyzer="sudachi")
    analyzer = Analyzer(settings)
    parts = batches(texts)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()

    def tokenize() -> None:
        for sentence in sentences:
            tokenizer.tokenize(sentence)

    def read_all(given: list[str]) -> None:
        for text in given:
            for m in tokenizer.tokenize(text):
                m.surface(), m.part_of_speech(), m.normalized_form()

    def one_thread() -> None:
        for part in parts:
            analyzer.analyze(part)

    def all_threads() -> None:
        for _ in analyze_stream(parts, settings):
            pass

    rows: dict[str, Callable[[], None]] = {
        "tokenize": tokenize,
        "tokenize and read": lambda: read_all(sentences),
        "one call a text": lambda: read_all(pieces),
        "Analyzer": one_thread,
        f"analyze_stream, {cores} cores": all_threads,
    }
    seconds = dict.fromkeys(rows, float("inf"))
    for _ in range(rounds):
        for name, run in rows.items():
            clock = time.perf_counter if run is all_threads else time.process_time
            begin = clock()
            run()
            seconds[name] = min(seconds[name], clock() - begin)
    characters = sum(map(len, texts))
    for name, taken in seconds.items():
        print(f"{name:<28}{characters / taken:>12,.0f} characters/s")
    ours = seconds["Analyzer"]
    for name in list(rows)[:3]:
        print(f"{'Analyzer against ' + name:<36}{100 * (ours / seconds[name] - 1):>+8.1f} % time")


if __name__ == "__main__":
    main()
