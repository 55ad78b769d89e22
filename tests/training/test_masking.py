"""What chance does to a window: counts by hand, and slow twins."""

import itertools
from collections import Counter

import numpy as np
import pytest
from training_help import window

from bunsan.training.objectives.denoising import infill, permuted
from bunsan.training.objectives.masked_words import cut_of
from bunsan.training.objectives.masking import Masking
from bunsan.training.objectives.span_corruption import corrupt, divide, noise_mask
from bunsan.training.tokens import SENTENCE, WORD

MASK = 99
RANDOM = np.arange(10, 90)


def flags_of(*lengths: int) -> np.ndarray:
    """Words of these lengths."""
    return np.array([WORD if i == 0 else 0 for n in lengths for i in range(n)], np.uint8)


def test_tokens_are_chosen_at_the_stated_share() -> None:
    masking = Masking(MASK, RANDOM, share=0.15, whole_words=False)
    flags = flags_of(*[1] * 45)
    counts = Counter()
    sizes = []
    for seed in range(4000):
        chosen = masking.choose(flags, np.random.default_rng(seed))
        assert len(set(chosen.tolist())) == len(chosen)
        sizes.append(len(chosen))
        counts.update(chosen.tolist())
    assert set(sizes) == {6, 7}  # 0.15 * 45 = 6.75
    assert np.mean(sizes) == pytest.approx(6.75, abs=0.03)
    shares = np.array([counts[i] for i in range(45)]) / 4000
    assert abs(shares - 0.15).max() < 0.15 * 0.13  # 3.5 standard deviations


def test_words_are_chosen_whole_and_as_slow_twins_choose_them() -> None:
    lengths = [1, 2, 1, 4, 1, 1, 3, 2, 1, 1, 2, 1, 1, 5, 1, 1]
    flags = flags_of(*lengths)
    starts = np.cumsum([0, *lengths])
    masking = Masking(MASK, RANDOM, share=0.3)
    for seed in range(500):
        chosen = masking.choose(flags, np.random.default_rng(seed)).tolist()
        # The twin: one word after the other in the same random order.
        chance = np.random.default_rng(seed)
        wanted = max(1, int(0.3 * len(flags) + chance.random()))
        order = chance.permutation(len(lengths)).tolist()
        running = list(itertools.accumulate(lengths[word] for word in order))
        taken = [word for word, total in zip(order, running, strict=True) if total <= wanted]
        left = wanted - sum(lengths[word] for word in taken)
        for word in order[len(taken) :]:
            if lengths[word] <= left:
                taken.append(word)
                left -= lengths[word]
        twin = sorted(i for word in taken for i in range(starts[word], starts[word + 1]))
        assert chosen == (twin or list(range(starts[order[0]], starts[order[0] + 1])))


def test_one_long_word_is_hidden_all_the_same() -> None:
    masking = Masking(MASK, RANDOM)
    assert masking.choose(flags_of(5), np.random.default_rng(0)).tolist() == [0, 1, 2, 3, 4]


def test_eighty_ten_ten() -> None:
    masking = Masking(MASK, RANDOM, hidden=0.8, replaced=0.1)
    ids = np.full(40_000, 5)
    out = masking.hide(ids, np.arange(0, 40_000, 2), np.random.default_rng(1))
    assert (out[1::2] == 5).all()
    seen = out[::2]
    assert (seen == MASK).mean() == pytest.approx(0.8, abs=0.009)  # 3 standard deviations
    assert (seen == 5).mean() == pytest.approx(0.1, abs=0.007)
    others = seen[(seen != MASK) & (seen != 5)]
    assert set(others.tolist()) == set(RANDOM.tolist())


def test_every_division_is_equally_likely() -> None:
    chance = np.random.default_rng(0)
    counts = Counter(tuple(divide(6, 3, chance).tolist()) for _ in range(10_000))
    assert set(counts) == {d for d in itertools.product(range(1, 5), repeat=3) if sum(d) == 6}
    assert all(abs(count - 1000) < 110 for count in counts.values())  # 10 of them; 3.5 sd


@pytest.mark.parametrize("n", [2, 3, 10, 100, 512])
def test_spans_have_the_published_numbers(n: int) -> None:
    for seed in range(50):
        noise = noise_mask(n, np.random.default_rng(seed), 0.15, 3.0)
        assert noise.sum() == max(1, round(n * 0.15))
        edges = np.diff(np.concatenate([[0], noise.astype(int), [0]]))
        wanted = min(max(1, round(noise.sum() / 3)), n - noise.sum())
        assert (edges == 1).sum() == wanted
        assert not noise[0]
        assert noise[-1]  # kept and taken spans take turns, and a kept one is first


