"""Skip-gram with negative sampling: each word predicts the words around it.

Mikolov et al. (2013), "Distributed Representations of Words and Phrases and their
Compositionality", section 2.2: for a word i and a word o near it, raise
log s(o . i) + sum over k words of noise n of log s(-n . i).

All words around one place are trained together, with one set of noise (Ji, Satish, Li & Dubey 2016,
"Parallelizing Word2Vec in Shared and Distributed Memory", section 3): the input row is loaded once,
and the arithmetic is a product of a matrix and a vector rather than single dot products. The noise
is kept in rings: at each place a few words of one ring are replaced, so most of its rows are in a
near cache, and it is weighted so that its expected sum is that of `negative` words for each pair.
Several rings take turns, because neighbouring places are alike, and the same noise against the same
words teaches little. fastText (Bojanowski et al. 2017, section 3.2) has the mean of a word's pieces
for input.
"""

import numpy as np
from numba import njit

from bunsan.words.training.rowops import dots, mean, prefetch_row, spread, steps, update
from bunsan.words.training.stream import (
    add_loss,
    draw_reach,
    is_sampled,
    list_pieces,
    prefetch_pieces,
    read_stretch,
    refresh,
)


@njit(nogil=True, cache=True)
def train_skipgram(shape, model, plan, worker, pieces, ids, begin, stop, end, alpha):  # type: ignore[no-untyped-def]
    """Train on `ids[begin:stop]`, and on to the end of the stretch in which `stop` lies.

    Parameters
    ----------
    shape, model, plan, worker : as described at their classes.
    pieces : None, or int64[V+1] and int64, the rows of the n-grams of each word.
    ids : int32, words in reading order, -1 at the end of a stretch. begin, stop, end : places there;
        nothing is read from `end` on.
    alpha : float32, the learning rate.

    Returns the place to go on from.
    """
    memory, stride, outputs = model.memory, model.stride, model.outputs
    window, stretch, rows = plan.window, worker.stretch, worker.rows
    rings = worker.rings
    at = begin
    while at < stop:
        at, n = read_stretch(ids, at, end, plan.keep, worker.state, stretch)
        for j in range(min(window + 1, n)):
            prefetch_row(shape, memory, outputs + np.int64(stretch[j]) * stride)
        for i in range(n):
            if i + window + 1 < n:
                prefetch_row(shape, memory, outputs + np.int64(stretch[i + window + 1]) * stride)
            if pieces is None:
                if i + 2 < n:
                    prefetch_row(shape, memory, np.int64(stretch[i + 2]) * stride)
            elif i + 1 < n:
                prefetch_pieces(shape, model, pieces, stretch[i + 1])
            reach = draw_reach(worker.state, window, plan.shrink)
            m = 0
            for j in range(max(0, i - reach), min(n, i + reach + 1)):
                rows[m] = outputs + np.int64(stretch[j]) * stride
                m += j != i
            if m == 0:
                continue
            positives = m
            first, ring, newest = refresh(shape, model, plan, worker)
            for k in range(ring):
                rows[m + k] = rings[first + k]
            m += ring
            weight = np.float32(plan.negative * positives / ring)

            if pieces is None:
                x = np.int64(stretch[i]) * stride
                begin_sum, end_sum, inputs = x, x, 0
            else:
                inputs = list_pieces(model, pieces, stretch[i], worker.inputs, 0)
                x = worker.hidden
                mean(shape, memory, worker.inputs, inputs, np.float32(1.0 / inputs), x)
                begin_sum, end_sum = worker.zero, worker.error
            dots(shape, memory, x, rows, m, worker.scores)
            steps(shape, worker.scores, positives, m, worker.steps, alpha, weight)
            update(shape, memory, x, rows, m, worker.steps, begin_sum, end_sum)
            if pieces is not None:
                spread(shape, memory, worker.inputs, inputs, np.float32(1.0), worker.error)
            if is_sampled(worker.state):
                add_loss(worker.scores, positives, newest, ring, plan, worker.loss)
    return at
