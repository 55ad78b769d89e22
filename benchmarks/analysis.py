"""Word analysis: what bunsan adds to the time of SudachiPy itself.

    python benchmarks/analysis.py [--characters N]

Three ways through the same Japanese text, in turns, on one thread, by processor time: the tokenizer alone
(`tokenize`, nothing read from its result); the tokenizer with what any user must read (surface, part of
speech, normalized form of every morpheme); bunsan's `Analyzer`, which also finds sentences and paragraphs
and packs everything into arrays. Then bunsan on all cores, by the clock.
"""

import argparse
import gzip
import json
import os
import time
from collections.abc import Callable
from statistics import median

from sudachipy import Dictionary, SplitMode

from bunsan.text.analyze import Analyzer, analyze_stream
from bunsan.text.sentences import paragraphs, sentences
from bunsan.text.words import WordSettings
from common import SHARED_DATA

ROUNDS = 5


def texts(characters: int) -> list[str]:
    found, n = [], 0
    with gzip.open(
        SHARED_DATA / "kyoto_wiki" / "articles.jsonl.gz", "rt", encoding="utf-8"
    ) as file:
        for line in file:
            found.append(json.loads(line)["text"])
            n += len(found[-1])
            if n >= characters:
                break
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--characters", type=int, default=1_000_000)
    documents = texts(parser.parse_args().characters)
    pieces = [t[a:b] for t in documents for p in paragraphs(t) for a, b in sentences(t, *p)]
    total = sum(map(len, documents))
    dictionary = Dictionary(dict="core")
    tokenizer = getattr(dictionary, "tokenizer", dictionary.create)()
    analyzer = Analyzer(WordSettings(analyzer="sudachi"))

    def alone() -> None:
        for text in pieces:
            tokenizer.tokenize(text, SplitMode.C)

    def read() -> None:
        for text in pieces:
            for m in tokenizer.tokenize(text, SplitMode.C):
                m.surface(), m.part_of_speech(), m.normalized_form()

    def ours() -> None:
        for i in range(0, len(documents), 50):
            analyzer.analyze(documents[i : i + 50])

    ways: dict[str, Callable[[], None]] = {
        "tokenizer alone": alone,
        "tokenizer, morphemes read": read,
        "bunsan": ours,
    }
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for n in range(ROUNDS + 1):
        for name, way in ways.items():
            started = time.process_time()
            way()
            if n:  # the first round fills caches
                seconds[name].append(time.process_time() - started)
    own = median(seconds["bunsan"])
    print(f"{total:,} characters, {len(pieces):,} sentences, median of {ROUNDS} rounds\n")
    print("| | characters/s | time of bunsan's |")
    print("|---|---:|---:|")
    for name, values in seconds.items():
        print(f"| {name} | {total / median(values):,.0f} | {own / median(values):.2f} × |")
    batches = [documents[i : i + 20] for i in range(0, len(documents), 20)]
    started = time.perf_counter()
    for _ in analyze_stream(batches, WordSettings(analyzer="sudachi")):
        pass
    speed = total / (time.perf_counter() - started)
    print(f"\nOn {os.cpu_count()} cores by the clock: {speed:,.0f} characters/s")


if __name__ == "__main__":
    main()