def test_short_texts_and_few_sentinels() -> None:
    assert not noise_mask(1, np.random.default_rng(0), 0.15, 3.0).any()
    noise = noise_mask(500, np.random.default_rng(0), 0.15, 3.0, most=4)
    assert (np.diff(noise.astype(int)) == 1).sum() == 4


def test_corruption_by_hand() -> None:
    ids = np.array([10, 11, 12, 13, 14, 15, 16])
    noise = np.array([0, 1, 1, 0, 0, 1, 0], bool)
    source, target = corrupt(ids, noise, np.array([99, 98]))
    assert source.tolist() == [10, 99, 13, 14, 98, 16]
    assert target.tolist() == [99, 11, 12, 98, 15]


def test_corruption_can_be_undone() -> None:
    ids = np.arange(100, 160)
    sentinels = np.arange(99, 0, -1)
    for seed in range(30):
        noise = noise_mask(60, np.random.default_rng(seed), 0.3, 3.0)
        source, target = corrupt(ids, noise, sentinels)
        spans: dict[int, list[int]] = {}
        for i in target.tolist():
            if i < 100:
                last = spans.setdefault(i, [])
            else:
                last.append(i)
        undone = [j for i in source.tolist() for j in (spans[i] if i < 100 else [i])]
        assert undone == ids.tolist()


def test_infilling_keeps_words_in_order_and_hides_the_share() -> None:
    lengths = [1, 3, 2, 1, 1, 2] * 10
    flags, ids = flags_of(*lengths), np.arange(100, 200)
    words = np.split(ids, np.cumsum(lengths)[:-1])
    hidden, masks = [], []
    for seed in range(600):
        out = infill(ids, flags, np.random.default_rng(seed), MASK, 0.3, 3.0)
        kept = out[out != MASK]
        assert (np.diff(kept) > 0).all()
        whole = [w for w in words if w[0] in kept]
        assert kept.tolist() == np.concatenate(whole).tolist()  # no word is cut
        hidden.append(len(words) - len(whole))
        masks.append(int((out == MASK).sum()))
        assert not ((out[1:] == MASK) & (out[:-1] == MASK)).any()
    assert set(hidden) == {18}  # 0.3 * 60 words
    # Spans until 18 words are hidden. The mean number of draws: Poisson(3) summed until 18 is
    # reached, computed here by the recursion e(k) = 1 + sum_j p(j) e(k - j).
    p = np.array([3.0**j * np.exp(-3.0) / np.prod(np.arange(1.0, j + 1)) for j in range(18)])
    e = [0.0]
    for k in range(1, 19):
        e.append((1 + sum(p[j] * e[k - j] for j in range(1, k))) / (1 - p[0]))
    assert np.mean(masks) == pytest.approx(e[18], rel=0.04)


def test_infilling_very_short_texts() -> None:
    for n, seed in itertools.product(range(1, 6), range(40)):
        out = infill(np.arange(n), flags_of(*[1] * n), np.random.default_rng(seed), MASK, 0.9, 3.0)
        assert len(out) >= 1
        assert set(out.tolist()) <= {*range(n), MASK}


def test_sentences_change_places_whole() -> None:
    flags = np.zeros(10, np.uint8)
    flags[[0, 3, 7]] = SENTENCE
    parts = {(0, 1, 2), (3, 4, 5, 6), (7, 8, 9)}
    counts = Counter(tuple(permuted(flags, np.random.default_rng(s)).tolist()) for s in range(600))
    assert set(counts) == {tuple(sum(o, ())) for o in itertools.permutations(parts)}
    assert all(count > 60 for count in counts.values())


def test_windows_are_cut_where_a_sentence_begins() -> None:
    flags = [WORD | SENTENCE, 0, WORD, WORD | SENTENCE, WORD, WORD | SENTENCE]
    cuts = {cut_of(window([1] * 6, flags), np.random.default_rng(s)) for s in range(30)}
    assert cuts == {3, 5}
    one = window([1] * 6, [WORD | SENTENCE, 0, WORD, 0, 0, WORD])
    assert cut_of(one, np.random.default_rng(0)) == 2  # the word nearest to the middle
    assert cut_of(window([1] * 4, [WORD, 0, 0, 0]), np.random.default_rng(0)) == 2
