"""CBOW with negative sampling: the words around a place, averaged, predict the word there.

Mikolov, Chen, Corrado & Dean (2013), "Efficient Estimation of Word Representations in Vector Space",
section 3.1, with the loss of "Distributed Representations" (2013), section 2.2. Noise is shared in a
ring as in `bunsan.words.training.skipgram`. With subwords, the mean is over all pieces of all words
around.
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
def train_cbow(shape, model, plan, worker, pieces, ids, begin, stop, end, alpha):  # type: ignore[no-untyped-def]
    """Train on `ids[begin:stop]`, and on to the end of the stretch in which `stop` lies.

    Parameters and result as of `train_skipgram`.
    """
    memory, stride, outputs = model.memory, model.stride, model.outputs
    window, stretch, rows = plan.window, worker.stretch, worker.rows
    rings, hidden, error = worker.rings, worker.hidden[0], worker.error[0]
    at = begin
    while at < stop:
        at, n = read_stretch(ids, at, end, plan.keep, worker.state, stretch)
        for j in range(min(window + 1, n)):
            if pieces is None:
                prefetch_row(shape, memory, np.int64(stretch[j]) * stride)
            else:
                prefetch_pieces(shape, model, pieces, stretch[j])
        for i in range(n):
            if i + 2 < n:
                prefetch_row(shape, memory, outputs + np.int64(stretch[i + 2]) * stride)
            if i + window + 1 < n:
                if pieces is None:
                    prefetch_row(shape, memory, np.int64(stretch[i + window + 1]) * stride)
                else:
                    prefetch_pieces(shape, model, pieces, stretch[i + window + 1])
            reach = draw_reach(worker.state, window, plan.shrink)
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
            first, ring, newest = refresh(shape, model, plan, worker)
            rows[0] = outputs + np.int64(stretch[i]) * stride
            for k in range(ring):
                rows[1 + k] = rings[first + k]
            m = 1 + ring
            weight = np.float32(plan.negative / ring)
            factor = np.float32(1.0 / inputs if plan.mean else 1.0)
            mean(shape, memory, worker.inputs, inputs, factor, hidden)
            dots(shape, memory, hidden, rows, m, worker.scores)
            steps(shape, worker.scores, 1, m, worker.steps, alpha, weight)
            update(shape, memory, hidden, rows, m, worker.steps, worker.zero, error)
            # As the authors' program does, each word gets the whole of the error.
            spread(shape, memory, worker.inputs, inputs, np.float32(1.0), error)
            if is_sampled(worker.state):
                add_loss(worker.scores, 1, 1, newest, ring, plan, worker.loss)
    return at
