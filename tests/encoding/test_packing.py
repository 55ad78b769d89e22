"""Packed execution against the padded stack: the same numbers, the same gradients."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from bunsan.models.encoding.compiled import CompiledStack, reason_against
from bunsan.nn.config import StackConfig
from bunsan.nn.packing import Packing, run_packed
from bunsan.nn.transformer import Stack, Trace

BASE = StackConfig(width=48, depth=2, heads=4, inner=80, norm_position="post")
KINDS = {
    "post norm": BASE,
    "pre norm": replace(BASE, norm_position="pre"),
    "relative bias, rms, gated, no bias, wide heads": replace(
        BASE,
        norm="rms",
        norm_position="pre",
        gated=True,
        bias=False,
        scale_scores=False,
        head_width=16,
        activation="gelu_tanh",
        relative_buckets=8,
        relative_max_distance=20,
    ),
    "causal": replace(BASE, causal=True, activation="gelu_quick", norm_position="pre"),
    "causal with relative bias": replace(BASE, causal=True, relative_buckets=8, activation="silu"),
    "narrow heads": replace(BASE, heads=8, activation="relu"),
    "tanh, width that fills no panel": replace(
        BASE, width=50, heads=5, inner=70, activation="tanh"
    ),
}


def stack_of(kind: str, seed: int = 0) -> Stack:
    torch.manual_seed(seed)
    stack = Stack(KINDS[kind]).eval()
    with torch.no_grad():
        for parameter in stack.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return stack


def padded(stack: Stack, x: torch.Tensor, packing: Packing) -> torch.Tensor:
    batch, mask = packing.padded(x)
    return stack(batch, mask)[mask]


lengths_of_texts = st.lists(st.integers(1, 70), min_size=1, max_size=9)


@pytest.mark.parametrize("waste", [0.0, 0.3])
@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=10)
@given(lengths=lengths_of_texts)
def test_packed_is_padded(kind: str, waste: float, lengths: list[int]) -> None:
    stack, packing = stack_of(kind), Packing(lengths, waste=waste)
    x = torch.randn(sum(lengths), stack.config.width)
    with torch.no_grad():
        ours, theirs = run_packed(stack, x, packing), padded(stack, x, packing)
    torch.testing.assert_close(ours, theirs, atol=2e-5, rtol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("checkpointing", [False, True])
def test_gradients_are_those_of_the_padded_way(kind: str, checkpointing: bool) -> None:
    lengths = [5, 9, 2, 9, 17, 1]
    stack, packing = stack_of(kind).train(), Packing(lengths, waste=0.2)
    stack.checkpointing = checkpointing
    x = torch.randn(sum(lengths), stack.config.width)
    weight = torch.randn_like(x)
    found = []
    for way in (lambda v: run_packed(stack, v, packing), lambda v: padded(stack, v, packing)):
        stack.zero_grad()
        v = x.clone().requires_grad_()
        (way(v) * weight).sum().backward()
        found.append([v.grad, *(p.grad for p in stack.parameters())])
    for ours, theirs in zip(*found, strict=True):
        torch.testing.assert_close(ours, theirs, atol=2e-4, rtol=1e-3)


def test_hidden_states_are_those_of_a_trace() -> None:
    stack, packing = stack_of("pre norm"), Packing([7, 3, 7])
    x = torch.randn(17, 48)
    hidden: list[torch.Tensor] = []
    with torch.no_grad():
        run_packed(stack, x, packing, hidden)
        trace = Trace()
        batch, mask = packing.padded(x)
        stack(batch, mask, trace=trace)
    assert len(hidden) == len(trace.hidden) == 3
    for ours, theirs in zip(hidden, trace.hidden, strict=True):
        torch.testing.assert_close(ours, theirs[mask], atol=2e-5, rtol=1e-4)


def test_dropout_is_applied_in_training() -> None:
    config = replace(BASE, dropout=0.5)
    stack, packing = Stack(config).train(), Packing([4, 4])
    x = torch.randn(8, 48)
    assert not torch.equal(run_packed(stack, x, packing), run_packed(stack, x, packing))


def test_runs_of_one_length_and_of_little_waste() -> None:
    assert [run.texts for run in Packing([3, 5, 3, 5, 5]).runs] == [2, 3]
    wasteful = Packing([10, 9, 10, 2], waste=0.1).runs
    assert [(run.texts, run.length) for run in wasteful] == [(1, 2), (3, 10)]


def test_what_cannot_be_packed() -> None:
    with pytest.raises(ValueError, match="without tokens"):
        Packing([3, 0])
    with pytest.raises(ValueError, match="memory"):
        run_packed(Stack(replace(BASE, cross=True)), torch.zeros(3, 48), Packing([3]))
    assert "memory" in str(reason_against(Stack(replace(BASE, cross=True))))


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=5)
@given(lengths=lengths_of_texts)
def test_kernels_are_the_padded_stack(kind: str, lengths: list[int]) -> None:
    stack, packing = stack_of(kind), Packing(lengths)
    if reason_against(stack):
        pytest.skip(str(reason_against(stack)))
    x = torch.randn(sum(lengths), stack.config.width)
    hidden: list[np.ndarray] = []
    ours = CompiledStack(stack)(x.numpy(), packing.starts.numpy(), hidden)
    theirs_hidden: list[torch.Tensor] = []
    with torch.no_grad():
        theirs = padded(stack, x, packing).numpy()
        run_packed(stack, x, packing, theirs_hidden)
    np.testing.assert_allclose(ours, theirs, atol=1e-4, rtol=1e-4)
    for mine, other in zip(hidden, theirs_hidden, strict=True):
        np.testing.assert_allclose(mine, other.numpy(), atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("arithmetic", "least"), [("int16", 0.99999), ("int8", 0.98)])
def test_rounded_kernels_agree(kind: str, arithmetic: str, least: float) -> None:
    stack, packing = stack_of(kind), Packing([3, 40, 66])
    if reason_against(stack, arithmetic):
        pytest.skip(str(reason_against(stack, arithmetic)))
    x = torch.randn(109, stack.config.width)
    ours = CompiledStack(stack, arithmetic)(x.numpy(), packing.starts.numpy()).astype(np.float64)
    with torch.no_grad():
        theirs = padded(stack, x, packing).double().numpy()
    cosine = (ours * theirs).sum(1) / np.linalg.norm(ours, axis=1) / np.linalg.norm(theirs, axis=1)
    assert cosine.min() > least
