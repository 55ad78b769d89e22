"""Counting: bunsan beside GloVe's `cooccur` and scikit-learn's CountVectorizer, on one thread.

    python benchmarks/counting.py [--text PATH] [--lines N] [--glove DIR]

All read the same text, one sentence a line, words divided by spaces, and count every word of it.

* Co-occurrence of words within a window, never across lines, weighted by 1/distance. `cooccur` (built
  in DIR, or DIR/build, of https://github.com/stanfordnlp/GloVe) reads the text and looks each word up
  in a vocabulary made before its clock starts; it writes its result to /dev/null. bunsan is timed from
  the text in memory to the sorted matrix, making the vocabulary as it goes, and once more without:
  a collection has its words as numbers already, so that is what counting costs in it. That both
  count the same is checked on the first lines.
* How often each word occurs in each line, as a sparse matrix. CountVectorizer splits the lines with
  `str.split`.

Each candidate runs in a process of its own. Times are processor times, the better of two runs,
without the time to compile or import; memory is the most a process had in use, the text and all
libraries included.
"""

import argparse
import gzip
import json
import os
import subprocess
import tempfile
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common import (
    SHARED_DATA,
    in_own_process,
    machine,
    markdown_table,
    peak_memory,
    processor_seconds,
)

WIKI = SHARED_DATA / "wiki_en" / "paragraphs_17m.txt.gz"
WINDOWS = (5, 10)
CHECKED_LINES = 3000
RECORD = np.dtype([("a", "<i4"), ("b", "<i4"), ("weight", "<f8")])


def read_lines(path: str, count: int | None) -> list[str]:
    with gzip.open(path, "rt", encoding="utf-8") as text:
        return [line.rstrip("\n") for line in islice(text, count)]


def to_ids(lines: list[str]) -> tuple[NDArray[np.int32], NDArray[np.int64], list[str]]:
    """Word ids in the order of first appearance, the token at which each line begins, the words."""
    import pyarrow as pa
    import pyarrow.compute as pc

    ids: dict[str, int] = {}
    parts, lengths = [], []
    for batch in (lines[i : i + 10_000] for i in range(0, len(lines), 10_000)):
        words = pc.ascii_split_whitespace(pc.ascii_trim_whitespace(pa.array(batch)))
        lengths.append(pc.list_value_length(words).to_numpy())
        encoded = words.flatten().dictionary_encode()
        place = [ids.setdefault(word, len(ids)) for word in encoded.dictionary.to_pylist()]
        parts.append(np.array(place, np.int32)[encoded.indices.to_numpy()])
    begin = np.cumsum(np.concatenate([[0], *lengths]), dtype=np.int64)
    return np.concatenate(parts), begin, list(ids)


def bunsan_window(lines: list[str], window: str) -> dict[str, Any]:
    from bunsan.words.cooccurrence import count_window

    def count(word: Any, sentence: Any) -> Any:
        countable = np.ones(int(word.max()) + 1, np.bool_)
        return count_window(word, sentence, countable, int(window), "harmonic")

    count(*to_ids(lines[:10])[:2])  # compiles
    reading, (word, sentence, _) = processor_seconds(lambda: to_ids(lines), 2)
    counting, pairs = processor_seconds(lambda: count(word, sentence), 2)
    return result(counting, reading, word, len(pairs.cols))


def bunsan_tokens(lines: list[str], _: str) -> dict[str, Any]:
    from bunsan.words.units import unit_incidence

    def count(word: Any, sentence: Any) -> Any:
        every = np.arange(int(word.max()) + 1, dtype=np.int32)
        return unit_incidence(word, sentence, every, counts=True)

    count(*to_ids(lines[:10])[:2])  # compiles
    reading, (word, sentence, _words) = processor_seconds(lambda: to_ids(lines), 2)
    counting, matrix = processor_seconds(lambda: count(word, sentence), 2)
    return result(counting, reading, word, matrix.nnz)


def sklearn_tokens(lines: list[str], _: str) -> dict[str, Any]:
    from sklearn.feature_extraction.text import CountVectorizer

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


def result(counting: float, reading: float, word: NDArray[np.int32], cells: int) -> dict[str, Any]:
    return {
        "seconds": counting,
        "whole": counting + reading,
        "tokens": len(word),
        "cells": cells,
        "peak": peak_memory(),
    }


