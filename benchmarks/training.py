"""Training: bunsan's loop against transformers' Trainer, one process each, taking turns.

Same model with the same first weights, same texts of mixed length, the same windows hidden in the same
way and read in the same order, same optimizer, schedule, clipping, precision and threads. Speed is real
tokens (no padding) by processor time: the steps alone, without start-up and reading.

    python benchmarks/training.py [--steps 12] [--threads 1] [--rounds 2]
"""

import argparse
import itertools
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from common import SHARED_DATA, machine, markdown_table, peak_memory

SEQUENCES = 32
MODELS: dict[str, dict[str, Any]] = {
    "4 × 256": {
        "hidden_size": 256,
        "num_hidden_layers": 4,
        "num_attention_heads": 4,
        "intermediate_size": 1024,
        "max_position_embeddings": 512,
    },
    "6 × 384": {
        "hidden_size": 384,
        "num_hidden_layers": 6,
        "num_attention_heads": 12,
        "intermediate_size": 1536,
        "max_position_embeddings": 512,
    },
}
OURS, BY_LENGTH, PLAIN = "bunsan", "Trainer, batches by length", "Trainer"


def make_corpus(folder: Path, documents: int) -> None:
    """Lines of encyclopedia articles, a tokenizer learned from them, token ids."""
    from bunsan.text.documents import read_documents
    from bunsan.text.subwords.training import train_tokenizer
    from bunsan.training.tokenizing import tokenize_corpus

    source = SHARED_DATA / "kyoto_wiki" / "articles.jsonl.gz"
    articles = itertools.islice(read_documents(source, text="text", by=()), documents)
    # Paragraphs of one to eight lines: the lengths of real passages.
    texts: list[str] = []
    for number, article in enumerate(articles):
        lines = article.text.splitlines()
        at = 0
        while at < len(lines):
            size = 1 + (number * 7 + at * 3) % 8
            texts.append("\n".join(lines[at : at + size]))
            at += size
    pieces = train_tokenizer(texts, "wordpiece", 16_000, words="mecab-unidic-lite", max_length=512)
    pieces.save(folder / "tokenizer")
    tokenize_corpus(texts, pieces, folder / "tokens")


def prepared(folder: Path, name: str, steps: int) -> tuple[Any, Any, Any]:
    """Model, objective, windows: the same for both."""
    from bunsan.models.open import new_model
    from bunsan.text.subwords.opening import open_tokenizer
    from bunsan.training.objectives.masked_words import MaskedWords
    from bunsan.training.tokens import open_tokens
    from bunsan.training.windows import Windows

    pieces = open_tokenizer(folder / "tokenizer")
    model = new_model(
        "bert-base-japanese",
        head="masked-words",
        vocabulary=pieces.vocab_size,
        changes=MODELS[name],
    )
    return model, MaskedWords(model, pieces), Windows(open_tokens(folder / "tokens"), 510)


def ours(folder: Path, name: str, steps: int, warm: int) -> dict[str, Any]:
    """Losses, tokens and processor time of bunsan's loop."""
    from bunsan.training.loop import Loop
    from bunsan.training.settings import TrainingSettings

    _, objective, windows = prepared(folder, name, steps)
    settings = TrainingSettings(
        steps=steps, batch_sequences=SEQUENCES, memory_tokens=2048, rate=5e-4, weight_decay=0.01
    )
    losses: list[float] = []
    tokens: list[float] = []
    moments: list[tuple[float, float]] = []

    def on_step(report: Any) -> None:
        losses.append(report.values["loss"])
        tokens.append(report.values["tokens"])
        moments.append((time.process_time(), time.monotonic()))

    Loop(objective, windows, settings, on_step=on_step).run()
    return told(losses, tokens, moments, warm)


