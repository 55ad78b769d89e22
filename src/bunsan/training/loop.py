"""The training loop. It knows no model: an objective makes batches of windows and gives their losses.

Chance in the model is seeded anew for every batch, from its place in the order; chance in the data is
each window's own. So a step is a function of the weights and one number, and going on from a
checkpoint gives the same losses, bit for bit, on the same machine with as many threads. Batches are
formed before they are given to processes, so several processes follow the same curve as one.
"""

import math
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from bunsan.base.errors import BunsanError
from bunsan.base.language import tr
from bunsan.nn.transformer import Stack
from bunsan.nn.weights_safetensors import SafetensorsFile, save_safetensors
from bunsan.training.checkpoint import digest, open_checkpoint, read_tensors, save_checkpoint
from bunsan.training.evaluation import Evaluation
from bunsan.training.log import Log
from bunsan.training.objective import Batch, Objective
from bunsan.training.optimizer import (
    Average,
    make_optimizer,
    optimizer_tensors,
    restore_optimizer,
    trained_parameters,
)
from bunsan.training.processes import Processes
from bunsan.training.reports import OnStep, StepReport, Trained
from bunsan.training.schedule import rate_at
from bunsan.training.settings import TrainingSettings
from bunsan.training.shuffle import seed_of
from bunsan.training.stopping import interrupted, interruptions
from bunsan.training.windows import Batching, TrainingData

_TIMED_SHARE = 0.03  # of the minutes given, after which the number of steps is settled
_TIMED_STEPS = 5
_SAVING_SHARE = 0.05
_BEST = "best.safetensors"


