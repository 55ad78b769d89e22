"""Attention within texts that lie one after another, without padding and without masks.

Letters in shapes:  t tokens of all texts · h heads · e head width
"""

from typing import Any

from numba import njit
from numpy import float32

from bunsan.models.encoding.rowwise import LOOSE, exponential, greatest
from bunsan.models.encoding.tiles import columns_of, rows_of, tile_put

QUERIES = 48  # queries whose scores are computed at a time: they stay in the cache of the core


@njit(nogil=True, cache=True, error_model="numpy")
def _pack_keys(tile: Any, source: Any, at: int, stride: int, n: int, e: int, out: Any) -> None:
    """n rows of e numbers as panels (n / columns, e, columns): their transpose, packed."""
    columns = columns_of(tile)
    panels = (n + columns - 1) // columns
    for p in range(panels):
        panel = out[p * columns * e : (p + 1) * columns * e]
        for j in range(columns):
            row = p * columns + j
            if row < n:
                mine = source[at + row * stride : at + row * stride + e]
                for k in range(e):
                    panel[k * columns + j] = mine[k]
            else:
                for k in range(e):
                    panel[k * columns + j] = float32(0.0)


@njit(nogil=True, cache=True, error_model="numpy")
def _pack_queries(source: Any, at: int, stride: int, n: int, e: int, out: Any) -> None:
    """n rows of e numbers close together: they are read again for every panel of keys."""
    for row in range(n):
        mine, to = source[at + row * stride : at + row * stride + e], out[row * e : (row + 1) * e]
        for k in range(e):
            to[k] = mine[k]


@njit(nogil=True, cache=True, error_model="numpy")
def _pack_values(
    tile: Any, source: Any, at: int, stride: int, n: int, filled: int, e: int, out: Any
) -> None:
    """n rows of e numbers as panels (e / columns, filled, columns), with rows of zeros at the end."""
    columns = columns_of(tile)
    panels = (e + columns - 1) // columns
    for p in range(panels):
        width = min(columns, e - p * columns)
        for row in range(filled):
            to = (p * filled + row) * columns
            if row < n:
                start = at + row * stride + p * columns
                mine, place = source[start : start + width], out[to : to + columns]
                for j in range(width):
                    place[j] = mine[j]
                for j in range(width, columns):
                    place[j] = float32(0.0)
            else:
                for j in range(columns):
                    out[to + j] = float32(0.0)


@njit(nogil=True, cache=True, fastmath=LOOSE, error_model="numpy")
def _soften(
    scores: Any,
    rows: int,
    first: int,
    n: int,
    width: int,
    filled: int,
    scale: Any,
    bias: Any,
    reach: int,
    causal: bool,
    shares: Any,
) -> None:
    """exp(scale · scores + bias - the highest) in place; 1 / their sum in `shares`.

    `rows` rows, `width` apart, of the queries from `first` on; zeros are put behind the keys a query
    sees, up to `filled`.
    """
    for r in range(rows):
        row, query = scores[r * width : (r + 1) * width], first + r
        seen = query + 1 if causal else n
        if reach:
            own = bias[reach - 1 - query : reach - 1 - query + n]
            for i in range(n):
                row[i] = row[i] * scale + own[i]
            highest = greatest(row, seen)
            for i in range(width):
                row[i] -= highest
        else:
            highest = greatest(row, seen) * scale
            for i in range(width):
                row[i] = row[i] * scale - highest
    # All at once, beyond the ends too: at every end some would be left over, computed one by one.
    for i in range(rows * width):
        scores[i] = exponential(scores[i])
    for r in range(rows):
        row = scores[r * width : (r + 1) * width]
        seen = first + r + 1 if causal else n
        total = float32(0.0)
        for i in range(seen):
            total += row[i]
        for i in range(seen, filled):
            row[i] = float32(0.0)
        shares[r] = float32(1.0) / total


@njit(nogil=True, cache=True, error_model="numpy")
def attend(
    tile: Any,
    projected: Any,
    stride: int,
    starts: Any,
    heads: int,
    e: int,
    scale: Any,
    relative: Any,
    reach: int,
    causal: bool,
    out: Any,
    out_stride: int,
    scores: Any,
    queries: Any,
    keys: Any,
    values: Any,
    shares: Any,
    zeros: Any,
) -> None:
    """Every token takes a weighted mean of the values of its own text, head by head.

    projected : (t, 3 h e) queries, keys, values, `stride` apart, with rows to spare at the end.
    starts : (texts + 1) where texts begin.
    scale : factor on scores; positive.
    relative : (h, 2 reach - 1) bias by key position - query position + reach - 1; empty: none.
    out : (t, h e), `out_stride` apart. Rows behind a text are overwritten before their own turn.
    scores, queries, keys, values, shares : room; see `room`. zeros : as many zeros as a tile has columns.
    """
    columns, rows = columns_of(tile), rows_of(tile)
    inner = heads * e
    panels_out = (e + columns - 1) // columns
    # A head that does not fill its last panel would spill into the next head's columns, which are
    # written later; the last head's spill goes into the stride's spare columns.
    for text in range(len(starts) - 1):
        first, n = starts[text], starts[text + 1] - starts[text]
        filled = (n + 1) // 2 * 2
        panels = (n + columns - 1) // columns
        width = max(panels * columns, filled)
        for head in range(heads):
            at = first * stride + head * e
            _pack_queries(projected, at, stride, n, e, queries)
            _pack_keys(tile, projected, at + inner, stride, n, e, keys)
            _pack_values(tile, projected, at + 2 * inner, stride, n, filled, e, values)
            for begin in range(0, n, QUERIES):
                many = min(QUERIES, n - begin)
                for p in range(panels):
                    if causal and p * columns >= begin + many:
                        break
                    for r in range(0, many, rows):
                        tile_put(
                            tile,
                            queries,
                            (begin + r) * e,
                            e,
                            keys,
                            p * columns * e,
                            e,
                            scores,
                            r * width + p * columns,
                            width,
                            zeros,
                            0,
                            zeros,
                            0,
                            zeros,
                            zeros,
                        )
                _soften(
                    scores,
                    many,
                    begin,
                    n,
                    width,
                    filled,
                    scale,
                    relative[head * (2 * reach - 1) :],
                    reach,
                    causal,
                    shares,
                )
                for p in range(panels_out):
                    for r in range(0, many, rows):
                        tile_put(
                            tile,
                            scores,
                            r * width,
                            width,
                            values,
                            p * columns * filled,
                            filled,
                            out,
                            (first + begin + r) * out_stride + head * e + p * columns,
                            out_stride,
                            zeros,
                            0,
                            zeros,
                            0,
                            zeros,
                            zeros,
                        )
                for r in range(many):
                    place = (first + begin + r) * out_stride + head * e
                    row, share = out[place : place + e], shares[r]
                    for i in range(e):
                        row[i] *= share
