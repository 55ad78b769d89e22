"""One word in two sentences: its vectors layer by layer, attention, guesses."""

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.tasks.masked import MASK, Guesses, MaskedWords

if TYPE_CHECKING:
    from bunsan.tasks.opening import Model

_LONGEST = 64  # tokens whose attention is drawn


@dataclass(frozen=True)
class Attention:
    """Attention in one sentence: `weights` are bytes, 255 for 1, [layers, heads, tokens, tokens]."""

    tokens: list[str]
    weights: str  # in base64
    layers: int
    heads: int


@dataclass(frozen=True)
class TwoContexts:
    """What was found.

    Attributes
    ----------
    word : as typed. sentences : the two. spans : where it stands in each. by_layer : cosine of its two vectors in each layer, from
        what goes into the first. attention : of both sentences.
    guesses : for each sentence what could stand in its place; empty where the model guesses none.
    pieces : the tokens it consists of in each sentence.
    """

    word: str
    sentences: tuple[str, str]
    spans: list[tuple[int, int]]
    by_layer: list[float]
    attention: list[Attention]
    pieces: list[list[str]]
    guesses: list[list[Guesses]] = field(default_factory=list)


def compare_contexts(
    model: "Model", name: str, sentences: tuple[str, str], word: str
) -> TwoContexts:
    """The vectors of a word in two sentences, and what goes on around it.

    Raises
    ------
    BadInput : a sentence lacks the word, or the model does not see it.
    """
    word = word.strip()
    spans = [_span(sentence, word) for sentence in sentences]
    encoder = model.encoder
    depth = encoder.part.text.stack.config.depth
    states = encoder.tokens(list(sentences), layers=list(range(depth + 1)))
    vectors, pieces = [], []
    for one, (begin, end), sentence in zip(states, spans, sentences, strict=True):
        inside = (one.offsets[:, 0] < end) & (one.offsets[:, 1] > begin)
        if not inside.any():
            raise BadInput(
                tr(
                    f"The model sees no token for {word} in: {sentence}",
                    f"モデルは「{sentence}」の「{word}」を読み取れません。",
                )
            )
        vectors.append(one.vectors[:, inside].mean(axis=1))
        pieces.append([t for t, there in zip(one.tokens, inside, strict=True) if there])
    a, b = vectors
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    by_layer = (a * b).sum(axis=1) / np.maximum(lengths, 1e-12)
    return TwoContexts(
        word,
        sentences,
        spans,
        [float(v) for v in by_layer],
        [_attention(encoder.attention(sentence)) for sentence in sentences],
        pieces,
        _guesses(name, sentences, spans),
    )


def _span(sentence: str, word: str) -> tuple[int, int]:
    if not word:
        raise BadInput(tr("Type the word to compare.", "比べる語を入力してください。"))
    if not sentence.strip():
        raise BadInput(tr("Two sentences are wanted.", "文を 2 つ入力してください。"))
    at = sentence.find(word)
    if at < 0:
        at = sentence.lower().find(word.lower())
    if at < 0:
        raise BadInput(
            tr(
                f"The word {word} is not in: {sentence}",
                f"「{sentence}」に「{word}」がありません。",
            ),
            remedy=tr("Type it as it stands in both.", "両方の文にある形で入力してください。"),
        )
    return at, at + len(word)


def _attention(maps: Any) -> Attention:
    weights = maps.weights[:, :, :_LONGEST, :_LONGEST]
    raw = np.rint(np.clip(weights, 0, 1) * 255).astype(np.uint8)
    layers, heads = raw.shape[:2]
    return Attention(
        list(maps.tokens[:_LONGEST]), base64.b64encode(raw.tobytes()).decode(), layers, heads
    )


def _guesses(
    name: str, sentences: tuple[str, str], spans: list[tuple[int, int]]
) -> list[list[Guesses]]:
    """Nothing where the model was not trained to guess words."""
    try:
        guesser = MaskedWords(name)
    except BadInput:
        return []
    return [
        guesser.guess(sentence[:begin] + MASK + sentence[end:], k=8)
        for sentence, (begin, end) in zip(sentences, spans, strict=True)
    ]
