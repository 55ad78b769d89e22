"""The tables of `words.py`: Markdown from its records.

How far skip-gram is from the machine's limits is reckoned from expected counts, per epoch: P places
(words kept by sub-sampling), N pairs (a place and a word in its window), R words of noise at a place.
A place's row is multiplied with N/P + R rows of d numbers, then added to each of them and each of
them to it: three multiply-adds for each number of such a row, so

    operations = 6 d (N + R P), counting a multiply-add as two.

Two places are trained together. With some words around only one of the two, more is multiplied than
that: what is of no use is not counted. A place touches 2 + F/2 rows that a near cache may not hold: its
own, that of the word which enters the window, and half of the F fresh ones of noise that the two
share. Each is read and written back, so memory is asked for at most

    bytes = 2 (2 + F/2) P B, B being the bytes of a row.
"""

from itertools import groupby
from typing import Any

import numpy as np

from common import markdown_table
from words_candidates import CANDIDATES, DIM

Record = dict[str, Any]
STAGES = ("vocabulary", "counting", "arranging", "training")
TITLES = {"skipgram": "skip-gram", "cbow": "CBOW", "fasttext": "fastText", "glove": "GloVe"}


def tables(records: list[Record]) -> str:
    """All tables of some records, one for each text, method, epochs and threads."""

    def place(record: Record) -> tuple[Any, ...]:
        method = list(CANDIDATES).index(record["method"])
        names = ("words", "text", "epochs", "threads")
        return record["language"], method, *(record[name] for name in names)

    limits = [record["result"] for record in records if record["kind"] == "limits"]
    trained = sorted((record for record in records if record["kind"] == "training"), key=place)
    parts = []
    for _, group in groupby(trained, place):
        seeds = list(group)
        rows: dict[str, list[Record]] = {}
        for name in CANDIDATES[seeds[0]["method"]]:
            if same := [record for record in seeds if record["candidate"] == name]:
                rows[name] = same
        parts.append(_method(rows, limits[-1] if limits else None))
    return "\n\n".join(parts)


def _mean(records: list[Record], name: str) -> dict[str, float]:
    """The mean of each number of a part of the results."""
    results = [record["result"][name] for record in records]
    return {key: float(np.mean([result[key] for result in results])) for key in results[0]}


def _learning(seconds: dict[str, float]) -> float:
    """Seconds after the vocabulary."""
    return sum(seconds.values()) - seconds["vocabulary"]


def _method(rows: dict[str, list[Record]], limits: dict[str, float] | None) -> str:
    first = next(iter(rows.values()))[0]
    words = first["words"] * first["epochs"]
    ours = _mean(rows["bunsan"], "seconds") if "bunsan" in rows else None
    tests = list(first["result"]["quality"])
    body, stages = [], []
    for name, records in rows.items():
        seconds = _mean(records, "seconds")
        learning, whole = _learning(seconds), sum(seconds.values())
        faster, whole_faster = "", ""
        if ours is not None:
            faster = f" ({learning / _learning(ours):.1f})"
            whole_faster = f" ({whole / sum(ours.values()):.1f})"
        cells = [f"{words / learning / 1e3:,.0f}{faster}", f"{whole:,.1f}{whole_faster}"]
        peak = max(record["result"]["peak"] for record in records)
        scores = [_score([record["result"]["quality"][test] for record in records])
                  for test in tests]  # fmt: skip
        body.append([name, *cells, f"{peak:,.0f}", *scores])
        stages.append(
            [name]
            + [
                f"{seconds[stage]:.1f}" + (f" ({seconds[stage] / ours[stage]:.1f})" if ours else "")
                for stage in STAGES
                if stage in seconds
            ]
        )
    title = f"{TITLES[first['method']]}, {first['text']}: {first['words']:,} words, "
    title += f"{first['epochs']} epochs, {first['threads']} threads"
    headings = ["", "k words/s", "whole s", "peak MB"]
    headings += [_heading(test, first["result"]["quality"][test]) for test in tests]
    parts = [f"### {title}", markdown_table(headings, body)]
    parts.append("In brackets: times as long as bunsan; after accuracies, 95 % intervals.")
    others = [
        f"{name} {max(record['result']['others'] for record in records):.1f}"
        for name, records in rows.items()
        if all("others" in record["result"] for record in records)
    ]
    if others:
        parts.append(f"Processors at other work meanwhile: {', '.join(others)}.")
    if first["method"] == "glove":
        names = [f"{stage} s" for stage in STAGES]
        parts.append(markdown_table(["", *names], stages))
    if len(rows.get("bunsan", [])) > 1:
        parts.append(_seeds(rows["bunsan"], tests))
    if first["method"] == "skipgram" and limits is not None and "bunsan" in rows:
        parts.append(_limits(rows["bunsan"], limits))
    return "\n\n".join(parts)


def _heading(test: str, score: list[float]) -> str:
    asked = int(score[-1])
    return f"{test} ({asked:,})"


def _value(score: list[float]) -> float:
    """A share of [right, asked], or a coefficient of [coefficient, low, high, pairs]."""
    if len(score) == 2:
        return 100 * score[0] / score[1] if score[1] else float("nan")
    return score[0]


def _score(scores: list[list[float]]) -> str:
    """The mean over seeds, with the mean interval."""
    from bunsan.measure.accuracy import Accuracy

    value = float(np.mean([_value(score) for score in scores]))
    if len(scores[0]) == 2:
        bounds = np.mean([Accuracy(int(r), int(n)).interval() for r, n in scores], 0) * 100
        return f"{value:.1f} ({bounds[0]:.1f}–{bounds[1]:.1f})"
    bounds = np.mean([score[1:3] for score in scores], 0)
    return f"{value:.3f} ({bounds[0]:.3f}–{bounds[1]:.3f})"


def _seeds(records: list[Record], tests: list[str]) -> str:
    parts = []
    for test in tests:
        values = [_value(record["result"]["quality"][test]) for record in records]
        digits = 1 if len(records[0]["result"]["quality"][test]) == 2 else 3
        low, mean, high = (f"{f(values):.{digits}f}" for f in (np.min, np.mean, np.max))
        parts.append(f"{test} {mean} ({low}–{high})")
    return f"bunsan over {len(records)} seeds, mean and range: {', '.join(parts)}."


def _limits(records: list[Record], limits: dict[str, float]) -> str:
    facts = records[0]["result"]["facts"]
    seconds = _mean(records, "seconds")["training"] / records[0]["epochs"]
    places, pairs = facts["places"], facts["pairs"]
    operations = 6 * DIM * (pairs + facts["ring"] * places) / seconds / 1e9
    moved = 2 * (2 + facts["fresh"] / 2) * places * facts["row_bytes"] / seconds / 1e9
    return (
        f"One thread of this machine: {limits['read']:.1f} GB/s read, {limits['copied']:.1f} GB/s "
        f"copied, {limits['gflops']:.0f} GFLOP/s. bunsan's skip-gram, a second of processor time: "
        f"{pairs / seconds / 1e6:.2f} M pairs at {places / seconds / 1e6:.2f} M places, "
        f"{6 * DIM * (pairs + facts['ring'] * places) / pairs:,.0f} operations a pair, "
        f"{operations:.1f} GFLOP/s ({operations / limits['gflops']:.0%}); from memory at most "
        f"{moved:.1f} GB/s ({moved / limits['copied']:.0%} of what is copied)."
    )