def theirs(folder: Path, name: str, steps: int, warm: int, by_length: bool) -> dict[str, Any]:
    """The same of transformers' Trainer."""
    import numpy as np
    import torch
    import transformers
    from torch.utils.data import Dataset

    transformers.logging.set_verbosity_error()
    model, objective, windows = prepared(folder, name, steps)
    model.save(folder / "start")
    module = transformers.BertForMaskedLM.from_pretrained(folder / "start")
    rows = []
    for window in windows.read(np.arange(SEQUENCES * steps)):
        batch = objective.batch([window]).tensors
        labels = torch.full_like(batch["ids"][0], -100)
        labels[batch["places"]] = batch["targets"]
        rows.append({"input_ids": batch["ids"][0], "labels": labels})
    sums: list[float] = []  # real tokens of each batch, in the order in which they are read

    class Rows(Dataset):  # type: ignore[type-arg]
        def __len__(self) -> int:
            return len(rows)

        def __getitem__(self, i: int) -> dict[str, Any]:
            return rows[i]

    def collate(batch: list[dict[str, Any]]) -> dict[str, Any]:
        pad = torch.nn.utils.rnn.pad_sequence
        ids = pad([row["input_ids"] for row in batch], True, 0)
        labels = pad([row["labels"] for row in batch], True, -100)
        lengths = torch.tensor([len(row["input_ids"]) for row in batch])
        sums.append(float(lengths.sum()))
        mask = torch.arange(ids.shape[1])[None, :] < lengths[:, None]
        return {"input_ids": ids, "labels": labels, "attention_mask": mask.long()}

    losses: list[float] = []
    moments: list[tuple[float, float]] = []

    class Watch(transformers.TrainerCallback):
        def on_step_end(self, *_: Any, **__: Any) -> None:
            moments.append((time.process_time(), time.monotonic()))

        def on_log(self, *_: Any, logs: Any = None, **__: Any) -> None:
            if logs and "loss" in logs:
                losses.append(float(logs["loss"]))

    arguments = transformers.TrainingArguments(
        output_dir=str(folder / "out"),
        max_steps=steps,
        per_device_train_batch_size=SEQUENCES,
        learning_rate=5e-4,
        weight_decay=0.01,
        max_grad_norm=1.0,
        lr_scheduler_type="linear",
        logging_steps=1,
        save_strategy="no",
        report_to=[],
        use_cpu=True,
        disable_tqdm=True,
        train_sampling_strategy="group_by_length" if by_length else "sequential",
        dataloader_pin_memory=False,
    )
    trainer = transformers.Trainer(
        module, arguments, train_dataset=Rows(), data_collator=collate, callbacks=[Watch()]
    )
    trainer.train()
    return told(losses, sums[: len(moments)], moments, warm)


def told(
    losses: list[float], tokens: list[float], moments: list[tuple[float, float]], warm: int
) -> dict[str, Any]:
    """Speed over the steps after the first `warm`."""
    real = sum(tokens[warm:])
    processor = moments[-1][0] - moments[warm - 1][0]
    clock = moments[-1][1] - moments[warm - 1][1]
    return {
        "losses": losses,
        "tokens": tokens,
        "speed": real / processor,
        "clock": real / clock,
        "peak": peak_memory(),
    }


def run_one(arguments: argparse.Namespace) -> None:
    """One candidate, in this process."""
    import torch

    torch.set_num_threads(arguments.threads)
    folder, name, steps = arguments.folder, arguments.model, arguments.steps
    if arguments.candidate == OURS:
        result = ours(folder, name, steps, arguments.warm)
    else:
        by_length = arguments.candidate == BY_LENGTH
        result = theirs(folder, name, steps, arguments.warm, by_length)
    print(json.dumps(result))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--warm", type=int, default=2)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--documents", type=int, default=1500)
    parser.add_argument("--models", nargs="*", default=list(MODELS))
    parser.add_argument("--candidate")
    parser.add_argument("--model")
    parser.add_argument("--folder", type=Path)
    arguments = parser.parse_args()
    if arguments.candidate:
        run_one(arguments)
        return
    if not SHARED_DATA.is_dir():
        raise SystemExit(f"needs the open data in {SHARED_DATA}")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        make_corpus(folder, arguments.documents)
        print(f"{machine()}, {arguments.threads} thread(s), {SEQUENCES} windows a step\n")
        for name in arguments.models:
            compare(folder, name, arguments)


def compare(folder: Path, name: str, arguments: argparse.Namespace) -> None:
    """The candidates in turns; the best round of each counts."""
    found: dict[str, list[dict[str, Any]]] = {}
    threads = {"OMP_NUM_THREADS": str(arguments.threads), "MKL_NUM_THREADS": str(arguments.threads)}
    for _ in range(arguments.rounds):
        for candidate in (OURS, PLAIN, BY_LENGTH):
            command = [sys.executable, __file__, "--candidate", candidate, "--model", name]
            command += ["--folder", str(folder), "--steps", str(arguments.steps)]
            command += ["--warm", str(arguments.warm), "--threads", str(arguments.threads)]
            run = subprocess.run(
                command,
                env={**os.environ, **threads},
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                check=True,
            )
            found.setdefault(candidate, []).append(json.loads(run.stdout.splitlines()[-1]))
    base = max(run["speed"] for run in found[PLAIN])
    rows = []
    for candidate, runs in found.items():
        best = max(runs, key=lambda run: run["speed"])
        gap = "other order"
        if candidate != BY_LENGTH:
            mine, plain = best["losses"], found[PLAIN][0]["losses"]
            gap = f"{max(abs(a - b) for a, b in zip(mine, plain, strict=True)):.3f}"
        rows.append(
            [
                candidate,
                f"{best['speed']:,.0f}",
                f"{best['speed'] / base:.2f}",
                f"{min(run['peak'] for run in runs):,.0f}",
                f"{best['losses'][0]:.3f} → {best['losses'][-1]:.3f}",
                gap,
            ]
        )
    heads = [
        f"BERT {name}",
        "tokens/s of processor",
        "times",
        "peak MB",
        "loss, first → last",
        "largest gap",
    ]
    print(markdown_table(heads, rows) + "\n", flush=True)


if __name__ == "__main__":
    main()
