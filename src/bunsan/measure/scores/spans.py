"""Spans with types, such as names of persons and places in a text."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from bunsan.measure.scores.classes import ordered, plain
from bunsan.measure.scores.counted import LabelCounts
from bunsan.measure.scores.resampling import Floats

Span = tuple[int, int, Any]


class Spans(LabelCounts):
    """precision, recall and f1 of all spans together (micro), as seqeval gives them in strict mode.

    Parameters
    ----------
    truth, predicted : [n], the spans of each text: (begin, end, type). A span is right when all
        three are; one that is given twice counts once.

    Tjong Kim Sang & De Meulder (2003), "Introduction to the CoNLL-2003 shared task", § 2.4. A text
    without spans weighs nothing; where there are no spans at all every score is 0.
    """

    def __init__(self, truth: Sequence[Iterable[Any]], predicted: Sequence[Iterable[Any]]) -> None:
        pairs = [(_spans(t), _spans(p)) for t, p in zip(truth, predicted, strict=True)]
        self.labels = ordered({span[2] for t, p in pairs for span in (*t, *p)})
        self.types, self.n_types = np.arange(len(pairs)), len(pairs)
        self.true = self._counts([t for t, _ in pairs])
        self.predicted = self._counts([p for _, p in pairs])
        self.both = self._counts([t & p for t, p in pairs])

    def at(self, weights: Floats) -> dict[str, Floats]:
        """See `Measure`."""
        return dict(
            zip(("precision", "recall", "f1"), self.micro(*self.counts(weights)), strict=True)
        )

    def _counts(self, texts: Sequence[set[Span]]) -> Any:
        number = {label: i for i, label in enumerate(self.labels)}
        cells = [
            (number[label], i, count)
            for i, spans in enumerate(texts)
            for label, count in Counter(span[2] for span in spans).items()
        ]
        rows, columns, counts = zip(*cells, strict=True) if cells else ((), (), ())
        shape = (len(self.labels), self.n_types)
        places = (np.array(rows, np.int64), np.array(columns, np.int64))
        return csr_array((np.array(counts, np.float64), places), shape=shape)


def _spans(spans: Iterable[Any]) -> set[Span]:
    return {(int(begin), int(end), plain(label)) for begin, end, label in spans}