class Loop:
    """One training.

    Parameters
    ----------
    windows : what is trained on. evaluation : what is evaluated on, None for nothing.
    folder : for checkpoints and the log; None keeps neither.
    mark : tells this training from others; a checkpoint of another is refused.
    curves : also write curves for TensorBoard, into `folder`.
    rates : by name of a parameter, its share of the learning rate; 1 where it says nothing.
    """

    def __init__(
        self,
        objective: Objective,
        windows: TrainingData,
        settings: TrainingSettings,
        *,
        evaluation: TrainingData | None = None,
        folder: Path | None = None,
        mark: str = "",
        device: torch.device | None = None,
        processes: Processes | None = None,
        curves: bool = False,
        on_step: OnStep | None = None,
        rates: Mapping[str, float] | None = None,
    ) -> None:
        self.objective, self.windows, self.settings = objective, windows, settings
        self.device = device or torch.device("cpu")
        self.processes = processes or Processes()
        self.folder, self.mark, self._curves, self._on_step = folder, mark, curves, on_step
        self.batching = Batching(
            tokens=settings.batch_tokens,
            sequences=settings.batch_sequences,
            added=objective.added,
            memory_tokens=settings.memory_tokens,
            together=objective.together,
        )
        objective.module.to(self.device)
        for part in objective.module.modules():
            if isinstance(part, Stack):
                part.checkpointing = settings.checkpointing
        self.parameters = trained_parameters(objective.module)
        self.optimizer = make_optimizer(self.parameters, settings, rates)
        self.average = None if settings.ema is None else Average(self.parameters, settings.ema)
        self._evaluation = None
        if evaluation is not None and len(evaluation):
            self._evaluation = Evaluation(evaluation, self.batching, settings.evaluate_windows)
        self.step = self.place = self.tokens = 0
        self.steps = settings.steps
        self.seconds = 0.0
        self.loss = math.nan
        self.best: float | None = None
        self.worse = 0  # evaluations since the best one
        self.evaluated: float | None = None
        self._stop = False

    # The whole of it

    def run(self) -> Trained:
        """Train to the end, from the checkpoint in the folder if there is one.

        Raises
        ------
        Interrupted : the person stopped it, after a checkpoint.
        BadInput : the checkpoint is damaged or of another training; a shard of the corpus is damaged.
        BunsanError : the loss is no number any more; the disk is full.
        """
        self.resume()
        log = self._open_log()
        begun, before = time.monotonic(), self.seconds
        saved, pause = begun, self.settings.save_seconds
        early = self._patience_is_out()
        try:
            with interruptions(self._interrupt), ThreadPoolExecutor(1) as ahead:
                prepared = ahead.submit(self._prepare, self.place)
                while not early and (self.steps is None or self.step < self.steps):
                    started = time.monotonic()
                    values, prepared = self._make_step(prepared, ahead)
                    self.seconds = before + time.monotonic() - begun
                    values["tokens_per_second"] = values["tokens"] / (time.monotonic() - started)
                    values["seconds"] = self.seconds
                    self._settle_steps(self.seconds)
                    if self._is_time_to_evaluate():
                        values |= self._evaluate()
                        early = self._patience_is_out()
                    if log is not None:
                        log.write(self.step, values)
                    if self._on_step is not None:
                        self._on_step(StepReport(self.step, self.steps, values))
                    due = time.monotonic() - saved > pause
                    due, stop = self._agreed(due, self._stop)
                    if due or stop:
                        moment = time.monotonic()
                        self.save()
                        saved = time.monotonic()
                        if pause:
                            least = (saved - moment) / _SAVING_SHARE
                            pause = max(self.settings.save_seconds, least)
                    if stop:
                        raise interrupted(self.step, self.folder)
            self.seconds = before + time.monotonic() - begun
            self.save()
        finally:
            if log is not None:
                log.close()
        self._take_result()
        return Trained(
            self.step,
            self.tokens,
            self.seconds,
            self.loss,
            self.best if self.settings.patience is not None else self.evaluated,
            early,
        )

    # One step

    def _prepare(self, place: int) -> tuple[list[tuple[int, Batch]], int]:
        """This process's batches of the step at a place, with their numbers; the place after it."""
        plan = self.batching.step(self.windows, place)
        own = range(self.processes.rank, len(plan.batches), self.processes.world)
        batches = [(i, self.objective.batch(self.windows.read(plan.batches[i]))) for i in own]
        return batches, plan.next

    def _make_step(
        self, prepared: "Future[tuple[list[tuple[int, Batch]], int]]", ahead: ThreadPoolExecutor
    ) -> tuple[dict[str, float], "Future[tuple[list[tuple[int, Batch]], int]]"]:
        batches, after = prepared.result()
        following = ahead.submit(self._prepare, after)
        terms = list(self.objective.weights)
        counted = [float(sum(batch.counts[term] for _, batch in batches)) for term in terms]
        counted += [
            float(sum(batch.tokens for _, batch in batches)),
            float(sum(batch.cells for _, batch in batches)),
        ]
        *counts, tokens, cells = self.processes.sum(counted, self.device)
        self.objective.module.train()
        sums = dict.fromkeys(terms, 0.0)
        for number, batch in batches:
            # Its number in the step, not in this process: who computes it changes nothing.
            torch.manual_seed(seed_of(self.settings.seed, self.place, number))
            with self._precision():
                losses, _ = self.objective.loss(batch.to(self.device))
            total = sum(
                (
                    losses[term] * (self.objective.weights[term] / count)
                    for term, count in zip(terms, counts, strict=True)
                    if count
                ),
                torch.zeros((), device=self.device),
            )
            total.backward()  # type: ignore[no-untyped-call]
            for term in terms:
                sums[term] += float(losses[term].detach())
        self.processes.sum_gradients(self.parameters.values())
        added = self.processes.sum([sums[term] for term in terms], self.device)
        means = {
            term: value / count if count else 0.0
            for term, value, count in zip(terms, added, counts, strict=True)
        }
        self.loss = sum(self.objective.weights[term] * mean for term, mean in means.items())
        rate = rate_at(self.settings, self.step, self.steps or self.step + 1)
        norm = self._update(rate)
        self.step, self.place, self.tokens = self.step + 1, after, self.tokens + int(tokens)
        if self.average is not None:
            self.average.update(self.step)
        values = {"loss": self.loss, **({} if len(terms) == 1 else means)}
        values |= {"rate": rate, "gradient_norm": norm, "tokens": tokens}
        values["padding"] = 1.0 - tokens / cells
        return values, following

    def _update(self, rate: float) -> float:
        limit = math.inf if self.settings.clip is None else self.settings.clip
        norm = float(torch.nn.utils.clip_grad_norm_(self.parameters.values(), limit))
        if not math.isfinite(norm) or not math.isfinite(self.loss):
            raise BunsanError(
                tr(
                    f"At step {self.step + 1} the loss or its gradient is no number any more.",
                    f"{self.step + 1} ステップ目で損失か勾配が数でなくなりました。",
                ),
                remedy=tr(
                    "Lower the learning rate (rate) or lengthen the rise to it (warm_up).",
                    "学習率(rate)を下げるか、立ち上がり(warm_up)を長くしてください。",
                ),
            )
        for group in self.optimizer.param_groups:
            group["lr"] = rate * group["share"]
        self.optimizer.step()
        self.optimizer.zero_grad(set_to_none=True)
        return norm

    def _precision(self) -> Any:
        if self.settings.precision == "float32":
            return nullcontext()
        return torch.autocast(self.device.type, dtype=torch.bfloat16)

    def _settle_steps(self, seconds: float) -> None:
        """Turn minutes into a number of steps, once."""
        if self.steps is not None or self.settings.minutes is None:
            return
        whole = 60 * self.settings.minutes
        if self.step >= _TIMED_STEPS and seconds >= _TIMED_SHARE * whole:
            fit = max(self.step + 1, int(self.step * whole / seconds))
        elif seconds >= whole:
            fit = self.step
        else:
            fit = 0
        fit = int(self.processes.sum([fit if self.processes.leads else 0], self.device)[0])
        if fit:
            self.steps = fit

    # Evaluation

    def _is_time_to_evaluate(self) -> bool:
        return self._evaluation is not None and (
            self.step % self.settings.evaluate_every == 0 or self.step == self.steps
        )

    def _evaluate(self) -> dict[str, float]:
        if self._evaluation is None:
            return {}
        with self._averaged(), self._precision():
            values = self._evaluation.run(self.objective, self.device, self.processes)
        self.evaluated = values["eval_loss"]
        if self.best is None or self.evaluated < self.best:
            self.best, self.worse = self.evaluated, 0
            if self.settings.patience is not None:
                self._keep_best()
        else:
            self.worse += 1
        return values

    def _patience_is_out(self) -> bool:
        return self.settings.patience is not None and self.worse >= self.settings.patience

    @contextmanager
    def _averaged(self) -> Iterator[None]:
        """The average of the weights in the weights' place."""
        if self.average is None:
            yield
            return
        self.average.swap()
        try:
            yield
        finally:
            self.average.swap()

    def _keep_best(self) -> None:
        tensors = {name: p.detach() for name, p in self.parameters.items()}
        if self.average is not None:
            tensors = dict(self.average.tensors)
        if self.folder is None:
            self._best_tensors = {name: tensor.clone() for name, tensor in tensors.items()}
        elif self.processes.leads:
            save_safetensors(self.folder / _BEST, tensors, {"digest": digest(tensors)})

    def _take_result(self) -> None:
        """Put the weights that are the result into the module."""
        found: Mapping[str, Tensor] | None = None
        if self.settings.patience is not None and self.best is not None:
            self.processes.wait()
            if self.folder is None:
                found = self._best_tensors
            else:
                file = self.folder / _BEST
                found = read_tensors(file, SafetensorsFile(file).metadata.get("digest"))
        elif self.average is not None:
            found = self.average.tensors
        if found is not None:
            with torch.no_grad():
                for name, parameter in self.parameters.items():
                    parameter.copy_(found[name])
        self.objective.module.eval()

    # Stopping and going on

    def save(self) -> None:
        """Write a checkpoint, if there is a folder for it."""
        if self.folder is None or not self.processes.leads:
            return
        module = self.objective.module
        tensors = {f"weights/{name}": p.detach() for name, p in self.parameters.items()}
        tensors |= {f"buffers/{name}": b for name, b in module.named_buffers()}
        tensors |= optimizer_tensors(self.optimizer, self.parameters)
        if self.average is not None:
            tensors |= {f"average/{name}": t for name, t in self.average.tensors.items()}
        state = {
            "step": self.step,
            "steps": self.steps,
            "place": self.place,
            "tokens": self.tokens,
            "seconds": self.seconds,
            "loss": None if math.isnan(self.loss) else self.loss,
            "best": self.best,
            "worse": self.worse,
            "evaluated": self.evaluated,
            "settings": asdict(self.settings),
        }
        save_checkpoint(self.folder, tensors, state, self.mark, f"step-{self.step:08d}")

    def resume(self) -> bool:
        """Go to where the checkpoint in the folder was written; whether there was one.

        Raises
        ------
        BadInput : it is damaged, or of another training.
        """
        found = None if self.folder is None else open_checkpoint(self.folder, self.mark)
        if found is None:
            return False
        tensors, state = found
        parts: dict[str, dict[str, Tensor]] = {}
        for key, tensor in tensors.items():
            part, _, name = key.partition("/")
            parts.setdefault(part, {})[name] = tensor
        held = dict(self.objective.module.named_buffers())
        with torch.no_grad():
            for name, parameter in self.parameters.items():
                parameter.copy_(parts["weights"][name])
            for name, buffer in parts.get("buffers", {}).items():
                held[name].copy_(buffer)
        memory = {
            f"{part}/{name}": tensor
            for part, named in parts.items()
            if part not in ("weights", "buffers", "average")
            for name, tensor in named.items()
        }
        restore_optimizer(self.optimizer, self.parameters, memory)
        if self.average is not None:
            for name, tensor in self.average.tensors.items():
                tensor.copy_(parts["average"][name])
        self.step, self.steps = state["step"], state["steps"]
        self.place, self.tokens = state["place"], state["tokens"]
        self.seconds = state["seconds"]
        self.loss = math.nan if state["loss"] is None else state["loss"]
        self.best, self.worse = state["best"], state["worse"]
        self.evaluated = state["evaluated"]
        return True

    def _open_log(self) -> Log | None:
        if self.folder is None or not self.processes.leads:
            return None
        terms = list(self.objective.weights)
        columns = ["step", "loss", *(terms if len(terms) > 1 else [])]
        columns += ["rate", "gradient_norm", "tokens", "padding", "tokens_per_second", "seconds"]
        if self._evaluation is not None:
            columns += ["eval_loss", *(f"eval_{term}" for term in terms if len(terms) > 1)]
            columns.append("eval_right")
        curves = self.folder / "curves" if self._curves else None
        return Log(self.folder / "log.csv", columns, self.step, curves)

    def _agreed(self, *wishes: bool) -> list[bool]:
        """Whether any process wishes it; the first one alone looks at the clock."""
        own = [float(wish) for wish in wishes]
        return [wish > 0 for wish in self.processes.sum(own, self.device)]

    def _interrupt(self) -> None:
        self._stop = True
