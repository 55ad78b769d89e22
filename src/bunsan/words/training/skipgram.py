"""Skip-gram with negative sampling: each word predicts the words around it.

Mikolov et al. (2013), "Distributed Representations of Words and Phrases and their
Compositionality", section 2.2: for a word i and a word o near it, raise
log s(o . i) + sum over k words of noise n of log s(-n . i).

Two places next to each other and all words around them are trained together, with one set of noise,
from the numbers as they were before both (Ji, Satish, Li & Dubey 2016, "Parallelizing Word2Vec in
Shared and Distributed Memory", section 3): the arithmetic is a product of matrices rather than
single dot products, and a row serves two inputs each time it is loaded (see `pairops`). The two share
the draw of their window's reach, so most words around are around both. The noise is kept in rings: at
each turn a few words of one ring are replaced, so most of its rows are in a near cache, and it is
weighted so that its expected sum is that of `negative` words for each pair. Several rings take turns,
because neighbouring places are alike, and the same noise against the same words teaches little.
fastText (Bojanowski et al. 2017, section 3.2) has the mean of a word's pieces for input.
"""

import numpy as np
from numba import njit

from bunsan.words.training.pairops import pair_dots, pair_update
from bunsan.words.training.rowops import mean, prefetch_row, spread, steps
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
    gap = worker.scores.size // 2
    scores_y, steps_y = worker.scores[gap:], worker.steps[gap:]
    nothing, one = np.float32(0), np.float32(1)
    at = begin
    while at < stop:
        at, n = read_stretch(ids, at, end, plan.keep, worker.state, stretch)
        for j in range(min(window + 2, n)):
            prefetch_row(shape, memory, outputs + np.int64(stretch[j]) * stride)
        for i in range(0, n, 2):
            for j in range(i + window + 2, min(i + window + 4, n)):
                prefetch_row(shape, memory, outputs + np.int64(stretch[j]) * stride)
            for j in range(i + 2, min(i + 4, n)):
                if pieces is None:
                    prefetch_row(shape, memory, np.int64(stretch[j]) * stride)
                else:
                    prefetch_pieces(shape, model, pieces, stretch[j])
            reach = draw_reach(worker.state, window, plan.shrink)
            # Words around the first place alone, around both, around the second alone.
            pair = i + 1 < n
            m = 0
            if i - reach >= 0:
                rows[m] = outputs + np.int64(stretch[i - reach]) * stride
                m += 1
            if pair:
                rows[m] = outputs + np.int64(stretch[i + 1]) * stride
                m += 1
            begin_y = m
            for j in range(max(0, i - reach + 1), i):
                rows[m] = outputs + np.int64(stretch[j]) * stride
                m += 1
            for j in range(i + 2, min(n, i + reach + 1)):
                rows[m] = outputs + np.int64(stretch[j]) * stride
                m += 1
            end_x = m
            if end_x == 0:
                continue
            if pair:
                rows[m] = outputs + np.int64(stretch[i]) * stride
                m += 1
                if i + 1 + reach < n:
                    rows[m] = outputs + np.int64(stretch[i + 1 + reach]) * stride
                    m += 1
            noise = m
            first, ring, newest = refresh(shape, model, plan, worker)
            for k in range(ring):
                rows[m + k] = rings[first + k]
            m += ring
            weight = np.float32(plan.negative / ring)

            if pieces is None:
                x = np.int64(stretch[i]) * stride
                y = np.int64(stretch[i + 1]) * stride if pair else worker.zero
                gain_x, gain_y, n_x, n_y = x, y, 0, 0
            else:
                x, y = worker.hidden
                gain_x, gain_y = worker.error
                n_x = list_pieces(model, pieces, stretch[i], worker.inputs, 0)
                mean(shape, memory, worker.inputs, n_x, np.float32(1.0 / n_x), x)
                mean(shape, memory, worker.inputs, 0, nothing, gain_x)
                inputs_y = worker.inputs[n_x:]
                if pair:
                    n_y = list_pieces(model, pieces, stretch[i + 1], inputs_y, 0)
                    mean(shape, memory, inputs_y, n_y, np.float32(1.0 / n_y), y)
                else:
                    n_y, y = 0, worker.zero
                mean(shape, memory, inputs_y, 0, nothing, gain_y)
            pair_dots(shape, memory, x, y, rows, m, worker.scores, gap)
            steps(shape, worker.scores, noise, m, worker.steps, alpha, weight * end_x)
            for k in range(end_x, noise):
                worker.steps[k] = 0
            if pair:
                steps(
                    shape,
                    scores_y,
                    noise,
                    m,
                    steps_y,
                    alpha,
                    weight * (noise - begin_y),
                )
                for k in range(begin_y):
                    steps_y[k] = 0
            else:
                for k in range(m):
                    steps_y[k] = 0
            pair_update(shape, memory, x, y, rows, m, worker.steps, gap, gain_x, gain_y)
            if pieces is not None:
                spread(shape, memory, worker.inputs, n_x, one, gain_x)
                spread(shape, memory, inputs_y, n_y, one, gain_y)
            if is_sampled(worker.state):
                add_loss(worker.scores, end_x, noise, newest, ring, plan, worker.loss)
    return at
