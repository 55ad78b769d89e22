"""Rules on logits: as the peer's processors, as worked out by hand, as counted in what is drawn."""

import math

import pytest
import torch
from scipy.stats import chisquare
from transformers import generation as peer

from bunsan.nn.generation import rules
from bunsan.nn.generation.choosing import Chooser
from bunsan.nn.generation.decoding import Decoding, Request, Row
from bunsan.nn.generation.draws import Draws, draw

B, V, K = 5, 200, 14


@pytest.fixture
def logits() -> torch.Tensor:
    return torch.randn(B, V, generator=torch.Generator().manual_seed(3)) * 3


@pytest.fixture
def history() -> torch.Tensor:
    return torch.randint(0, 9, (B, K), generator=torch.Generator().manual_seed(4))


ALL = torch.ones(B, K, dtype=torch.bool)


def column(values: list[float], dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.tensor(values, dtype=dtype)[:, None]


@pytest.mark.parametrize("by", [0.3, 1.0, 1.9])
def test_temperature(logits: torch.Tensor, by: float) -> None:
    wanted = peer.TemperatureLogitsWarper(by)(None, logits)
    torch.testing.assert_close(rules.temperature(logits, by), wanted)


@pytest.mark.parametrize("k", [1, 7, 199, 200, 1000])
def test_top_k(logits: torch.Tensor, k: int) -> None:
    logits[0, :50] = 2.0  # ties
    wanted = peer.TopKLogitsWarper(k)(None, logits)
    assert torch.equal(rules.top_k(logits, k), wanted)


@pytest.mark.parametrize("p", [0.01, 0.3, 0.9, 0.999, 1.0])
@pytest.mark.parametrize("looked", [4, 1024])
def test_top_p(
    logits: torch.Tensor, p: float, looked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rules, "_NUCLEUS", looked)
    logits[1] = 0.5  # a flat row
    logits[2, 3:] = -math.inf
    wanted = peer.TopPLogitsWarper(p)(None, logits[[0, 2, 3, 4]])
    assert torch.equal(rules.top_p(logits, p)[[0, 2, 3, 4]], wanted)
    kept = int((rules.top_p(logits, p)[1] > -math.inf).sum())
    assert kept in (math.ceil(p * V), math.ceil(p * V) + 1)  # all as likely: so many reach p


@pytest.mark.parametrize("p", [0.0, 0.05, 0.5, 1.0])
def test_min_p(logits: torch.Tensor, p: float) -> None:
    wanted = peer.MinPLogitsWarper(p)(None, logits)
    assert torch.equal(rules.min_p(logits, p), wanted)


@pytest.mark.parametrize("by", [0.7, 1.3])
def test_repetition(logits: torch.Tensor, history: torch.Tensor, by: float) -> None:
    wanted = peer.RepetitionPenaltyLogitsProcessor(by)(history, logits.clone())
    torch.testing.assert_close(rules.repetition(logits, history, ALL, by), wanted)


@pytest.mark.parametrize("n", [1, 2, 3, 20])
def test_no_repeat_ngram(logits: torch.Tensor, history: torch.Tensor, n: int) -> None:
    wanted = peer.NoRepeatNGramLogitsProcessor(n)(history, logits)
    assert torch.equal(rules.no_repeat_ngram(logits, history, ALL, n), wanted)


def test_padding_is_no_history(logits: torch.Tensor, history: torch.Tensor) -> None:
    """A row with columns that are not its own is as the row without them."""
    mask = torch.arange(K)[None, :] >= torch.tensor([0, 3, 5, 9, 13])[:, None]
    history[~mask] = 77  # occurs nowhere else
    for i in range(B):
        alone, whole = history[i : i + 1, mask[i]], torch.ones(1, int(mask[i].sum())).bool()
        row = logits[i : i + 1]
        for rule in (
            lambda x, h, m: rules.repetition(x, h, m, 1.5),
            lambda x, h, m: rules.presence(x, h, m, 0.5),
            lambda x, h, m: rules.frequency(x, h, m, 0.5),
            lambda x, h, m: rules.no_repeat_ngram(x, h, m, 2),
        ):
            torch.testing.assert_close(
                rule(logits, history, mask)[i : i + 1], rule(row, alone, whole)
            )


def test_presence_and_frequency_by_hand() -> None:
    logits = torch.tensor([[1.0, 1.0, 1.0, 1.0]])
    history, mask = torch.tensor([[3, 1, 1, 2]]), torch.tensor([[False, True, True, True]])
    assert rules.presence(logits, history, mask, 0.5).tolist() == [[1.0, 0.5, 0.5, 1.0]]
    assert rules.frequency(logits, history, mask, 0.5).tolist() == [[1.0, 0.0, 0.5, 1.0]]


def test_rules_leave_their_input(logits: torch.Tensor, history: torch.Tensor) -> None:
    before = logits.clone()
    rules.repetition(logits, history, ALL, 2.0)
    rules.presence(logits, history, ALL, 2.0)
    rules.frequency(logits, history, ALL, 2.0)
    rules.no_repeat_ngram(logits, history, ALL, 1)
    rules.top_k(logits, 3)
    rules.top_p(logits, 0.3)
    rules.min_p(logits, 0.3)
    rules.only(logits, torch.tensor([0]), torch.tensor([1]))
    assert torch.equal(before, logits)


def test_settings_differ_from_row_to_row(logits: torch.Tensor) -> None:
    k, p = column([0, 1, 5, 50, 999], torch.long), column([1.0, 0.1, 0.5, 0.9, 0.3])
    for i in range(B):
        row = logits[i : i + 1]
        wanted = row if i == 0 else rules.top_k(row, int(k[i]))
        assert torch.equal(rules.top_k(logits, k)[i : i + 1], wanted)
        assert torch.equal(rules.top_p(logits, p)[i : i + 1], rules.top_p(row, float(p[i])))
        assert torch.equal(rules.min_p(logits, p)[i : i + 1], rules.min_p(row, float(p[i])))


DRAWN = [
    {"temperature": 1.0},
    {"temperature": 0.6},
    {"temperature": 1.5, "top_k": 4},
    {"temperature": 1.0, "top_p": 0.8},
    {"temperature": 1.0, "min_p": 0.2},
    {"temperature": 0.9, "top_k": 6, "top_p": 0.9, "min_p": 0.05},
]


@pytest.mark.parametrize("settings", DRAWN, ids=str)
def test_frequencies_are_those_of_the_distribution(settings: dict[str, float]) -> None:
    n, v = 4000, 12
    logits = torch.randn(1, v, generator=torch.Generator().manual_seed(1)) * 1.5
    rows = [Row(Request([1], Decoding(**settings, seed=9), sample=i), 5) for i in range(n)]
    chooser = Chooser(rows, [Draws(9, i) for i in range(n)], v, logits.device)
    counts = torch.bincount(chooser.choose(logits.expand(n, v), lambda: None), minlength=v)
    wanted = peer.TemperatureLogitsWarper(settings["temperature"])(None, logits)
    for name, warper in (
        ("top_k", peer.TopKLogitsWarper),
        ("top_p", peer.TopPLogitsWarper),
        ("min_p", peer.MinPLogitsWarper),
    ):
        if name in settings:
            wanted = warper(settings[name])(None, wanted)
    shares = wanted.double().softmax(-1)[0]
    assert int(counts[shares == 0].sum()) == 0
    there = shares > 0
    expected = (shares[there] / shares[there].sum() * n).numpy()
    assert chisquare(counts[there].numpy(), expected).pvalue > 0.001
    again = Chooser(rows, [Draws(9, i) for i in range(n)], v, logits.device)
    counted = torch.bincount(again.choose(logits.expand(n, v), lambda: None), minlength=v)
    assert torch.equal(counts, counted)


def test_drawing_ends_within_what_can_be_drawn() -> None:
    logits = torch.tensor([[-math.inf, 0.0, -math.inf, 0.0, -math.inf]])
    below_one = 1 - 2**-53
    for uniform, token in ((0.0, 1), (0.499, 1), (0.501, 3), (below_one, 3)):
        assert draw(logits, torch.tensor([uniform], dtype=torch.float64)).tolist() == [token]


def test_draws_differ_by_seed_and_sample() -> None:
    def some(seed: int, sample: int) -> list[float]:
        draws = Draws(seed, sample)
        return [draws.next() for _ in range(150)]  # more than are made at once

    assert some(1, 0) == some(1, 0)
    assert len({tuple(some(seed, sample)) for seed in range(4) for sample in range(4)}) == 16
    assert len(set(some(1, 0))) == 150


@pytest.mark.parametrize(
    "wrong",
    [{"temperature": -1}, {"top_p": 0}, {"top_p": 1.1}, {"top_k": -1}, {"max_tokens": 0},
     {"repetition_penalty": 0}, {"beams": 0}, {"min_p": 2}, {"logprobs": -1}],
    ids=str,
)  # fmt: skip
def test_settings_that_cannot_be(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Decoding(**wrong)
