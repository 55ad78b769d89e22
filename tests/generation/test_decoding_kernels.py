"""Compiled kernels of generation against PyTorch, and a model large enough to be run by them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from bunsan.models.decoding.attention import attend_one, fits
from bunsan.models.decoding.kernels import CompiledKernels, has_kernels
from bunsan.models.decoding.maps import TiledMap
from bunsan.models.decoding.sharing import share
from bunsan.models.generating import language_model, weights_for
from bunsan.models.open import new_model, open_model
from bunsan.nn.generation import fast
from bunsan.nn.generation.decoding import Decoding, Request
from bunsan.nn.generation.loop import generate
from bunsan.nn.generation.model import StackModel

pytestmark = pytest.mark.skipif(not has_kernels(), reason="needs an x86-64 processor with AVX2")
ROWS = [1, 2, 3, 4, 5, 16, 23, 25, 96, 130]


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def rounded(weight: torch.Tensor, weights: str) -> torch.Tensor:
    return {
        "same": lambda: weight,
        "bfloat16": lambda: weight.bfloat16().float(),
        "float16": lambda: weight.half().float(),
    }[weights]()


@pytest.mark.parametrize("shape", [(48, 64), (50, 8), (3, 104), (257, 72)])
@pytest.mark.parametrize("weights", ["same", "bfloat16", "float16"])
def test_a_product_is_that_of_rounded_weights(weights: Any, shape: tuple[int, int]) -> None:
    weight, bias = normal(*shape), normal(shape[0], seed=1)
    ours = TiledMap(weight, bias, weights)
    for rows in ROWS:
        x = normal(rows, shape[1], seed=rows)
        wanted = x.double() @ rounded(weight, weights).double().T + bias.double()
        torch.testing.assert_close(ours(x), wanted.float(), rtol=1e-5, atol=2e-5)
    without = TiledMap(weight, None, weights)(normal(3, shape[1]))
    torch.testing.assert_close(
        without, normal(3, shape[1]) @ rounded(weight, weights).T, rtol=1e-5, atol=2e-5
    )
    assert ours(normal(2, 3, shape[1])).shape == (2, 3, shape[0])


def test_float16_holds_what_it_can() -> None:
    weight = torch.tensor([[1e6, 0, 0, 0, 1e-9, 0, 0, -1e7]])
    found = TiledMap(weight, None, "float16")(torch.eye(8))
    assert found[:, 0].tolist() == [65504, 0, 0, 0, 0, 0, 0, -65504]


@pytest.mark.parametrize("rows", ROWS)
def test_int8_by_exact_sums(rows: int) -> None:
    """Whole numbers below 128 in the weights, and inputs that 12 bits hold: nothing is lost."""
    chance = np.random.default_rng(rows)
    weight = chance.integers(-127, 128, (40, 64)).astype(np.float32)
    weight[:, 0] = 127  # the scale of each row is 1
    x = chance.integers(-3, 4, (rows, 64)).astype(np.float32)
    found = TiledMap(torch.from_numpy(weight), None, "int8")(torch.from_numpy(x)).numpy()
    wanted = x @ weight.T
    error = np.abs(found - wanted).max() / np.abs(wanted).max()
    assert error < 1e-3  # by the rounding of inputs alone


def test_int8_rounds_each_row_by_its_own_scale() -> None:
    weight, x = normal(80, 96), normal(9, 96, seed=2)
    weight *= torch.logspace(-4, 3, 80)[:, None]
    x *= torch.logspace(-3, 5, 9)[:, None]
    scale = weight.abs().amax(1, keepdim=True) / 127
    wanted = x @ ((weight / scale).round() * scale).T
    found = TiledMap(weight, None, "int8")(x)
    sizes = x.norm(dim=1, keepdim=True) * weight.norm(dim=1)
    assert float(((found - wanted).abs() / sizes).max()) < 1e-3


@pytest.mark.parametrize("weights", ["same", "bfloat16", "float16", "int8"])
def test_a_row_is_the_same_beside_any_others(weights: Any) -> None:
    ours, x = TiledMap(normal(70, 64), normal(70), weights), normal(30, 64, seed=3)
    whole = ours(x)
    for rows in (1, 2, 7, 24):
        assert torch.equal(ours(x[:rows]), whole[:rows])
        beside = torch.cat([1000 * x[:rows].flip(0), x[:1]])
        assert torch.equal(ours(beside)[-1], whole[0])


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("shape", [(1, 1, 1, 8), (3, 4, 17, 64), (5, 2, 40, 12)])
def test_attention_of_one_query(shape: tuple[int, ...], masked: bool) -> None:
    b, h, k, e = shape
    keys, values = normal(b, h, k + 9, e), normal(b, h, k + 9, e, seed=1)
    keys[:, :, k:], values[:, :, k:] = 1e9, torch.nan  # buffers that are not full
    keys, values = keys[:, :, :k], values[:, :, :k]
    queries = normal(b, 1, 3, h, e, seed=2).permute(2, 0, 3, 1, 4)[0]  # as a joined map gives them
    mask = None
    if masked:
        mask = (torch.arange(k)[None] >= torch.arange(b)[:, None] % k)[:, None, None]
    assert fits(queries, keys, values, mask)
    found = attend_one(queries, keys, values, mask, 0.3)
    wanted = torch.nn.functional.scaled_dot_product_attention(
        queries, keys, values, attn_mask=mask, scale=0.3
    )
    wanted = wanted.transpose(1, 2).reshape(b, 1, h * e)
    torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-5)


def test_what_attention_of_one_query_does_not_take() -> None:
    q, k = normal(2, 3, 1, 8), normal(2, 3, 5, 8)
    assert fits(q, k, k, None)
    assert not fits(normal(2, 3, 2, 8), k, k, None)
    assert not fits(q, k, k, normal(2, 3, 1, 5))  # a bias
    assert not fits(q, k, k, torch.ones(2, 3, 1, 5, dtype=torch.bool))  # a mask by head
    assert not fits(q.bfloat16(), k.bfloat16(), k.bfloat16(), None)
    kernels = CompiledKernels()
    assert kernels.attend(normal(2, 3, 2, 8), k, k, None, 1.0) is None


def test_work_is_shared_and_faults_are_told() -> None:
    for things in (0, 1, 5, 64):
        for threads in (1, 2, 3, 8):
            done: NDArray[np.int64] = np.zeros(things, np.int64)

            def part(begin: int, end: int, done: NDArray[np.int64] = done) -> None:
                done[begin:end] += 1

            share(part, things, threads)
            assert done.tolist() == [1] * things

    def broken(begin: int, end: int) -> None:
        if begin:
            raise RuntimeError("in another thread")

    with pytest.raises(RuntimeError, match="another"):
        share(broken, 10, 3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A GPT-2 whose matrices are worth a kernel."""
    place = tmp_path_factory.mktemp("larger") / "gpt2"
    changes: dict[str, Any] = {
        "n_embd": 256, "n_layer": 2, "n_head": 4, "n_positions": 128,
        "bos_token_id": 0, "eos_token_id": 0, "initializer_range": 0.2,
    }  # fmt: skip
    opened = new_model("gpt2", vocabulary=1000, changes=changes, seed=4)
    with torch.no_grad():
        for weight in opened.module.parameters():
            weight.add_(normal(*weight.shape, seed=weight.numel()) * 0.05)
    opened.save(place)
    return place


