"""Hierarchical softmax: a word is predicted by the turns on the way to it in a binary tree.

Mikolov et al. (2013), "Distributed Representations of Words and Phrases and their Compositionality",
section 2.1, after Morin & Bengio (2005): the probability of a word is the product over the inner
nodes on its path of s(+-node . input), plus where the word's code has 0. No noise is needed, and the
probabilities of all words sum to 1. A path's nodes with 0 come first in `Paths`, so the arithmetic
is that of negative sampling: the first rows are to be raised, the others lowered.
"""

import numpy as np
from numba import njit

from bunsan.words.training.rowops import dots, mean, prefetch_row, spread, steps, update
from bunsan.words.training.stream import (
    draw_reach,
    is_sampled,
    list_pieces,
    read_stretch,
)


@njit(nogil=True, cache=True)
def _list_path(model, paths, word, rows):  # type: ignore[no-untyped-def]
    """List the output rows on the way to a word; returns how many."""
    begin, end = paths.start[word], paths.start[word + 1]
    for k in range(begin, end):
        rows[k - begin] = model.outputs + np.int64(paths.nodes[k]) * model.stride
    return end - begin


@njit(nogil=True, cache=True)
def _add_loss(chances, left, n, loss):  # type: ignore[no-untyped-def]
    """Add the loss of one word: minus the logarithm of its probability."""
    for i in range(left):
        loss[0] -= np.log(np.float64(chances[i]))
    for i in range(left, n):
        loss[0] -= np.log1p(-np.float64(chances[i]))
    loss[1] += 1


@njit(nogil=True, cache=True)
def _prefetch_path(shape, model, paths, word):  # type: ignore[no-untyped-def]
    """Call for the nodes on the way to a word."""
    for k in range(paths.start[word], paths.start[word + 1]):
        prefetch_row(shape, model.memory, model.outputs + np.int64(paths.nodes[k]) * model.stride)


@njit(nogil=True, cache=True)
def train_skipgram_tree(shape, model, plan, worker, pieces, paths, ids, begin, stop, end, alpha):  # type: ignore[no-untyped-def]
    """Skip-gram: each word predicts the path of each word around it.

    `paths` are the ways to all words; all else as in `train_skipgram`.
    """
    memory, stride = model.memory, model.stride
    stretch, rows = worker.stretch, worker.rows
    hidden, error = worker.hidden[0], worker.error[0]
    at = begin
    while at < stop:
        at, n = read_stretch(ids, at, end, plan.keep, worker.state, stretch)
        for i in range(n):
            if i + plan.window + 1 < n:
                _prefetch_path(shape, model, paths, stretch[i + plan.window + 1])
            reach = draw_reach(worker.state, plan.window, plan.shrink)
            low, high = max(0, i - reach), min(n, i + reach + 1)
            if high - low < 2:
                continue
            sampled = is_sampled(worker.state)
            for j in range(low, high):
                if j == i:
                    continue
                m = _list_path(model, paths, stretch[j], rows)
                if pieces is None:
                    x = np.int64(stretch[i]) * stride
                    begin_sum, end_sum, inputs = x, x, 0
                else:
                    inputs = list_pieces(model, pieces, stretch[i], worker.inputs, 0)
                    x = hidden
                    mean(
                        shape,
                        memory,
                        worker.inputs,
                        inputs,
                        np.float32(1.0 / inputs),
                        x,
                    )
                    begin_sum, end_sum = worker.zero, error
                left = np.int64(paths.left[stretch[j]])
                dots(shape, memory, x, rows, m, worker.scores)
                steps(shape, worker.scores, left, m, worker.steps, alpha, np.float32(1.0))
                update(shape, memory, x, rows, m, worker.steps, begin_sum, end_sum)
                if pieces is not None:
                    spread(shape, memory, worker.inputs, inputs, np.float32(1.0), error)
                if sampled:
                    _add_loss(worker.scores, left, m, worker.loss)
    return at


@njit(nogil=True, cache=True)
def train_cbow_tree(shape, model, plan, worker, pieces, paths, ids, begin, stop, end, alpha):  # type: ignore[no-untyped-def]
    """CBOW: the mean of the words around predicts the path of the word there.

    `paths` are the ways to all words; all else as in `train_cbow`.
    """
    memory, stride = model.memory, model.stride
    stretch, rows = worker.stretch, worker.rows
    hidden, error = worker.hidden[0], worker.error[0]
    at = begin
    while at < stop:
        at, n = read_stretch(ids, at, end, plan.keep, worker.state, stretch)
        for i in range(n):
            if i + 1 < n:
                _prefetch_path(shape, model, paths, stretch[i + 1])
            reach = draw_reach(worker.state, plan.window, plan.shrink)
            inputs = 0
            for j in range(max(0, i - reach), min(n, i + reach + 1)):
                if j != i:
                    if pieces is None:
                        worker.inputs[inputs] = np.int64(stretch[j]) * stride
                        inputs += 1
                    else:
                        inputs = list_pieces(model, pieces, stretch[j], worker.inputs, inputs)
            if inputs == 0:
                continue
            m = _list_path(model, paths, stretch[i], rows)
            left = np.int64(paths.left[stretch[i]])
            factor = np.float32(1.0 / inputs if plan.mean else 1.0)
            mean(shape, memory, worker.inputs, inputs, factor, hidden)
            dots(shape, memory, hidden, rows, m, worker.scores)
            steps(shape, worker.scores, left, m, worker.steps, alpha, np.float32(1.0))
            update(shape, memory, hidden, rows, m, worker.steps, worker.zero, error)
            spread(shape, memory, worker.inputs, inputs, np.float32(1.0), error)
            if is_sampled(worker.state):
                _add_loss(worker.scores, left, m, worker.loss)
    return at
