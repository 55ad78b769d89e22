"""The core against slow, obvious twins: attention in numpy, buckets one by one, caches by recomputing."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from bunsan.nn.cache import Cache
from bunsan.nn.config import StackConfig
from bunsan.nn.embeddings import PatchEmbeddings, TokenEmbeddings, places_from_mask, sinusoids
from bunsan.nn.relative import RelativeBias
from bunsan.nn.transformer import Attention, Stack, Trace

CONFIG = StackConfig(width=12, depth=3, heads=3, inner=20)


def random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def noisy(module: torch.nn.Module) -> Any:
    generator = torch.Generator().manual_seed(5)
    with torch.no_grad():
        for value in module.parameters():
            value.add_(torch.randn(value.shape, generator=generator) * 0.2)
    return module.eval()


def attention_twin(
    a: Attention,
    x: np.ndarray,
    source: np.ndarray,
    allowed: np.ndarray,
    bias: np.ndarray,
    scale: float,
) -> tuple[np.ndarray, np.ndarray]:
    """One text, one head, one query at a time."""

    def affine(part: torch.nn.Linear, rows: np.ndarray) -> np.ndarray:
        out = rows @ part.weight.detach().numpy().T
        return out if part.bias is None else out + part.bias.detach().numpy()

    b, q, _ = x.shape
    heads, k = a.heads, source.shape[1]
    queries, keys, values = affine(a.query, x), affine(a.key, source), affine(a.value, source)
    size = queries.shape[-1] // heads
    mixed, weights = np.zeros((b, q, heads * size)), np.zeros((b, heads, q, k))
    for text in range(b):
        for head in range(heads):
            part = slice(head * size, (head + 1) * size)
            for i in range(q):
                scores = np.full(k, -np.inf)
                for j in range(k):
                    if allowed[text, i, j]:
                        product = float(queries[text, i, part] @ keys[text, j, part])
                        scores[j] = product * scale + bias[head, i, j]
                share = np.exp(scores - scores.max())
                share /= share.sum()
                weights[text, head, i] = share
                mixed[text, i, part] = share @ values[text, :, part]
    return affine(a.output, mixed), weights


@pytest.mark.parametrize("scaled", [True, False])
@pytest.mark.parametrize("with_bias", [True, False])
@pytest.mark.parametrize("causal", [True, False])
@torch.no_grad()
def test_attention(scaled: bool, with_bias: bool, causal: bool) -> None:
    config = StackConfig(width=12, depth=1, heads=3, head_width=5, inner=8, scale_scores=scaled)
    attention = noisy(Attention(config))
    x = random(2, 6, 12)
    bias = random(1, 3, 6, 6, seed=1)
    allowed = torch.ones(2, 6, 6, dtype=torch.bool)
    allowed[1, :, 4:] = False
    if causal:
        allowed &= torch.ones(6, 6, dtype=torch.bool).tril()
    found: list[Tensor] = []
    keys, values = attention.project(x)
    got = attention(x, keys, values, allowed[:, None], bias if with_bias else None, weights=found)
    want, weights = attention_twin(
        attention,
        x.numpy(),
        x.numpy(),
        allowed.numpy(),
        bias[0].numpy() if with_bias else np.zeros((3, 6, 6)),
        1 / math.sqrt(5) if scaled else 1.0,
    )
    np.testing.assert_allclose(got.numpy(), want, atol=1e-5)
    np.testing.assert_allclose(found[0].numpy(), weights, atol=1e-6)
    if causal and not with_bias:  # the triangle that is not made
        plain, _ = attention_twin(
            attention,
            x.numpy(),
            x.numpy(),
            np.tril(np.ones((2, 6, 6), bool)),
            np.zeros((3, 6, 6)),
            1 / math.sqrt(5) if scaled else 1.0,
        )
        np.testing.assert_allclose(
            attention(x, keys, values, causal=True).numpy(), plain, atol=1e-5
        )


@torch.no_grad()
def test_attention_to_a_memory_of_another_width() -> None:
    attention = noisy(Attention(CONFIG, source_width=7))
    x, memory = random(2, 3, 12), random(2, 5, 7, seed=1)
    want, _ = attention_twin(
        attention,
        x.numpy(),
        memory.numpy(),
        np.ones((2, 3, 5), bool),
        np.zeros((3, 3, 5)),
        0.5,
    )
    np.testing.assert_allclose(attention(x, *attention.project(memory)).numpy(), want, atol=1e-5)


def bucket_twin(offset: int, buckets: int, far: int, both_ways: bool) -> int:
    """Raffel et al. 2020: near distances have a bucket each, far ones grow in equal ratios."""
    first, distance = 0, max(0, -offset)
    if both_ways:
        buckets //= 2
        first, distance = (buckets if offset > 0 else 0), abs(offset)
    near = buckets // 2
    if distance < near:
        return first + distance
    step = math.log(np.float32(distance / near)) / math.log(far / near) * (buckets - near)
    return first + min(near + int(np.float32(step)), buckets - 1)


@pytest.mark.parametrize("causal", [True, False])
@pytest.mark.parametrize(("buckets", "far"), [(32, 128), (8, 20), (32, 100)])
def test_buckets(causal: bool, buckets: int, far: int) -> None:
    from transformers.models.t5.modeling_t5 import T5Attention

    config = StackConfig(
        width=8,
        depth=1,
        heads=2,
        inner=8,
        causal=causal,
        relative_buckets=buckets,
        relative_max_distance=far,
    )
    bias = noisy(RelativeBias(config))
    offsets = torch.arange(-300, 301)
    got = bias.bucket(offsets).tolist()
    assert got == [bucket_twin(int(o), buckets, far, not causal) for o in offsets]
    assert got == T5Attention._relative_position_bucket(offsets, not causal, buckets, far).tolist()
    assert set(got) <= set(range(buckets))
    table = bias(3, 2, torch.device("cpu"))  # two queries, at positions 3 and 4, and five keys
    assert table.shape == (1, 2, 2, 5)
    for i in range(2):
        for j in range(5):
            row = bias.table.weight[bucket_twin(j - 3 - i, buckets, far, not causal)]
            assert torch.equal(table[0, :, i, j], row)


@pytest.mark.parametrize("relative", [None, 8])
@torch.no_grad()
def test_rows_of_a_cache_are_chosen_and_cut(relative: int | None) -> None:
    config = StackConfig(
        width=12, depth=2, heads=3, inner=8, causal=True, cross=True, relative_buckets=relative
    )
    stack = noisy(Stack(config))
    x, memory = random(3, 7, 12), random(3, 4, 12, seed=2)
    rows, other = [2, 0, 2, 1], random(4, 3, 12, seed=3)
    cache = Cache(2, capacity=1)
    stack(x, memory=memory, cache=cache)
    cache.truncate(5)
    cache.select(rows)
    assert len(cache) == 5
    got = stack(other, cache=cache)
    whole = torch.cat([x[rows][:, :5], other], 1)
    want = stack(whole, memory=memory[rows])[:, 5:]
    torch.testing.assert_close(got, want, atol=1e-5, rtol=1e-5)
    assert len(cache) == 8
    with pytest.raises(ValueError, match="cannot keep 9 of 8"):
        cache.truncate(9)


@torch.no_grad()
def test_a_cache_and_a_mask_of_padding_in_the_middle() -> None:
    stack = noisy(Stack(StackConfig(width=12, depth=2, heads=3, inner=8, causal=True)))
    x = random(2, 8, 12)
    mask = torch.ones(2, 8, dtype=torch.bool)
    mask[0, :3] = mask[1, 4] = False
    whole = stack(x, mask)
    cache, parts = Cache(2), []
    for begin, end in ((0, 2), (2, 3), (3, 7), (7, 8)):
        parts.append(stack(x[:, begin:end], mask[:, :end], cache=cache))
    torch.testing.assert_close(torch.cat(parts, 1)[mask], whole[mask], atol=1e-5, rtol=1e-5)
    moved = x.clone()
    moved[~mask] += 10.0
    torch.testing.assert_close(stack(moved, mask)[mask], whole[mask], atol=1e-5, rtol=1e-5)
    assert whole.isfinite().all()


@pytest.mark.parametrize("position", ["pre", "post"])
@torch.no_grad()
def test_a_trace_adds_up(position: Any) -> None:
    config = StackConfig(width=12, depth=3, heads=3, inner=8, norm_position=position, cross=True)
    stack, trace = noisy(Stack(config)), Trace(weights=True)
    x, memory = random(2, 5, 12), random(2, 4, 12, seed=1)
    out = stack(x, memory=memory, trace=trace)
    assert len(trace.hidden) == 4
    assert torch.equal(trace.hidden[0], x)
    torch.testing.assert_close(stack.norm(trace.hidden[-1]), out)
    for weights, keys in ((trace.attention, 5), (trace.cross_attention, 4)):
        assert len(weights) == 3
        for one in weights:
            assert one.shape == (2, 3, 5, keys)
            torch.testing.assert_close(one.sum(-1), torch.ones(2, 3, 5))
    plain = stack(x, memory=memory)
    torch.testing.assert_close(plain, out)


def test_blocks_computed_again_give_the_same_gradient() -> None:
    stack, x = noisy(Stack(CONFIG)).train(), random(2, 5, 12)
    mask = torch.ones(2, 5, dtype=torch.bool)
    mask[0, 3:] = False
    grads = []
    for again in (False, True):
        stack.zero_grad()
        stack.checkpointing = again
        stack(x, mask).square().sum().backward()
        grads.append([value.grad.clone() for value in stack.parameters()])
    for one, two in zip(*grads, strict=True):
        torch.testing.assert_close(one, two)


@pytest.mark.parametrize(
    "mask",
    [
        torch.ones(2, 5),
        torch.ones(2, 5, dtype=torch.long),
        torch.ones(2, 4, dtype=torch.bool),
        torch.ones(5, dtype=torch.bool),
    ],
)
def test_a_mask_is_boolean_and_covers_every_key(mask: Tensor) -> None:
    with pytest.raises(ValueError, match="mask must be boolean"):
        Stack(CONFIG)(random(2, 5, 12), mask)


def test_a_memory_must_be_given() -> None:
    stack = Stack(StackConfig(width=12, depth=1, heads=3, inner=8, cross=True))
    with pytest.raises(ValueError, match="memory"):
        stack(random(2, 5, 12))


def test_places() -> None:
    mask = torch.tensor([[1, 1, 1, 0], [0, 0, 1, 1], [1, 0, 1, 0]], dtype=torch.bool)
    want = [[0, 1, 2, -1], [-1, -1, 0, 1], [0, -1, 1, -1]]
    assert places_from_mask(mask).tolist() == want


def test_more_tokens_than_positions() -> None:
    embeddings = TokenEmbeddings(10, 4, positions=6, first_position=2)
    ids = torch.zeros(1, 5, dtype=torch.long)
    with pytest.raises(ValueError, match="5 tokens do not fit: there are positions for 4"):
        embeddings(ids)
    with pytest.raises(ValueError, match="5 tokens do not fit"):
        embeddings(ids[:, :2], past=3)
    embeddings(ids, places=torch.tensor([[-1, 0, 1, 2, 3]]))  # padding is what is too much
    with pytest.raises(ValueError, match="do not fit"):
        embeddings(ids, places=torch.tensor([[0, 1, 2, 3, 4]]))


def test_sinusoids_by_hand() -> None:
    table = sinusoids(50, 6)
    for position in (0, 1, 17, 49):
        for i in range(3):
            angle = position / 10000 ** (2 * i / 6)
            assert table[position, i] == pytest.approx(math.sin(angle), abs=1e-6)
            assert table[position, 3 + i] == pytest.approx(math.cos(angle), abs=1e-6)
    assert sinusoids(4, 5).shape == (4, 5)
    with torch.device("meta"):
        made = TokenEmbeddings(10, 6, positions=50, fixed_positions=True)
    assert torch.equal(made.sinusoids, table)  # nothing else would fill it in
    assert made.tokens.weight.is_meta


@torch.no_grad()
def test_patches_by_hand() -> None:
    patches = noisy(PatchEmbeddings(4, side=6, patch=3))
    images = random(2, 3, 6, 6)
    got = patches(images)
    kernel = patches.patches.weight.reshape(4, -1)
    assert got.shape == (2, 5, 4)
    for n, (top, left) in enumerate([(0, 0), (0, 3), (3, 0), (3, 3)]):
        cut = images[:, :, top : top + 3, left : left + 3].reshape(2, -1)
        want = cut @ kernel.T + patches.patches.bias + patches.positions[1 + n]
        torch.testing.assert_close(got[:, 1 + n], want, atol=1e-5, rtol=1e-5)
    torch.testing.assert_close(got[:, 0], (patches.first + patches.positions[0]).expand(2, -1))
    with pytest.raises(ValueError, match=r"images must be \(b, 3, 6, 6\)"):
        patches(images[:, :, :5])


def test_a_model_without_memory_reads_no_symbolic_mathematics() -> None:
    """torch would read a thousand modules to give first values to parameters that have no memory."""
    import subprocess
    import sys

    code = (
        "import sys, torch\n"
        "from bunsan.nn.initial import without_memory\n"
        "from bunsan.nn.transformer import Stack\n"
        "from bunsan.nn.config import StackConfig\n"
        "from bunsan.nn.embeddings import TokenEmbeddings\n"
        "with without_memory():\n"
        "    made = Stack(StackConfig(width=4, depth=1, heads=2, inner=4, relative_buckets=4))\n"
        "    words = TokenEmbeddings(10, 4, positions=5, norm_eps=1e-5)\n"
        "assert all(one.is_meta for one in [*made.parameters(), *words.parameters()])\n"
        "assert 'sympy' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