def requests(n: int, tokens: int = 16) -> list[Request]:
    chance = np.random.default_rng(2)
    rows = [chance.integers(1, 1000, chance.integers(3, 30)).tolist() for _ in range(n)]
    return [Request(row, Decoding(max_tokens=tokens)) for row in rows]


def written(model: StackModel, some: list[Request]) -> list[list[int]]:
    return [row.tokens for row in generate(model, some)]


def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Grows with every product by tiles."""
    calls: list[int] = []
    product = TiledMap.__call__

    def noting(self: TiledMap, x: torch.Tensor) -> torch.Tensor:
        calls.append(x.shape[:-1].numel())
        return product(self, x)

    monkeypatch.setattr(TiledMap, "__call__", noting)
    return calls


@pytest.mark.parametrize("threads", [1, 3])
def test_the_same_tokens_with_kernels_and_without(
    folder: Path, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = counted(monkeypatch)
    plain = language_model(open_model(folder))
    wanted = written(plain, requests(9))
    ready = language_model(open_model(folder))
    ready.prepare()
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        assert written(ready, requests(9)) == wanted
        assert [written(ready, [one])[0] for one in requests(9)] == wanted
    finally:
        torch.set_num_threads(before)
    assert len(calls) > 100


@pytest.mark.parametrize("weights", ["bfloat16", "float16"])
def test_narrow_weights_are_rounded_weights(folder: Path, weights: Any) -> None:
    """All that is multiplied is rounded, and nothing else."""
    opened = open_model(folder)
    table = opened.module.backbone.embeddings.tokens.weight.detach().clone()
    for module in opened.module.modules():
        if isinstance(module, torch.nn.Linear):
            module.weight.data = rounded(module.weight.data, weights)
    slow = language_model(opened)
    slow._output = lambda states: states @ rounded(table, weights).T
    fast_one = language_model(open_model(folder))
    fast_one.prepare(weights)
    ids = torch.tensor([[5, 6, 7, 8], [9, 10, 11, 12]])
    with torch.inference_mode():
        wanted = slow.logits(ids, slow.new_cache(8), last=4)
        found = fast_one.logits(ids, fast_one.new_cache(8), last=4)
    error = float((found - wanted).abs().max() / wanted.std())
    assert error < 2e-4
    assert written(fast_one, requests(6)) == written(slow, requests(6))


def test_int8_is_near_and_independent(folder: Path) -> None:
    plain, small = (language_model(open_model(folder)) for _ in range(2))
    small.prepare("int8")
    ids = torch.tensor([[5, 6, 7, 8], [9, 10, 11, 12]])
    with torch.inference_mode():
        wanted = plain.logits(ids, plain.new_cache(8), last=4)
        found = small.logits(ids, small.new_cache(8), last=4)
    assert float((found - wanted).pow(2).mean().sqrt() / wanted.std()) < 0.03
    some = requests(8)
    together = written(small, some)
    assert [written(small, [one])[0] for one in some] == together


def test_what_is_narrow_is_not_held_twice(folder: Path) -> None:
    opened = open_model(folder)
    language_model(opened).prepare("int8")
    sizes = {name: p.numel() for name, p in opened.module.named_parameters() if "stack" in name}
    assert max(sizes.values()) < 3 * 256 * 4 + 1  # norms and biases


def test_as_what_weights_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    from bunsan.models import generating

    assert weights_for("float32", None) == ("float32", "same")
    assert weights_for("float16", "cpu") == ("float32", "float16")
    assert weights_for("int8", None) == ("float32", "int8")
    assert weights_for("bfloat16", "cuda") == ("bfloat16", "same")
    for knows, kept in ((True, ("bfloat16", "same")), (False, ("float32", "bfloat16"))):
        monkeypatch.setattr(generating, "has_bfloat16", lambda knows=knows: knows)
        assert weights_for("bfloat16", None) == kept
    monkeypatch.setattr(generating, "has_kernels", lambda: False)
    assert weights_for("bfloat16", None) == ("bfloat16", "same")
    with pytest.raises(ValueError, match="no kernels"):
        fast.packed_map(normal(8, 8), None, "bfloat16")
