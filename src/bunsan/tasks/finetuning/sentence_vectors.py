"""Fine-tune a model's vectors on pairs of texts that belong together: questions and passages, titles and
articles, sentences that say the same."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np
import torch

from bunsan.base.errors import BadInput
from bunsan.base.files import replaced_folder, write_json
from bunsan.base.language import tr
from bunsan.base.progress import progress
from bunsan.models.open import open_model
from bunsan.models.opened import check_replaceable
from bunsan.tasks.finetuning.columns import PAIRS, pair_columns
from bunsan.tasks.finetuning.records import Looked, ReadingOptions, read_records, text_of
from bunsan.tasks.finetuning.showing import Shown
from bunsan.tasks.finetuning.start import start_folder, training_mark
from bunsan.text.documents import ReadReport, nothing_read
from bunsan.text.subwords.opening import open_tokenizer
from bunsan.text.subwords.tokenizer import Tokenizer
from bunsan.training.examples import Example, Examples
from bunsan.training.loop import Loop
from bunsan.training.objective import Objective
from bunsan.training.objectives.pair_contrast import PairContrast
from bunsan.training.reports import OnStep, Trained
from bunsan.training.settings import TrainingSettings

TITLES = (
    ("title", "text"),
    ("headline", "article"),
    ("question", "context"),
    ("question", "passage"),
    ("見出し", "本文"),
)
_CHUNK = 2048


@dataclass(frozen=True)
class TrainedVectors:
    """What was made.

    Attributes
    ----------
    folder : a sentence model. pairs, held_out : trained on, and not. trained : steps, seconds, loss.
    found : share of held-out first texts whose nearest second text, of all held out, is their own;
        nan where none are. among : how many there were to choose from.
    """

    folder: Path
    pairs: int
    held_out: int
    trained: Trained
    found: float
    among: int

    def to_dict(self) -> dict[str, Any]:
        """As plain values that JSON can hold."""
        found = None if np.isnan(self.found) else self.found
        values = {**vars(self), "folder": str(self.folder), "trained": asdict(self.trained)}
        return {**values, "found": found}


def finetune_vectors(
    train: Any,
    *,
    model: str | Path,
    to: str | Path,
    columns: Mapping[str, str] | None = None,
    vector: Literal["mean", "first"] = "mean",
    temperature: float = 0.05,
    epochs: float = 1.0,
    batch: int = 64,
    rate: float = 5e-5,
    max_length: int = 128,
    held_out: float = 0.02,
    precision: Literal["float32", "bfloat16"] = "float32",
    keep: bool = False,
    curves: bool = False,
    seed: int = 0,
    device: str | None = None,
    threads: int | None = None,
    encoding: str | None = None,
    format: str | None = None,
    sheet: str | int | None = None,
    on_step: OnStep | None = None,
) -> TrainedVectors:
    """Train and save a sentence model, which sentence-transformers opens too.

    Interrupted, the same call goes on from where it stopped.

    Parameters
    ----------
    train : tables with a text and a text that belongs to it. columns : "text" and "text2", where their
        names do not tell (question and passage, title and text, sentence1 and sentence2, ...).
    batch : pairs of an update; the others of the batch are what each is told from, so more is better.
    keep : leave the folder of the training. curves : also write curves for TensorBoard.

    Raises
    ------
    BadInput : there are no pairs; file, row and remedy are named; something other than a model stands
        at `to`. Missing : the model is not here.
    """
    target = Path(to)
    check_replaceable(target)
    folder = start_folder(model)
    if threads is not None:
        torch.set_num_threads(threads)
    pairs = _read(train, dict(columns or {}), ReadingOptions(encoding, format, sheet))
    tokenizer = open_tokenizer(folder)
    opened = open_model(folder, head="states", seed=seed)
    examples = _examples(pairs, tokenizer, max_length)
    chance = np.random.default_rng([seed, 13])
    order = chance.permutation(len(examples)).tolist()
    apart = min(round(held_out * len(examples)), len(examples) - 2)
    valid = [examples[i] for i in order[:apart]]
    kept = [examples[i] for i in order[apart:]]
    together = min(batch, len(kept))
    settings = TrainingSettings(
        steps=max(1, round(epochs * len(kept) / together)),
        batch_sequences=together,
        rate=rate,
        warm_up=round(0.1 * epochs * len(kept) / together),
        weight_decay=0.01,
        max_length=max(max_length, 8),
        held_out=apart / len(examples),
        precision=precision,
        evaluate_every=max(1, len(kept) // together),
        evaluate_windows=max(1, apart),
        seed=seed,
    )
    objective = PairContrast(
        opened, tokenizer, vector=vector, temperature=temperature, together=together
    )
    about = [asdict(settings), vector, temperature, len(kept)]
    mark = training_mark(folder, about, examples)
    work = target.with_name(target.name + ".training")
    (work / mark).mkdir(parents=True, exist_ok=True)
    with progress(tr("Training vectors", "ベクトルを学習中"), 1.0) as bar:
        trained = Loop(
            cast(Objective, objective),
            Examples(kept, seed),
            settings,
            evaluation=Examples(valid, seed) if len(valid) > 1 else None,
            folder=work / mark,
            mark=mark,
            device=torch.device(device or "cpu"),
            curves=curves,
            on_step=Shown(bar, len(kept) / together, on_step),
        ).run()
    found = _found(objective, valid)
    opened.module.to("cpu")
    result = TrainedVectors(target, len(kept), len(valid), trained, found, len(valid))
    with replaced_folder(target) as beside:
        objective.save(beside)
        tokenizer.save(beside)
        write_json(beside / "training.json", {**result.to_dict(), "model": str(model)})
    if not keep:
        shutil.rmtree(work, ignore_errors=True)
    return result


def _read(train: Any, told: dict[str, str], options: ReadingOptions) -> list[tuple[str, str]]:
    names: list[str] = []

    def choose(table: Looked) -> Sequence[str]:
        names[:] = pair_columns(table, told.get("text"), told.get("text2"), (*PAIRS, *TITLES))
        return names

    report = ReadReport()
    found = []
    for record in read_records(train, choose, options=options, report=report):
        first, second = (text_of(record, name) for name in names)
        if first and second:
            found.append((first, second))
    if not found:
        raise nothing_read(report)
    if len(found) < 4:
        raise BadInput(
            tr(f"{len(found)} pairs are too few.", f"{len(found)} 組では足りません。"),
            remedy=tr("Give some hundreds or more.", "数百組以上を用意してください。"),
            file=str(train),
        )
    return found


def _examples(
    pairs: Sequence[tuple[str, str]], tokenizer: Tokenizer, max_length: int
) -> list[Example]:
    found: list[Example] = []
    with progress(tr("Cutting into tokens", "トークンに分割中"), len(pairs)) as bar:
        for begin in range(0, len(pairs), _CHUNK):
            chunk = pairs[begin : begin + _CHUNK]
            sides = [
                tokenizer.encode_batch([pair[i] for pair in chunk], max_length=max_length)
                for i in range(2)
            ]
            found += [Example((a.ids, b.ids)) for a, b in zip(*sides, strict=True)]
            bar.advance(len(chunk))
    return found


@torch.inference_mode()
def _found(objective: PairContrast, valid: Sequence[Example]) -> float:
    if len(valid) < 2:
        return float("nan")
    objective.module.eval()
    sides: list[list[torch.Tensor]] = [[], []]
    same: list[bytes] = [example.rows[1].tobytes() for example in valid]
    device = next(objective.module.parameters()).device
    for begin in range(0, len(valid), 64):
        tensors = objective.batch(valid[begin : begin + 64]).to(device).tensors
        sides[0].append(objective.vectors(tensors["ids"], tensors.get("mask")))
        sides[1].append(objective.vectors(tensors["ids2"], tensors.get("mask2")))
    first, second = (torch.nn.functional.normalize(torch.cat(s).float(), dim=-1) for s in sides)
    nearest = (first @ second.T).argmax(1).tolist()
    return float(np.mean([same[i] == same[place] for i, place in enumerate(nearest)]))
