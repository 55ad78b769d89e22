"""Training put down on disk between two calls of a kernel, and taken up from there exactly.

A checkpoint is one safetensors file: the rows, and what every thread remembers. It is written whole
or not at all, so whenever the process ends, the last one is good.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bunsan.base.errors import BadInput
from bunsan.base.files import open_arrays, read_metadata, save_arrays
from bunsan.base.language import tr
from bunsan.words.training.corpus_store import WordCorpus

FILE = "training.safetensors"
_FORMAT = "2"


def fingerprint(corpus: WordCorpus, settings: Any, threads: int) -> str:
    """Differs when the words, their counts, the amount of text or any setting differs."""
    text = json.dumps([asdict(settings), threads, corpus.tokens], sort_keys=True)
    digest = hashlib.blake2b(text.encode(), digest_size=16)
    digest.update("\n".join(corpus.words).encode())
    digest.update(np.ascontiguousarray(corpus.counts, np.int64).tobytes())
    digest.update(np.array([len(shard) for shard in corpus.shards], np.int64).tobytes())
    return digest.hexdigest()


def save_checkpoint(folder: Path, arrays: Mapping[str, NDArray[Any]], mark: str) -> None:
    """Write the state of a training whose fingerprint is `mark`."""
    save_arrays(folder / FILE, arrays, {"training": mark, "format": _FORMAT})


def open_checkpoint(folder: Path, mark: str) -> dict[str, NDArray[Any]] | None:
    """The arrays of the checkpoint in `folder`, memory-mapped; None where there is none.

    Raises
    ------
    BadInput : it belongs to another corpus or other settings.
    """
    path = folder / FILE
    if not path.exists():
        return None
    about = read_metadata(path)
    if about.get("training") != mark or about.get("format") != _FORMAT:
        raise BadInput(
            tr(
                "holds a training of another corpus or with other settings.",
                "には、別のコーパスまたは別の設定による学習の途中経過が入っています。",
            ),
            remedy=tr(
                "Give the same ones to go on with it, or delete the file to begin anew.",
                "続けるには同じものを指定し、最初からやり直すにはこのファイルを消してください。",
            ),
            file=path,
        )
    return open_arrays(path)
