"""CBOW with negative sampling: the words around a place, averaged, predict the word there.

Mikolov, Chen, Corrado & Dean (2013), "Efficient Estimation of Word Representations in Vector Space",
section 3.1, with the loss of "Distributed Representations" (2013), section 2.2. Two places next to
each other are trained together, and noise is shared in rings, as in
`bunsan.words.training.skipgram`; words around both are summed once. Several rings take turns, because
neighbouring places are alike, and the same noise against the same words teaches little. With
subwords, the mean is over all pieces of all words around.
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
    list_pieces_around,
    prefetch_pieces,
    read_stretch,
    refresh,
)


@njit(nogil=True, cache=True)
def train_cbow(shape, model, plan, worker, pieces, ids, begin, stop, end, alpha):  # type: ignore[no-untyped-def]
    """Train on `ids[begin:stop]`, and on to the end of the stretch in which `stop` lies.

    Parameters and result as of `train_skipgram`.
    """
    memory, stride, outputs = model.memory, model.stride, model.outputs
    window, stretch, inputs = plan.window, worker.stretch, worker.inputs
    scores, changes = worker.scores, worker.steps
    noise, weight = plan.ring, np.float32(plan.negative / plan.ring)
    nothing, one = np.float32(0), np.float32(1)
    x, y = worker.hidden
    gain_x, gain_y = worker.error
    at = begin
    while at < stop:
        at, n = read_stretch(ids, at, end, plan.keep, worker.state, stretch)
        for j in range(min(window + 2, n)):
            if pieces is None:
                prefetch_row(shape, memory, np.int64(stretch[j]) * stride)
            else:
                prefetch_pieces(shape, model, pieces, stretch[j])
        for i in range(0, n - (n == 1), 2):
            for j in range(i + 2, min(i + 4, n)):
                prefetch_row(shape, memory, outputs + np.int64(stretch[j]) * stride)
            for j in range(i + window + 2, min(i + window + 4, n)):
                if pieces is None:
                    prefetch_row(shape, memory, np.int64(stretch[j]) * stride)
                else:
                    prefetch_pieces(shape, model, pieces, stretch[j])
            rows, newest = refresh(shape, model, plan, worker)
            reach, pair = draw_reach(worker.state, window, plan.shrink), i + 1 < n
            if pieces is None:
                listed = list_around(stretch, n, i, reach, 0, stride, inputs, 0)
            else:
                listed = list_pieces_around(model, pieces, stretch, n, i, reach, worker)
            begin_y, end_x, m = listed
            rows[noise] = outputs + np.int64(stretch[i]) * stride
            targets, weight_y = noise + 1, nothing
            if pair:
                rows[noise + 1] = outputs + np.int64(stretch[i + 1]) * stride
                targets, weight_y = noise + 2, weight
            share_x, share_y = one, one
            if plan.mean:
                share_x, share_y = np.float32(1.0 / end_x), np.float32(1.0 / max(1, m - begin_y))
            pair_mean(shape, memory, inputs, begin_y, end_x, m, share_x, share_y, x, y)
            mean(shape, memory, inputs, 0, nothing, gain_x)
            mean(shape, memory, inputs, 0, nothing, gain_y)
            pair_dots(shape, memory, x, y, rows, targets, scores)
            pair_steps(
                shape,
                scores,
                noise,
                noise + 1,
                noise + 1,
                targets,
                changes,
                alpha,
                weight,
                weight_y,
            )
            pair_update(shape, memory, x, y, rows, targets, changes, gain_x, gain_y)
            # As the authors' program does, each word gets the whole of the error.
            pair_spread(shape, memory, inputs, begin_y, end_x, m, gain_x, gain_y)
            if is_sampled(worker.state):
                add_loss(scores, noise, noise + 1, newest, plan, worker.loss)
    return at
