"""Plant each fault in a copy of the source and show that a test turns red.

python tests/mutants/plant.py            # all of them
python tests/mutants/plant.py causal     # those whose description holds this word
"""

import os
import shutil
import sys
import tempfile
import time
from importlib import import_module
from pathlib import Path

import pytest
import torch

sys.path.insert(0, str(Path(__file__).parent))
from faults import FAULTS, Fault

LARGE = (
    "numpy",
    "torch._dynamo",
    "transformers",
    *(
        f"transformers.models.{name}.modeling_{name}"
        for name in (
            "bert",
            "roberta",
            "distilbert",
            "electra",
            "gpt2",
            "t5",
            "bart",
            "mbart",
            "marian",
            "vit",
            "clip",
            "vision_text_dual_encoder",
        )
    ),
)
TESTS = Path(__file__).resolve().parents[1]
SOURCE = TESTS.parent / "src"


def planted(fault: Fault, text: str) -> str:
    """The text with the fault in it; it must be a program still."""
    if text.count(fault.old) != 1:
        raise ValueError(
            f"{fault.what}: its text stands {text.count(fault.old)} times in {fault.file}"
        )
    spoilt = text.replace(fault.old, fault.new)
    compile(spoilt, fault.file, "exec")
    return spoilt


def run(test: str, source: Path) -> int:
    """Exit code of pytest on one file, the package taken from `source`.

    The session runs in a fork of this process, which has read the large libraries once for all.
    """
    pid = os.fork()
    if pid == 0:
        code = 99
        try:
            with open(os.devnull, "w") as silence:  # noqa: PTH123
                os.dup2(silence.fileno(), 1)
                os.dup2(silence.fileno(), 2)
            sys.path.insert(0, str(source))
            sys.dont_write_bytecode = True
            torch.set_num_threads(1)
            # What the large libraries brought along was read before pytest could rewrite it.
            quiet = ("-W", "ignore::pytest.PytestAssertRewriteWarning")
            code = int(
                pytest.main(
                    ["-x", "-q", "-n", "0", "-p", "no:cacheprovider", *quiet, str(TESTS / test)]
                )
            )
            taken = Path(sys.modules["bunsan"].__file__ or "")
            if not taken.is_relative_to(source):
                code = 98
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def main(words: list[str]) -> int:
    """The number of faults that no test saw."""
    chosen = [one for one in FAULTS if not words or any(word in one.what for word in words)]
    missed = []
    for heavy in LARGE:
        import_module(heavy)
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "src"
        shutil.copytree(SOURCE, source, ignore=shutil.ignore_patterns("__pycache__"))
        for test in dict.fromkeys(one.test for one in chosen):
            if run(test, source) != 0:
                print(f"{test} fails without a fault", file=sys.stderr)
                return 1
        for fault in chosen:
            path = source / "bunsan" / fault.file
            whole = path.read_text(encoding="utf-8")
            path.write_text(planted(fault, whole), encoding="utf-8")
            start = time.perf_counter()
            code = run(fault.test, source)
            path.write_text(whole, encoding="utf-8")
            # 1 is a failed test; anything else is a session that did not run.
            verdict = {0: "MISSED", 1: "caught"}.get(code, f"broke ({code})")
            print(
                f"{verdict}  {fault.what}  [{fault.file}, {time.perf_counter() - start:.0f} s]",
                flush=True,
            )
            if code != 1:
                missed.append(fault)
    print(f"{len(chosen) - len(missed)} of {len(chosen)} faults caught")
    return len(missed)


if __name__ == "__main__":
    sys.exit(min(1, main(sys.argv[1:])))
