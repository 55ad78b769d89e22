"""Counting: bunsan beside GloVe's `cooccur` and scikit-learn's CountVectorizer, on one thread.

    python benchmarks/counting.py [--text PATH] [--lines N] [--glove DIR]

All read the same text, one sentence a line, words divided by spaces, and count every word of it.

* Co-occurrence of words within a window, never across lines, weighted by 1/distance. `cooccur` (built
  in DIR, or DIR/build, of https://github.com/stanfordnlp/GloVe) reads the text and looks each word up
  in a vocabulary that `vocab_count` made, told with and without the time that took; it writes its
  result to /dev/null. bunsan is timed from the text file to the sorted matrix, making the vocabulary
  as it goes (the corpus of word ids is written to the disk), and once more without: a collection has its words as numbers already, so that
  is what counting costs in it. That both count the same is checked on the first lines.
* How often each word occurs in each line, as a sparse matrix. CountVectorizer has the lines in memory
  and splits them with `str.split`.

Each candidate runs in a process of its own. Times are processor times, the better of two runs,
without the time to compile or import; memory is the most a process had in use, the text and all
libraries included.
"""

import argparse
import gzip
import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common import (
    SHARED_DATA,
    Usage,
    in_own_process,
    machine,
    markdown_table,
    peak_memory,
    processor_seconds,
    run_program,
)

WIKI = SHARED_DATA / "wiki_en" / "paragraphs_17m.txt.gz"
WINDOWS = (5, 10)
CHECKED_LINES = 3000
RECORD = np.dtype([("a", "<i4"), ("b", "<i4"), ("weight", "<f8")])


def read_lines(path: Path, count: int | None = None) -> list[str]:
    opened = gzip.open if path.suffix == ".gz" else open
    with opened(path, "rt", encoding="utf-8") as text:
        return [line.rstrip("\n") for line in islice(text, count)]


@dataclass(frozen=True)
class Ids:
    """Word ids, the token at which each line that has words begins and the last ends, the words."""

    word: NDArray[np.int32]
    line: NDArray[np.int64]
    words: list[str]


def to_ids(text: Path) -> Ids:
    """Every word of a text, none too rare, no line too long."""
    from bunsan.words.training.corpus import build_text_corpus

    with tempfile.TemporaryDirectory() as folder:
        corpus = build_text_corpus(text, folder, min_count=1, longest_stretch=2**31 - 1)
        ids = np.concatenate(corpus.shards)
    ends = np.flatnonzero(ids < 0)
    begin = np.concatenate([[0], ends - np.arange(len(ends))])
    return Ids(ids[ids >= 0], begin, corpus.words)


def bunsan_window(text: Path, window: str) -> dict[str, Any]:
    from bunsan.words.cooccurrence import count_window

    def count(ids: Ids) -> Any:
        countable = np.ones(len(ids.words), np.bool_)
        return count_window(ids.word, ids.line, countable, int(window), "harmonic")

    return measured(text, count, lambda pairs: len(pairs.cols))


def bunsan_tokens(text: Path, _: str) -> dict[str, Any]:
    from bunsan.words.units import unit_incidence

    def count(ids: Ids) -> Any:
        every = np.arange(len(ids.words), dtype=np.int32)
        return unit_incidence(ids.word, ids.line, every, counts=True)

    return measured(text, count, lambda matrix: matrix.nnz)


def measured(
    text: Path, count: Callable[[Ids], Any], cells: Callable[[Any], int]
) -> dict[str, Any]:
    """Reading and counting with bunsan, each the better of two."""
    with tempfile.TemporaryDirectory() as folder:  # compiles
        few = Path(folder) / "few.txt"
        few.write_text("".join(f"{line}\n" for line in read_lines(text, 10)), encoding="utf-8")
        count(to_ids(few))
    reading, ids = processor_seconds(lambda: to_ids(text), 2)
    counting, counted = processor_seconds(lambda: count(ids), 2)
    return {
        "seconds": counting,
        "whole": counting + reading,
        "tokens": len(ids.word),
        "cells": cells(counted),
        "peak": peak_memory(),
    }


def sklearn_tokens(text: Path, _: str) -> dict[str, Any]:
    from sklearn.feature_extraction.text import CountVectorizer

    lines = read_lines(text)

    def count(some: list[str]) -> Any:
        return CountVectorizer(analyzer=str.split).fit_transform(some)

    count(lines[:10])
    seconds, matrix = processor_seconds(lambda: count(lines), 2)
    return {
        "seconds": seconds,
        "whole": seconds,
        "tokens": int(matrix.sum()),
        "cells": int(matrix.nnz),
        "peak": peak_memory(),
    }


CANDIDATES: dict[str, Callable[[Path, str], dict[str, Any]]] = {
    "bunsan_window": bunsan_window,
    "bunsan_tokens": bunsan_tokens,
    "sklearn_tokens": sklearn_tokens,
}


