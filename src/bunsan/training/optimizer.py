"""AdamW (Loshchilov & Hutter 2019), its state by the names of parameters, and the average of weights."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from bunsan.training.settings import TrainingSettings


def trained_parameters(module: nn.Module) -> dict[str, nn.Parameter]:
    """What is learned, each parameter once, under its first name."""
    return {name: p for name, p in module.named_parameters() if p.requires_grad}


def make_optimizer(
    parameters: Mapping[str, nn.Parameter],
    settings: TrainingSettings,
    rates: Mapping[str, float] | None = None,
) -> torch.optim.AdamW:
    """AdamW that takes matrices towards zero, and nothing else: norms and biases are rows.

    `rates`: by name, the share of the learning rate that a parameter has; a group keeps it as "share".
    """
    grouped: dict[tuple[float, bool], list[nn.Parameter]] = {}
    for name, parameter in parameters.items():
        share = (rates or {}).get(name, 1.0)
        grouped.setdefault((share, parameter.ndim >= 2), []).append(parameter)
    groups = [
        {
            "params": grouped[share, decays],
            "weight_decay": settings.weight_decay if decays else 0.0,
            "share": share,
        }
        for share, decays in sorted(grouped, reverse=True)
    ]
    betas = (settings.beta1, settings.beta2)
    return torch.optim.AdamW(
        groups, lr=settings.rate, betas=betas, eps=settings.epsilon, fused=True
    )


def optimizer_tensors(
    optimizer: torch.optim.Optimizer, parameters: Mapping[str, nn.Parameter]
) -> dict[str, Tensor]:
    """The optimizer's memory by `part/name of the parameter`."""
    return {
        f"{part}/{name}": value
        for name, parameter in parameters.items()
        for part, value in optimizer.state.get(parameter, {}).items()
    }


def restore_optimizer(
    optimizer: torch.optim.Optimizer,
    parameters: Mapping[str, nn.Parameter],
    tensors: Mapping[str, Tensor],
) -> None:
    """What `optimizer_tensors` gave, put back."""
    for key, value in tensors.items():
        part, _, name = key.partition("/")
        parameter = parameters[name]
        # The count of steps lives where the fused kernel wants it: with the parameter.
        optimizer.state[parameter][part] = value.clone().to(parameter.device)


class Average:
    """A running mean of weights: each step it keeps `share` of itself (Polyak & Juditsky 1992).

    In the beginning it keeps less, so that it does not remember the first values.
    """

    def __init__(self, parameters: Mapping[str, nn.Parameter], share: float) -> None:
        self.share = share
        self._parameters = parameters
        self.tensors = {name: p.detach().clone() for name, p in parameters.items()}

    @torch.no_grad()
    def update(self, step: int) -> None:
        """After step `step`, counted from 1."""
        share = min(self.share, step / (step + 9.0))
        for name, parameter in self._parameters.items():
            self.tensors[name].lerp_(parameter, 1.0 - share)

    @torch.no_grad()
    def swap(self) -> None:
        """Exchange the average and the weights; twice is as before."""
        for name, parameter in self._parameters.items():
            held = parameter.detach().clone()
            parameter.copy_(self.tensors[name])
            self.tensors[name].copy_(held)
