"""The loss on windows that are not trained on, each time the same ones with the same chance."""

import torch

from bunsan.training.objective import Batch, Objective
from bunsan.training.processes import Processes
from bunsan.training.windows import Batching, TrainingData, by_length, sample_places


class Evaluation:
    """Some windows, and how to look at them.

    Parameters
    ----------
    most : windows looked at.
    """

    def __init__(self, windows: TrainingData, batching: Batching, most: int) -> None:
        self.windows, self.most = windows, most
        places = sample_places(windows, most)
        if batching.together:
            cuts = range(0, len(places), batching.together)
            self.batches = [places[cut : cut + batching.together] for cut in cuts]
        else:
            lengths = windows.lengths(windows.numbers(places)) + batching.added
            self.batches = by_length(places, lengths, batching.memory_tokens)

    @torch.no_grad()
    def run(
        self, objective: Objective, device: torch.device, processes: Processes
    ) -> dict[str, float]:
        """`eval_loss`, its terms where there are several, and `eval_right`, the share of right
        answers, where the objective tells it."""
        objective.module.eval()
        terms = list(objective.weights)
        sums = dict.fromkeys([*terms, "right", "asked"], 0.0)
        counts = dict.fromkeys(terms, 0.0)
        for number in range(processes.rank, len(self.batches), processes.world):
            batch: Batch = objective.batch(self.windows.read(self.batches[number]))
            torch.manual_seed(number)
            losses, told = objective.loss(batch.to(device))
            for term in terms:
                sums[term] += float(losses[term])
                counts[term] += batch.counts[term]
            for name, value in told.items():
                sums[name] += value
        values = processes.sum([*sums.values(), *counts.values()], device)
        added = dict(zip(sums, values, strict=False))
        counted = dict(zip(terms, values[len(sums) :], strict=True))
        means = {term: added[term] / max(counted[term], 1.0) for term in terms}
        found = {"eval_loss": sum(objective.weights[term] * means[term] for term in terms)}
        if len(terms) > 1:
            found |= {f"eval_{term}": mean for term, mean in means.items()}
        if added["asked"]:
            found["eval_right"] = added["right"] / added["asked"]
        return found
