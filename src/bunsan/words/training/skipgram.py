"""Skip-gram with negative sampling: each word predicts the words around it.

Mikolov et al. (2013), "Distributed Representations of Words and Phrases and their
Compositionality", section 2.2: for a word i and a word o near it, raise
log s(o . i) + sum over k words of noise n of log s(-n . i).

Two places next to each other and all words around them are trained together, with one set of noise,
from the numbers as they were before both (Ji, Satish, Li & Dubey 2016, "Parallelizing Word2Vec in
Shared and Distributed Memory", section 3): the arithmetic is a product of matrices rather than
single dot products, and a row serves two inputs each time it is loaded (see `pairops`). The two share
the draw of their window's reach, so most words around are around both. The noise is kept in a ring: at
each turn a few of its words are replaced, so most of its rows are in a near cache, and it is weighted
so that its expected sum is that of `negative` words for each pair. fastText (Bojanowski et al. 2017, section 3.2) has the mean of a word's pieces for input.
"""

import numpy as np
from numba import njit

from bunsan.words.training.pairops import pair_dots, pair_mean, pair_spread, pair_steps, pair_update
from bunsan.words.training.rowops import mean, prefetch_row
from bunsan.words.training.stream import (
    add_loss,
    draw_reach,
    is_sampled,
    list_around,
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
    window, stretch, inputs = plan.window, worker.stretch, worker.inputs
    scores, changes = worker.scores, worker.steps
    noise, weight = plan.ring, np.float32(plan.negative / plan.ring)
    nothing = np.float32(0)
    at = begin
    while at < stop:
        at, n = read_stretch(ids, at, end, plan.keep, worker.state, stretch)
        for j in range(min(window + 2, n)):
            prefetch_row(shape, memory, outputs + np.int64(stretch[j]) * stride)
        for i in range(0, n - (n == 1), 2):
            for j in range(i + window + 2, min(i + window + 4, n)):
                prefetch_row(shape, memory, outputs + np.int64(stretch[j]) * stride)
            for j in range(i + 2, min(i + 4, n)):
                if pieces is None:
                    prefetch_row(shape, memory, np.int64(stretch[j]) * stride)
                else:
                    prefetch_pieces(shape, model, pieces, stretch[j])
            rows, newest = refresh(shape, model, plan, worker)
            reach, pair = draw_reach(worker.state, window, plan.shrink), i + 1 < n
            listed = list_around(stretch, n, i, reach, outputs, stride, rows, noise)
            begin_y, end_x, m = listed

            if pieces is None:
                x = np.int64(stretch[i]) * stride
                y = np.int64(stretch[i + 1]) * stride if pair else worker.zero
                gain_x, gain_y, n_x, n_y = x, y, 0, 0
            else:
                x, y = worker.hidden
                gain_x, gain_y = worker.error
                n_x = list_pieces(model, pieces, stretch[i], inputs, 0)
                n_y = list_pieces(model, pieces, stretch[i + 1], inputs, n_x) if pair else n_x
                share_x, share_y = np.float32(1.0 / n_x), np.float32(1.0 / max(1, n_y - n_x))
                pair_mean(shape, memory, inputs, n_x, n_x, n_y, share_x, share_y, x, y)
                mean(shape, memory, inputs, 0, nothing, gain_x)
                mean(shape, memory, inputs, 0, nothing, gain_y)
            weight_x, weight_y = weight * (end_x - noise), weight * (m - begin_y)
            pair_dots(shape, memory, x, y, rows, m, scores)
            pair_steps(shape, scores, noise, begin_y, end_x, m, changes, alpha, weight_x, weight_y)
            pair_update(shape, memory, x, y, rows, m, changes, gain_x, gain_y)
            if pieces is not None:
                pair_spread(shape, memory, inputs, n_x, n_x, n_y, gain_x, gain_y)
            if is_sampled(worker.state):
                add_loss(scores, noise, end_x, newest, plan, worker.loss)
    return at