class Glove:
    """The programs of a build of GloVe, run in a temporary folder of their own."""

    def __init__(self, folder: str, scratch: Path) -> None:
        places = [Path(folder), Path(folder) / "build"]
        found = [place.resolve() for place in places if (place / "cooccur").exists()]
        if not found:
            raise SystemExit(f"no program `cooccur` in {folder} or {folder}/build")
        self.programs = found[0]
        self.scratch = scratch

    def prepare(self, text: Path) -> float:
        """Make the vocabulary of a text; returns the processor seconds, the better of two."""
        self.text = text
        options: list[object] = ["-min-count", 1]
        return min(self._run("vocab_count", options, "vocabulary.txt").seconds for _ in range(2))

    def cooccur(self, window: int, out: str) -> dict[str, Any]:
        """Processor seconds and peak memory (MB) of one run."""
        options = ["-memory", 4, "-vocab-file", "vocabulary.txt", "-window-size", window]
        options += ["-overflow-file", "overflow"]
        usages = [self._run("cooccur", options, out) for _ in range(2)]
        return {"seconds": min(usage.seconds for usage in usages), "peak": usages[0].peak}

    def _run(self, program: str, options: list[object], out: str) -> Usage:
        command = [self.programs / program, *options, "-verbose", 0]
        return run_program(command, self.scratch, self.text, out)

    def check(self, text: Path, window: int) -> None:
        """Stop if ours and theirs are not the same numbers on this text."""
        from bunsan.words.cooccurrence import add_counts, count_window

        self.prepare(text)
        self.cooccur(window, "counts.bin")
        theirs = np.fromfile(self.scratch / "counts.bin", RECORD)
        vocabulary = (self.scratch / "vocabulary.txt").read_text(encoding="utf-8").split("\n")
        ids = to_ids(text)
        place = {name: i for i, name in enumerate(ids.words)}
        id_of = np.array([-1, *(place[line.split(" ")[0]] for line in vocabulary if line)])
        every = np.arange(len(ids.words), dtype=np.int32)
        countable = np.ones(len(ids.words), np.bool_)
        counts = count_window(ids.word, ids.line, countable, window, "harmonic")
        ours = add_counts([(counts, 1)], every).tocoo()
        order = np.lexsort((id_of[theirs["b"]], id_of[theirs["a"]]))
        same = (
            ours.nnz == len(theirs)
            and np.array_equal(id_of[theirs["a"]][order], ours.row)
            and np.array_equal(id_of[theirs["b"]][order], ours.col)
            and np.allclose(theirs["weight"][order], ours.data, rtol=1e-6)
        )
        if not same:
            raise SystemExit("bunsan and cooccur do not count the same")


def row(name: str, measured: dict[str, Any], key: str, base: float) -> list[str]:
    seconds = measured[key]
    return [
        name,
        f"{seconds:.2f}",
        f"{measured['tokens'] / seconds / 1e6:.2f}",
        f"{measured['peak']:,.0f}",
        f"{base / seconds:.1f}",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--text", type=Path, default=WIKI, help="gzipped text, one sentence a line")
    parser.add_argument("--lines", type=int, help="only the first so many lines")
    parser.add_argument("--glove", help="a built checkout of GloVe")
    parser.add_argument("--candidate", help=argparse.SUPPRESS)
    parser.add_argument("--option", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.candidate:
        print(json.dumps(CANDIDATES[options.candidate](options.text, options.option)))
        return
    if not options.text.exists():
        raise SystemExit(f"{options.text} is not here; name a gzipped text with --text")

    headings = ["", "seconds", "M tokens/s", "peak MB", "times as fast"]
    print(f"{machine()}; {options.text.name}\n")
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        lines = read_lines(options.text, options.lines)
        text, few = scratch / "text.txt", scratch / "few.txt"
        for path, some in ((text, lines), (few, lines[:CHECKED_LINES])):
            path.write_text("".join(f"{line}\n" for line in some), encoding="utf-8")
        del lines, some

        def measure(candidate: str, option: str = "") -> dict[str, Any]:
            arguments = ["--text", str(text), "--candidate", candidate, "--option", option]
            return in_own_process(__file__, *arguments)

        glove = Glove(options.glove, scratch) if options.glove else None
        if glove is None:
            print("GloVe's cooccur is not compared: name a built checkout with --glove DIR.\n")
        else:
            for window in WINDOWS:
                glove.check(few, window)
            vocabulary = glove.prepare(text)
        for window in WINDOWS:
            ours = measure("bunsan_window", str(window))
            rows = []
            base = ours["whole"]
            if glove is not None:
                theirs = glove.cooccur(window, "/dev/null") | {"tokens": ours["tokens"]}
                base = theirs["seconds"]
                rows.append(row("GloVe cooccur, vocabulary at hand", theirs, "seconds", base))
                theirs["seconds"] += vocabulary
                rows.append(row("GloVe vocab_count and cooccur", theirs, "seconds", base))
            rows.append(row("bunsan, from text", ours, "whole", base))
            rows.append(row("bunsan, from a collection", ours, "seconds", base))
            print(f"Window of {window}: {ours['tokens']:,} tokens, {ours['cells']:,} pairs\n")
            print(markdown_table(headings, rows) + "\n")
        theirs, ours = measure("sklearn_tokens"), measure("bunsan_tokens")
    if (theirs["cells"], theirs["tokens"]) != (ours["cells"], ours["tokens"]):
        raise SystemExit("bunsan and CountVectorizer do not count the same")
    base = theirs["seconds"]
    rows = [
        row("CountVectorizer, from text", theirs, "seconds", base),
        row("bunsan, from text", ours, "whole", base),
        row("bunsan, from a collection", ours, "seconds", base),
    ]
    print(f"Words of each line: {ours['tokens']:,} tokens, {ours['cells']:,} cells\n")
    print(markdown_table(headings, rows))


if __name__ == "__main__":
    main()