CANDIDATES: dict[str, Callable[[list[str], str], dict[str, Any]]] = {
    "bunsan_window": bunsan_window,
    "bunsan_tokens": bunsan_tokens,
    "sklearn_tokens": sklearn_tokens,
}


class Glove:
    """The programs of a build of GloVe, run in a temporary folder of their own."""

    def __init__(self, folder: str, scratch: str) -> None:
        places = [Path(folder), Path(folder) / "build"]
        found = [place.resolve() for place in places if (place / "cooccur").exists()]
        if not found:
            raise SystemExit(f"no program `cooccur` in {folder} or {folder}/build")
        self.programs = found[0]
        self.scratch = Path(scratch)

    def prepare(self, lines: list[str]) -> None:
        text = "\n".join(lines) + "\n"
        (self.scratch / "text.txt").write_text(text, encoding="utf-8")
        self._run("vocab_count", ["-min-count", "1"], "vocabulary.txt")

    def cooccur(self, window: int, out: str) -> dict[str, Any]:
        """Processor seconds and peak memory (MB) of one run."""
        options = ["-memory", "4", "-vocab-file", "vocabulary.txt", "-window-size", str(window)]
        options += ["-overflow-file", "overflow"]
        usages = [self._run("cooccur", options, out) for _ in range(2)]
        seconds = min(usage.ru_utime + usage.ru_stime for usage in usages)
        return {"seconds": seconds, "peak": usages[0].ru_maxrss / 1e3}

    def _run(self, program: str, options: list[str], out: str) -> Any:
        with (self.scratch / "text.txt").open("rb") as text, (self.scratch / out).open("wb") as to:
            command = [str(self.programs / program), *options, "-verbose", "0"]
            child = subprocess.Popen(
                command, stdin=text, stdout=to, stderr=subprocess.DEVNULL, cwd=self.scratch
            )
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode:
            raise SystemExit(f"{program} ended with {child.returncode}")
        return usage

    def check(self, lines: list[str], window: int) -> None:
        """Stop if ours and theirs are not the same numbers on these lines."""
        from bunsan.words.cooccurrence import add_counts, count_window

        self.prepare(lines)
        self.cooccur(window, "counts.bin")
        theirs = np.fromfile(self.scratch / "counts.bin", RECORD)
        vocabulary = (self.scratch / "vocabulary.txt").read_text(encoding="utf-8").split("\n")
        word, sentence, names = to_ids(lines)
        place = {name: i for i, name in enumerate(names)}
        id_of = np.array([-1, *(place[line.split(" ")[0]] for line in vocabulary if line)])
        every = np.arange(len(names), dtype=np.int32)
        counts = count_window(word, sentence, np.ones(len(names), np.bool_), window, "harmonic")
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
    parser.add_argument("--text", default=str(WIKI), help="gzipped text, one sentence a line")
    parser.add_argument("--lines", type=int, help="only the first so many lines")
    parser.add_argument("--glove", help="a built checkout of GloVe")
    parser.add_argument("--candidate", help=argparse.SUPPRESS)
    parser.add_argument("--option", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.candidate:
        lines = read_lines(options.text, options.lines)
        print(json.dumps(CANDIDATES[options.candidate](lines, options.option)))
        return
    if not Path(options.text).exists():
        raise SystemExit(f"{options.text} is not here; name a gzipped text with --text")

    def measure(candidate: str, option: str = "") -> dict[str, Any]:
        arguments = ["--text", options.text, "--candidate", candidate, "--option", option]
        arguments += ["--lines", str(options.lines)] if options.lines else []
        return in_own_process(__file__, *arguments)

    headings = ["", "seconds", "M tokens/s", "peak MB", "times as fast"]
    print(f"{machine()}; {Path(options.text).name}\n")
    with tempfile.TemporaryDirectory() as scratch:
        glove = Glove(options.glove, scratch) if options.glove else None
        if glove is None:
            print("GloVe's cooccur is not compared: name a built checkout with --glove DIR.\n")
        else:
            lines = read_lines(options.text, options.lines)
            for window in WINDOWS:
                glove.check(lines[:CHECKED_LINES], window)
            glove.prepare(lines)
            del lines
        for window in WINDOWS:
            ours = measure("bunsan_window", str(window))
            rows = []
            base = ours["whole"]
            if glove is not None:
                theirs = glove.cooccur(window, "/dev/null") | {"tokens": ours["tokens"]}
                base = theirs["seconds"]
                rows.append(row("GloVe cooccur, from text", theirs, "seconds", base))
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
