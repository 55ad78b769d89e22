"""What every kernel does between the arithmetic: reading ids, drawing at random, sharing noise.

All that a kernel remembers between two calls is in the arrays of its `Worker`, so training can be
put down and taken up again at any call. Random numbers come from a linear congruential generator
(Knuth, The Art of Computer Programming, volume 2, section 3.3.4, MMIX); its high bits are used.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from bunsan.words.rows import prefetch
from bunsan.words.training.pairops import first_of
from bunsan.words.training.rowops import prefetch_row

# Words of one stretch that are trained together, after skipping; longer stretches are cut.
LONGEST = 4096
# Losses are taken at one place in so many.
_LOSS_EVERY = np.uint64(1 << 9)

_TABLE_AHEAD = 64

# Places in `Worker.state`.
RANDOM, TABLE, RING, OLDEST, PLACES = 0, 1, 2, 3, 4


class Model(NamedTuple):
    """The numbers being learned, and where rows lie in them (places count floats).

    memory : float32, all rows. stride : floats from one row to the next. outputs : the first output
    row; input rows begin at 0.
    """

    memory: NDArray[np.float32]
    stride: int
    outputs: int


class Plan(NamedTuple):
    """What stays the same throughout.

    keep : uint32[V], thresholds of the words. table : int32, noise, its length a power of 2.
    window, shrink : the reach, and whether each place draws its own. ring, fresh : words in a ring of
    noise, and how many are replaced at each turn. negative : the weight of all noise for one word
    that was there. mean : divide by the number of words around (CBOW).
    """

    keep: NDArray[np.uint32]
    table: NDArray[np.int32]
    window: int
    shrink: bool
    ring: int
    fresh: int
    negative: float
    mean: bool


class Worker(NamedTuple):
    """One thread's state and scratch.

    state : uint64[5], the random number, the place in the table, the ring whose turn is next, the
    place of its oldest word, turns so far. rings : int64[R, ring + room], rows of the shared noise,
    with room behind for the rows that are trained against it. loss : float64[2], sum and number of
    sampled losses.
    The rest is overwritten at each call: stretch : int32[LONGEST]; inputs, rows : int64, lists of
    rows; scores, steps : float32; hidden, error : places of two rows each of the thread's own, one
    for each of two inputs; zero : that of a row of zeros.
    """

    state: NDArray[np.uint64]
    rings: NDArray[np.int64]
    loss: NDArray[np.float64]
    stretch: NDArray[np.int32]
    inputs: NDArray[np.int64]
    rows: NDArray[np.int64]
    scores: NDArray[np.float32]
    steps: NDArray[np.float32]
    hidden: tuple[int, int]
    error: tuple[int, int]
    zero: int


@njit(nogil=True, cache=True)
def draw(state):  # type: ignore[no-untyped-def]
    """32 random bits."""
    number = state[RANDOM] * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)
    state[RANDOM] = number
    return np.uint32(number >> np.uint64(32))


@njit(nogil=True, cache=True)
def draw_reach(state, window, shrink):  # type: ignore[no-untyped-def]
    """How far the window reaches at this place: 1 to `window`, all equally likely."""
    if not shrink:
        return window
    return window - np.int64((np.uint64(draw(state)) * np.uint64(window)) >> np.uint64(32))


@njit(nogil=True, cache=True)
def read_stretch(ids, begin, end, keep, state, stretch):  # type: ignore[no-untyped-def]
    """Words up to the next border, frequent ones skipped at random.

    Returns the place to read on from and the number of words in `stretch`.
    """
    n = 0
    at = begin
    number = state[RANDOM]
    while at < end and n < LONGEST:
        word = ids[at]
        at += 1
        if word < 0:
            break
        number = number * np.uint64(6364136223846793005) + np.uint64(1442695040888963407)
        stretch[n] = word
        # Kept or not: no branch, which could not be predicted.
        n += np.uint32(number >> np.uint64(32)) <= keep[word]
    state[RANDOM] = number
    return at, n


@njit(nogil=True, cache=True)
def list_around(stretch, n, i, reach, base, stride, rows, at):  # type: ignore[no-untyped-def]
    """List the words around places i and i + 1, which is there unless i is the last of n.

    A word w is listed in `rows` from place `at` on, as base + w stride, in this order: those around
    place i alone (place i + 1 among them), those around both, those around i + 1 alone. Returns
    where the words around i + 1 begin, where those around i end, and where the list ends.
    """
    m = at
    pair = i + 1 < n
    if i - reach >= 0:
        rows[m] = base + np.int64(stretch[i - reach]) * stride
        m += 1
    if pair:
        rows[m] = base + np.int64(stretch[i + 1]) * stride
        m += 1
    begin_y = m
    for j in range(max(0, i - reach + 1), i):
        rows[m] = base + np.int64(stretch[j]) * stride
        m += 1
    for j in range(i + 2, min(n, i + reach + 1)):
        rows[m] = base + np.int64(stretch[j]) * stride
        m += 1
    end_x = m
    if pair:
        rows[m] = base + np.int64(stretch[i]) * stride
        m += 1
        if i + 1 + reach < n:
            rows[m] = base + np.int64(stretch[i + 1 + reach]) * stride
            m += 1
    else:
        begin_y = m  # there is no place i + 1, and nothing around it
    return begin_y, end_x, m


@njit(nogil=True, cache=True)
def noise_row(model, plan, place):  # type: ignore[no-untyped-def]
    """The output row of the noise word at a place of the table, which goes on from its end."""
    word = plan.table[place & (plan.table.size - 1)]
    return model.outputs + np.int64(word) * model.stride


@njit(nogil=True, cache=True)
def refresh(shape, model, plan, worker):  # type: ignore[no-untyped-def]
    """Replace the oldest words in the ring whose turn it is, and call for those of two turns on.

    Returns the ring, with room behind it, and the place of the first of the new words.
    """
    state, size, place = worker.state, plan.ring, np.int64(worker.state[TABLE])
    turn, oldest = np.int64(state[RING]), np.int64(state[OLDEST])
    ring, at = worker.rings[turn], oldest
    for k in range(plan.fresh):
        ring[at] = noise_row(model, plan, place + k)
        prefetch_row(shape, model.memory, noise_row(model, plan, place + k + 2 * plan.fresh))
        at += 1
        if at == size:
            at -= size
    # The table is larger than any cache and is read too slowly for the processor to notice that it
    # is read in order.
    prefetch(plan.table, (place + _TABLE_AHEAD) & (plan.table.size - 1))
    state[TABLE] = place + plan.fresh
    if turn + 1 < worker.rings.shape[0]:
        state[RING] = turn + 1
    else:
        state[RING], state[OLDEST] = 0, at
    return ring, oldest


@njit(nogil=True, cache=True)
def is_sampled(state):  # type: ignore[no-untyped-def]
    """Whether the loss is taken at this turn; counts the turn."""
    places = state[PLACES]
    state[PLACES] = places + np.uint64(1)
    return places % _LOSS_EVERY == np.uint64(0)


@njit(nogil=True, cache=True)
def add_loss(chances, noise, end_x, newest, plan, loss):  # type: ignore[no-untyped-def]
    """Add the loss of each word around the first place, with its share of the noise (section 2.2, (4)).

    The list of rows begins with `noise` words of noise, those around the first place go on to end_x.
    Only the noise words that are new here are looked at: the others have just been trained against
    words around here, and would make the loss look small.
    """
    for i in range(noise, end_x):
        loss[0] -= np.log(np.float64(chances[first_of(i)]))
    weight = plan.negative * (end_x - noise) / plan.fresh
    for k in range(plan.fresh):
        loss[0] -= weight * np.log1p(-np.float64(chances[first_of((newest + k) % noise)]))
    loss[1] += end_x - noise


@njit(nogil=True, cache=True)
def list_pieces(model, pieces, word, inputs, n):  # type: ignore[no-untyped-def]
    """Append the input rows a word is made of: its own and those of its n-grams."""
    inputs[n] = np.int64(word) * model.stride
    n += 1
    start, row = pieces
    for k in range(start[word], start[word + 1]):
        inputs[n] = row[k]
        n += 1
    return n


@njit(nogil=True, cache=True)
def list_pieces_around(model, pieces, stretch, n, i, reach, worker):  # type: ignore[no-untyped-def]
    """`list_around` with all pieces of each word, into `worker.inputs`."""
    words = worker.rows
    words_y, words_x, count = list_around(stretch, n, i, reach, 0, 1, words, 0)
    begin_y, end_x, m = 0, 0, 0
    for k in range(count):
        m = list_pieces(model, pieces, words[k], worker.inputs, m)
        if k < words_y:
            begin_y = m
        if k < words_x:
            end_x = m
    return begin_y, end_x, m


@njit(nogil=True, cache=True)
def prefetch_pieces(shape, model, pieces, word):  # type: ignore[no-untyped-def]
    """Call for the rows a word is made of."""
    prefetch_row(shape, model.memory, np.int64(word) * model.stride)
    start, row = pieces
    for k in range(start[word], start[word + 1]):
        prefetch_row(shape, model.memory, row[k])
