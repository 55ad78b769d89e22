"""Looking inside: a vector a token, a vector a word in its context, attention.

Letters in shapes:  t tokens · w words · d width · l layers · h heads
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.models.encoding.encoder import TokenStates
from bunsan.models.encoding.windows import cut, groups
from bunsan.nn.transformer import Trace
from bunsan.text.analyze import Analyzer
from bunsan.text.words import WordSettings

if TYPE_CHECKING:
    from bunsan.models.encoding.encoder import Encoder

Spans = Sequence[tuple[int, int]]


@dataclass(frozen=True)
class WordVector:
    """One word where it stands: `text[begin:end]` is `word`; `vector` (d) is its own there."""

    word: str
    begin: int
    end: int
    vector: NDArray[np.float32]


@dataclass(frozen=True)
class AttentionMaps:
    """Who attends to whom in one text.

    `tokens` with special ones; `weights` (l, h, t, t), each row adding up to 1.
    """

    tokens: list[str]
    weights: NDArray[np.float32]


def token_states(
    encoder: "Encoder",
    texts: Sequence[str],
    *,
    layers: Sequence[int] | None = None,
) -> list[TokenStates]:
    """The tokens of every text with their vectors; of texts too long, means over windows.

    Parameters
    ----------
    layers : which layers, 0 for what goes into the first block, -1 for the last states; vectors are
        then (layers, t, d). None: the last states, (t, d).
    """
    if encoder.layout.lowercase:
        texts = [text.lower() for text in texts]
    encodings = encoder.tokenizer.encode_batch(texts)
    packed = encoder.tokenizer.encode_packed(texts)
    windows = cut(packed, encoder.tokenizer.template, encoder.max_length, "window")
    engine = encoder._ready(windows)
    depth = encoder.part.text.stack.config.depth
    for layer in layers or ():
        if not -depth - 1 <= layer <= depth:
            raise BadInput(
                tr(f"There is no layer {layer}.", f"層 {layer} はありません。"),
                remedy=tr(f"Layers are 0 to {depth}.", f"層は 0 から {depth} です。"),
            )
    bodies = np.diff(packed.start) - windows.before - windows.after
    width, kept = encoder.part.text.stack.config.width, len(layers or (0,))
    sums = [np.zeros((kept, max(int(body), 0), width), np.float32) for body in bodies]
    for first, last in groups(windows.starts, engine.tokens):
        begin, end = windows.starts[first], windows.starts[last]
        starts = windows.starts[first : last + 1] - begin
        hidden: list[torch.Tensor] | None = None if layers is None else []
        states = engine(windows.ids[begin:end], starts, hidden)
        chosen = [states] if layers is None else [[*(hidden or [])[:-1], states][i] for i in layers]
        arrays = [one.cpu().numpy() for one in chosen]
        for w in range(first, last):
            at = int(starts[w - first]) + windows.before
            n = int(starts[w - first + 1]) - windows.after - at
            into = int(windows.begin[w])
            weight = np.ones((n, 1), np.float32)
            if windows.weights is not None:
                weight = windows.weights[begin + at : begin + at + n, None]
            for i, array in enumerate(arrays):
                sums[windows.text[w]][i, into : into + n] += array[at : at + n] * weight
    found = []
    for encoding, vectors in zip(encodings, sums, strict=True):
        own = ~encoding.special
        tokens = [token for token, keep in zip(encoding.tokens, own, strict=True) if keep]
        found.append(
            TokenStates(tokens, encoding.offsets[own], vectors[0] if layers is None else vectors)
        )
    return found


def word_vectors(
    encoder: "Encoder",
    texts: Sequence[str],
    *,
    layers: Sequence[int] = (-1,),
    spans: Sequence[Spans] | None = None,
    words: WordSettings | None = None,
) -> list[list[WordVector]]:
    """A vector for every word where it stands: 首 in 首を痛める is not 首 in 会社を首になる.

    The mean of the states of the tokens that share a character with the word, over `layers`.

    Parameters
    ----------
    layers : see `token_states`; several are averaged, as (-4, -3, -2, -1) often is.
    spans : (begin, end) of the words of every text; None cuts the texts into words.
    words : how texts are cut into words.

    Raises
    ------
    BadInput : there is no such layer; as many lists of spans as texts are wanted.
    """
    if spans is not None and len(spans) != len(texts):
        raise BadInput(
            tr(
                f"{len(texts)} texts, but spans for {len(spans)}.",
                f"文が {len(texts)} 件に対し、範囲が {len(spans)} 件分です。",
            )
        )
    if spans is None:
        spans = _word_spans(texts, words or WordSettings())
    found = []
    for text, states, own in zip(
        texts, token_states(encoder, texts, layers=list(layers)), spans, strict=True
    ):
        vectors = states.vectors.mean(0)
        starts, ends = states.offsets[:, 0], states.offsets[:, 1]
        line = []
        for begin, end in own:
            shares = (starts < end) & (ends > begin)
            if shares.any():
                line.append(WordVector(text[begin:end], begin, end, vectors[shares].mean(0)))
        found.append(line)
    return found


def _word_spans(texts: Sequence[str], settings: WordSettings) -> list[Spans]:
    analysis = Analyzer(settings).analyze(list(texts))
    start = analysis.start.astype(int)
    end = start + analysis.length
    return [
        list(zip(start[a:b].tolist(), end[a:b].tolist(), strict=True))
        for a, b in zip(analysis.document[:-1], analysis.document[1:], strict=True)
    ]


def attention_maps(encoder: "Encoder", text: str) -> AttentionMaps:
    """All attention weights of one text, cut to what the model takes."""
    encoding = encoder.tokenizer.encode(
        text.lower() if encoder.layout.lowercase else text, max_length=encoder.max_length
    )
    model, trace = encoder.part.text, Trace(weights=True)
    device = next(model.parameters()).device
    with torch.inference_mode():
        model(torch.from_numpy(encoding.ids).long()[None].to(device), trace=trace)
    weights = torch.cat(trace.attention).float().cpu().numpy()
    return AttentionMaps(encoding.tokens, weights)
