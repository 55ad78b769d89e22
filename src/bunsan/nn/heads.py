"""What turns states into answers: poolers and heads.

Letters in shapes:  b batch · q positions · d width · v vocabulary · n outputs · p projection

A head is called with what the backbone gave, `head(output, ids, mask, tokens)`, and returns it with
its answer filled in; `tokens` is the table of token vectors, which a tied output layer repeats.
"""

from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

from bunsan.nn.config import Activation
from bunsan.nn.transformer import ACTIVATIONS


@dataclass
class Output:
    """What a model says.

    `states` (b, q, d); `pooled` (b, d), one vector a text or image, where the model makes one;
    `projected` (b, p), in the space that texts and images share; `logits`, the head's scores;
    `pair_logits` (b, 2), of a second text following the first (0) or not (1); `memory` (b, m, d),
    the states of the encoder that a decoder attended to.
    """

    states: Tensor
    pooled: Tensor | None = None
    projected: Tensor | None = None
    logits: Tensor | None = None
    pair_logits: Tensor | None = None
    memory: Tensor | None = None

    @property
    def start_logits(self) -> Tensor:
        """(b, q): scores of every position to be the first of the span."""
        if self.logits is None:
            raise ValueError("there are no logits")
        return self.logits[..., 0]

    @property
    def end_logits(self) -> Tensor:
        """(b, q): scores of every position to be the last of the span."""
        if self.logits is None:
            raise ValueError("there are no logits")
        return self.logits[..., 1]


def last_position(mask: Tensor | None, ids: Tensor) -> Tensor:
    """(b): the rightmost position that is no padding, wherever the padding is."""
    if mask is None:
        return torch.full(ids.shape[:1], ids.shape[1] - 1, device=ids.device)
    places = torch.arange(mask.shape[1], device=mask.device)
    return (places * mask).argmax(-1) - (mask.shape[1] - ids.shape[1])


def at_position(states: Tensor, positions: Tensor) -> Tensor:
    """(b, q, d) at (b) -> (b, d)"""
    return states[torch.arange(len(states), device=states.device), positions]


class FirstStatePooler(nn.Module):
    """The first position's state through a linear map and a bend (Devlin et al. 2019, §3)."""

    def __init__(self, width: int, activation: Activation = "tanh") -> None:
        super().__init__()
        self.dense = nn.Linear(width, width)
        self.activation = ACTIVATIONS[activation]

    def forward(self, states: Tensor, ids: Tensor | None = None) -> Tensor:
        """(b, q, d) -> (b, d)"""
        return self.activation(self.dense(states[:, 0]))


class FirstState(nn.Module):
    """The first position's state as it is."""

    def forward(self, states: Tensor, ids: Tensor | None = None) -> Tensor:
        """(b, q, d) -> (b, d)"""
        return states[:, 0]


class FirstStateNorm(nn.Module):
    """The first position's state, normed (Radford et al. 2021, §2.4)."""

    def __init__(self, width: int, eps: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width, eps=eps)

    def forward(self, states: Tensor, ids: Tensor | None = None) -> Tensor:
        """(b, q, d) -> (b, d)"""
        out: Tensor = self.norm(states[:, 0])
        return out


class EndStatePooler(nn.Module):
    """The state at the end-of-text token (Radford et al. 2021, §2.4).

    `end` is its id, whose first appearance counts; None: the highest id in the text is the end.
    """

    def __init__(self, end: int | None) -> None:
        super().__init__()
        self.end = end

    def forward(self, states: Tensor, ids: Tensor) -> Tensor:
        """(b, q, d) and (b, q) -> (b, d)"""
        scores = ids if self.end is None else (ids == self.end).int()
        return at_position(states, scores.argmax(-1))


class WordScores(nn.Module):
    """Scores of all words: states times the tokens' vectors, or times a matrix of their own.

    Parameters
    ----------
    own : whether the matrix is the layer's own; else it is the table of tokens (Press & Wolf 2017).
    bias : one number a word: none, learned, or fixed (kept, not learned).
    scale : factor on the states before.
    """

    def __init__(
        self,
        width: int,
        vocabulary: int,
        *,
        own: bool = False,
        bias: Literal["none", "learned", "fixed"] = "none",
        scale: float = 1.0,
    ) -> None:
        super().__init__()
        self.scale = scale
        self.weight = nn.Parameter(torch.empty(vocabulary, width)) if own else None
        self.bias: Tensor | None = None
        if bias == "learned":
            self.bias = nn.Parameter(torch.zeros(vocabulary))
        elif bias == "fixed":
            del self.bias
            self.register_buffer("bias", torch.zeros(vocabulary))

    def forward(self, states: Tensor, tokens: Tensor) -> Tensor:
        """(b, q, d) and the table of tokens (v, d) -> (b, q, v)"""
        if self.scale != 1.0:
            states = states * self.scale
        return functional.linear(states, tokens if self.weight is None else self.weight, self.bias)


class CausalWords(nn.Module):
    """Scores of the word that comes next, at every position."""

    def __init__(self, scores: WordScores) -> None:
        super().__init__()
        self.scores = scores

    def forward(self, output: Output, ids: Tensor, mask: Tensor | None, tokens: Tensor) -> Output:
        """Fills `logits` (b, q, v)."""
        return replace(output, logits=self.scores(output.states, tokens))


