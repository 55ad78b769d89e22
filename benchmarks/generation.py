"""Generation: tokens a second and time to the first token, ours and the peers', on one GPT-2.

    python benchmarks/generation.py [--tokens 40] [--rounds 3] [--threads 1] [--only float32]

A checkpoint of GPT-2's small size with random weights is written once. Every contender loads it in a
process of its own; rounds are taken in turn, and the best of each is kept, so that what else the
machine does weighs on all alike. Tokens are the likeliest ones, and all must agree on them.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

PROMPT = 32
VOCABULARY = 50257
CONTENDERS = (
    "bunsan float32",
    "transformers float32",
    "ctranslate2 float32",
    "bunsan bfloat16",
    "bunsan float16",
    "bunsan int8",
    "ctranslate2 int8",
)
Write = Callable[[list[list[int]], int], list[list[int]]]  # prompts, tokens -> what was written


def prompts(n: int) -> list[list[int]]:
    """Rows of ids, all of one length, so that padding favours nobody."""
    import numpy as np

    return np.random.default_rng(0).integers(100, 40000, (n, PROMPT)).tolist()


def checkpoint(folder: Path) -> None:
    """GPT-2 small; weights are scaled up so that the likeliest token stands out."""
    import torch
    import transformers

    torch.manual_seed(0)
    config = transformers.GPT2Config(eos_token_id=None, bos_token_id=None)
    model = transformers.GPT2LMHeadModel(config).eval()
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() > 1:
                weight.mul_(2.5)
    model.save_pretrained(folder / "hf")
    # The converter wants a tokenizer's vocabulary; ids are all that is used here.
    letters = {chr(0x4E00 + i % 20000) + str(i // 20000): i for i in range(VOCABULARY - 1)}
    vocabulary = {**letters, "<|endoftext|>": VOCABULARY - 1}
    (folder / "hf" / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    (folder / "hf" / "merges.txt").write_text("#version: 0.2\n", encoding="utf-8")


def ours(folder: Path, precision: str) -> Write:
    from bunsan.models.generating import language_model, weights_for
    from bunsan.models.open import open_model
    from bunsan.nn.generation.decoding import Decoding, Request
    from bunsan.nn.generation.loop import generate

    dtype, weights = weights_for(precision, "cpu")
    model = language_model(open_model(folder / "hf", dtype=dtype))
    model.prepare(weights)

    def write(rows: list[list[int]], n: int) -> list[list[int]]:
        found = generate(model, [Request(row, Decoding(max_tokens=n)) for row in rows], rows=64)
        return [row.tokens for row in found]

    return write


def theirs(folder: Path) -> Write:
    import torch
    import transformers

    model = transformers.GPT2LMHeadModel.from_pretrained(folder / "hf").eval()

    def write(rows: list[list[int]], n: int) -> list[list[int]]:
        ids = torch.tensor(rows)
        mask = torch.ones_like(ids)
        with torch.inference_mode():
            out = model.generate(
                ids, attention_mask=mask, max_new_tokens=n, do_sample=False, pad_token_id=0
            )
        return out[:, PROMPT:].tolist()

    return write


def ctranslate2(folder: Path, precision: str, threads: int) -> Write:
    import ctranslate2 as library

    place = folder / "ct2"
    if not place.exists():
        _convert(folder, place)
    model = library.Generator(
        str(place), compute_type=precision, intra_threads=threads, inter_threads=1
    )
    names = json.loads((place / "vocabulary.json").read_text("utf-8"))

    def write(rows: list[list[int]], n: int) -> list[list[int]]:
        out = model.generate_batch(
            [[names[i] for i in row] for row in rows],
            max_length=n, min_length=n, sampling_topk=1, include_prompt_in_result=False,
            end_token=[], max_batch_size=0,
        )  # fmt: skip
        return [one.sequences_ids[0] for one in out]

    return write


def _convert(folder: Path, place: Path) -> None:
    from ctranslate2.converters import TransformersConverter

    TransformersConverter(str(folder / "hf")).convert(str(place))


def contender(name: str, folder: Path, threads: int) -> Write:
    who, precision = name.split()
    if who != "ctranslate2":
        import torch

        torch.set_num_threads(threads)
    if who == "bunsan":
        return ours(folder, precision)
    return theirs(folder) if who == "transformers" else ctranslate2(folder, precision, threads)


def serve(name: str, folder: Path, threads: int) -> None:
    """A contender's process: a line with rows and tokens in, a line with times and tokens out."""
    write = contender(name, folder, threads)
    write(prompts(2), 3)
    write(prompts(1), 3)
    print("ready", flush=True)
    for line in sys.stdin:
        n, tokens = json.loads(line)
        rows = prompts(n)
        begin, spent = time.perf_counter(), time.process_time()
        found = write(rows, tokens)
        seconds, processor = time.perf_counter() - begin, time.process_time() - spent
        print(json.dumps([seconds, processor, found]), flush=True)


