"""Scores of predictions as the field reports them, each with a bootstrap interval.

`score` of one system, `difference` of two on the same items. One file a kind of task: classes,
label_sets, numbers, spans, answers; `resampling` draws the items again, `result` is what comes out.
"""

from bunsan.measure.scores.result import Differences, Score, Scores
from bunsan.measure.scores.scoring import TASKS, difference, main_score, score

__all__ = ["TASKS", "Differences", "Score", "Scores", "difference", "main_score", "score"]