class MaskedWords(nn.Module):
    """Scores of the word that stood at every position (Devlin et al. 2019, §3.1)."""

    def __init__(
        self,
        width: int,
        embedding_width: int,
        vocabulary: int,
        *,
        activation: Activation,
        norm_eps: float,
        own: bool = False,
    ) -> None:
        super().__init__()
        self.dense = nn.Linear(width, embedding_width)
        self.activation = ACTIVATIONS[activation]
        self.norm = nn.LayerNorm(embedding_width, eps=norm_eps)
        self.scores = WordScores(embedding_width, vocabulary, own=own, bias="learned")

    def forward(self, output: Output, ids: Tensor, mask: Tensor | None, tokens: Tensor) -> Output:
        """Fills `logits` (b, q, v)."""
        x = self.norm(self.activation(self.dense(output.states)))
        return replace(output, logits=self.scores(x, tokens))


class NextSentence(nn.Module):
    """Whether the second text follows the first (Devlin et al. 2019, §3.1)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.output = nn.Linear(width, 2)

    def forward(self, output: Output, ids: Tensor, mask: Tensor | None, tokens: Tensor) -> Output:
        """Fills `pair_logits` and `logits`, both (b, 2)."""
        logits = self.output(output.pooled)
        return replace(output, logits=logits, pair_logits=logits)


class Pretraining(nn.Module):
    """Masked words and the next sentence together."""

    def __init__(self, words: MaskedWords, width: int) -> None:
        super().__init__()
        self.words = words
        self.pair = nn.Linear(width, 2)

    def forward(self, output: Output, ids: Tensor, mask: Tensor | None, tokens: Tensor) -> Output:
        """Fills `logits` (b, q, v) and `pair_logits` (b, 2)."""
        filled: Output = self.words(output, ids, mask, tokens)
        return replace(filled, pair_logits=self.pair(output.pooled))


class ReplacedTokens(nn.Module):
    """Whether a token was put there by a generator (Clark et al. 2020, §2)."""

    def __init__(self, width: int, activation: Activation) -> None:
        super().__init__()
        self.dense = nn.Linear(width, width)
        self.activation = ACTIVATIONS[activation]
        self.output = nn.Linear(width, 1)

    def forward(self, output: Output, ids: Tensor, mask: Tensor | None, tokens: Tensor) -> Output:
        """Fills `logits` (b, q): above 0, the token was replaced."""
        x = self.activation(self.dense(output.states))
        return replace(output, logits=self.output(x).squeeze(-1))


class VectorHead(nn.Module):
    """Scores from one vector a text or image: classes, numbers, choices.

    Parameters
    ----------
    vector : the vector it reads: what was pooled, the first position's state, the last one's that is
        no padding, the last one's where the text has its end token, or the mean of all but the first.
    hidden : bend of a hidden layer of the same width; None: there is none.
    dropout : before the output. dropout_before : before the hidden layer.
    end : id of the end token, for `vector="end"`.
    """

    def __init__(
        self,
        width: int,
        outputs: int,
        *,
        vector: Literal["pooled", "first", "last", "end", "patches"],
        hidden: Activation | None = None,
        dropout: float = 0.0,
        dropout_before: float = 0.0,
        bias: bool = True,
        end: int | None = None,
    ) -> None:
        super().__init__()
        self.vector, self.end = vector, end
        self.dense = nn.Linear(width, width) if hidden else None
        self.activation = ACTIVATIONS[hidden] if hidden else None
        self.dropout_before = nn.Dropout(dropout_before)
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(width, outputs, bias=bias)

    def forward(self, output: Output, ids: Tensor, mask: Tensor | None, tokens: Tensor) -> Output:
        """Fills `logits` (b, n)."""
        x = self.dropout_before(self.read(output, ids, mask))
        if self.dense is not None and self.activation is not None:
            x = self.activation(self.dense(x))
        return replace(output, logits=self.output(self.dropout(x)))

    def read(self, output: Output, ids: Tensor, mask: Tensor | None) -> Tensor:
        """(b, d): the vector this head looks at."""
        if self.vector == "pooled":
            if output.pooled is None:
                raise ValueError("this head reads a pooled vector, and the model pools none")
            return output.pooled
        if self.vector == "first":
            return output.states[:, 0]
        if self.vector == "patches":
            return output.states[:, 1:].mean(1)
        if self.vector == "last":
            return at_position(output.states, last_position(mask, ids))
        places = torch.arange(ids.shape[1], device=ids.device)
        return at_position(output.states, (places * (ids == self.end)).argmax(-1))


class PositionHead(nn.Module):
    """Scores of every position: labels of tokens, or the first and the last one of a span."""

    def __init__(self, width: int, outputs: int, dropout: float = 0.0) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        self.output = nn.Linear(width, outputs)

    def forward(self, output: Output, ids: Tensor, mask: Tensor | None, tokens: Tensor) -> Output:
        """Fills `logits` (b, q, n)."""
        return replace(output, logits=self.output(self.dropout(output.states)))


ProblemType = Literal["single_label_classification", "multi_label_classification", "regression"]


def scores_to_answers(logits: Tensor, problem: ProblemType) -> Tensor:
    """Probabilities that add up to 1, probabilities one by one, or the numbers as they are: (b, n)."""
    if problem == "regression":
        return logits
    return logits.sigmoid() if problem == "multi_label_classification" else logits.softmax(-1)


def classification_loss(logits: Tensor, targets: Tensor, problem: ProblemType) -> Tensor:
    """What training makes small.

    `targets` are class numbers (b) for a single label, 0 or 1 (b, n) for several, numbers (b) or
    (b, n) for a regression.
    """
    if problem == "regression":
        return functional.mse_loss(logits.reshape(targets.shape), targets.to(logits.dtype))
    if problem == "multi_label_classification":
        return functional.binary_cross_entropy_with_logits(logits, targets.to(logits.dtype))
    return functional.cross_entropy(logits, targets)