class Process:
    """A contender under way."""

    def __init__(self, name: str, folder: Path, threads: int) -> None:
        import os

        environment = {**os.environ, "OMP_NUM_THREADS": str(threads)}
        command = [
            sys.executable,
            __file__,
            "--serve",
            name,
            str(folder),
            "--threads",
            str(threads),
        ]
        self.name = name
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        assert self.process.stdout is not None
        while (line := self.process.stdout.readline()) and line.strip() != "ready":
            pass
        self.alive = bool(line)

    def ask(self, rows: int, tokens: int) -> Any:
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps([rows, tokens]) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())


def agreement(a: list[list[int]], b: list[list[int]]) -> float:
    """Share of tokens up to the first that differs, over all rows."""
    same = 0
    for x, y in zip(a, b, strict=True):
        differ = [i for i, (s, t) in enumerate(zip(x, y, strict=True)) if s != t]
        same += differ[0] if differ else len(x)
    return same / sum(len(x) for x in a)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--serve", nargs=2)
    parser.add_argument("--tokens", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", default="", help="contenders with this in their names")
    options = parser.parse_args()
    if options.serve:
        serve(options.serve[0], Path(options.serve[1]), options.threads)
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        checkpoint(folder)
        running = [
            Process(one, folder, options.threads) for one in CONTENDERS if options.only in one
        ]
        for absent in (one.name for one in running if not one.alive):
            print(f"{absent}: could not be run", file=sys.stderr)
        running = [one for one in running if one.alive]
        best: dict[tuple[str, int, int], list[float]] = {}
        wrote: dict[tuple[str, int], list[list[int]]] = {}
        for _ in range(options.rounds):
            for rows, tokens in ((1, 1), (1, options.tokens), (16, 1), (16, options.tokens)):
                for one in running:
                    seconds, processor, found = one.ask(rows, tokens)
                    held = best.setdefault((one.name, rows, tokens), [1e9, 1e9])
                    held[:] = [min(held[0], seconds), min(held[1], processor)]
                    if tokens > 1:
                        wrote[one.name, rows] = found
        for one in running:
            one.process.kill()
            one.process.wait()
    print(f"threads {options.threads}; prompts of {PROMPT} tokens, {options.tokens} written")
    print("| | first, 1 (ms) | tokens/s, 1 | first, 16 (ms) | tokens/s, 16 | same tokens |")
    print("|---|---|---|---|---|---|")
    reference = running[0].name
    for one in running:
        cells = []
        for rows in (1, 16):
            first = best[one.name, rows, 1]
            whole = best[one.name, rows, options.tokens]
            rest = (options.tokens - 1) * rows
            rate = [rest / max(whole[i] - first[i], 1e-9) for i in (0, 1)]
            cells += [
                f"{first[0] * 1e3:.0f} ({first[1] * 1e3:.0f})",
                f"{rate[0]:.1f} ({rate[1]:.1f})",
            ]
        same = min(agreement(wrote[reference, n], wrote[one.name, n]) for n in (1, 16))
        print(f"| {one.name} | " + " | ".join(cells) + f" | {same:.0%} |")
    print("In parentheses: by processor time, which what else the machine does touches less.")


if __name__ == "__main__":
    main()
