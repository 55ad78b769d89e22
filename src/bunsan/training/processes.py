"""Several processes that train one model: who there is, and sums over all of them.

Started by torchrun, each process finds its place in the environment. Gradients are summed by hand
after the last batch of a step, because processes may have different numbers of batches in it.
"""

import os
from collections.abc import Iterable, Sequence
from datetime import timedelta

import torch
from torch import Tensor, distributed

_BUCKET = 1 << 23  # numbers summed at once


class Processes:
    """This process among the others; alone, everything here costs nothing.

    Attributes
    ----------
    rank, world : which of how many.
    """

    def __init__(self, rank: int = 0, world: int = 1) -> None:
        self.rank, self.world = rank, world

    @property
    def leads(self) -> bool:
        """Whether this is the process that writes files and talks to the person."""
        return self.rank == 0

    def sum(self, values: Sequence[float], device: torch.device | None = None) -> list[float]:
        """Sums over all processes."""
        if self.world == 1:
            return list(values)
        tensor = torch.tensor(values, dtype=torch.float64, device=device)
        distributed.all_reduce(tensor)
        found: list[float] = tensor.tolist()
        return found

    def sum_gradients(self, parameters: Iterable[Tensor]) -> None:
        """Every gradient becomes the sum of all processes'; one that a process lacks counts as 0, and
        one that all lack stays away."""
        if self.world == 1:
            return
        known = list(parameters)
        there = self.sum([float(p.grad is not None) for p in known], known[0].device)
        bucket: list[Tensor] = []
        size = 0
        for parameter, count in zip(known, there, strict=True):
            if not count:
                continue
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            bucket.append(parameter.grad)
            size += parameter.numel()
            if size >= _BUCKET:
                _sum_all(bucket)
                bucket, size = [], 0
        if bucket:
            _sum_all(bucket)

    def wait(self) -> None:
        """Go on when all have come here."""
        if self.world > 1:
            distributed.barrier()


def _sum_all(gradients: list[Tensor]) -> None:
    flat = torch.cat([gradient.reshape(-1) for gradient in gradients])
    distributed.all_reduce(flat)
    parts = torch.split(flat, [gradient.numel() for gradient in gradients])
    for gradient, part in zip(gradients, parts, strict=True):
        gradient.copy_(part.view_as(gradient))


def join_processes(device: torch.device) -> Processes:
    """The processes that torchrun started, or this one alone."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1 or not distributed.is_available():
        return Processes()
    if not distributed.is_initialized():
        backend = "nccl" if device.type == "cuda" else "gloo"
        # Others wait while the first one reads a corpus, which may take days.
        distributed.init_process_group(backend, timeout=timedelta(days=30))
    return Processes(distributed.get_rank(), distributed.get_world_size())


def leave_processes(processes: Processes) -> None:
    """Undo `join_processes`."""
    if processes.world > 1 and distributed.is_initialized():
        distributed.destroy_process_group()
