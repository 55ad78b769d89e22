"""GloVe: word vectors from the logarithms of co-occurrence counts.

Pennington, Socher & Manning (2014), "GloVe: Global Vectors for Word Representation". The pairs are
counted, laid out on the disk (`glove_counts`) and trained on, block by block, in an order drawn anew
for each epoch (`glove_kernel`). Threads write to the same rows without locks, but not to the same
block while there are others left.
"""

import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from bunsan.base.errors import BadInput, Interrupted
from bunsan.base.files import read_json, write_json
from bunsan.base.language import tr
from bunsan.words.training.checkpoint import fingerprint, open_checkpoint
from bunsan.words.training.corpus_store import WordCorpus
from bunsan.words.training.glove_counts import count_rows, matrix_rows, open_cells, write_cells
from bunsan.words.training.glove_task import GloVeTask
from bunsan.words.training.running import run
from bunsan.words.training.trained import OnProgress, Trained

_CELLS = "cells.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class GloVeSettings:
    """GloVe (Pennington, Socher & Manning 2014).

    dim : numbers in a vector.
    window : words to either side; a word at distance d counts 1/d (section 4.2).
    min_count : rarer words are left out (when the corpus is built).
    x_max, alpha : the weight of a cell is min(1, (x / x_max)^alpha) (section 3, equation 9). The
        paper's x_max, 100, is for billions of words; 10 suits some millions.
    eta : the first learning rate of AdaGrad.
    epochs : times all pairs are trained on; the paper takes 50, and 100 from 300 numbers on.
    threads : above 1, threads write to the same rows without locks (Recht, Ré, Wright & Niu 2011,
        "Hogwild!"): the quality stays, the very numbers differ from run to run. None takes all
        processors.
    seed : with one thread, the same seed gives the same vectors.
    """

    dim: int = 100
    window: int = 10
    min_count: int = 5
    x_max: float = 10.0
    alpha: float = 0.75
    eta: float = 0.05
    epochs: int = 15
    threads: int | None = None
    seed: int = 1

    def __post_init__(self) -> None:
        """Refuse what cannot be trained.

        Raises
        ------
        BadInput : naming the setting.
        """
        for name, value, least, most in (
            ("dim", self.dim, 1, 100_000),
            ("window", self.window, 1, 1000),
            ("min_count", self.min_count, 1, 2**31),
            ("epochs", self.epochs, 1, 1_000_000),
            ("threads", self.threads or 1, 1, 1024),
            ("x_max", self.x_max, 1e-6, 1e12),
            ("alpha", self.alpha, 0, 10),
            ("eta", self.eta, 1e-9, 10),
        ):
            if not least <= value <= most:
                raise BadInput(
                    tr(f"{name}={value} cannot be used.", f"{name}={value} は使えません。"),
                    remedy=tr(f"Use {least} to {most}.", f"{least} から {most} にしてください。"),
                )


def train_glove(
    corpus: WordCorpus,
    settings: GloVeSettings,
    *,
    folder: str | Path | None = None,
    on_progress: OnProgress | None = None,
) -> Trained:
    """Learn word vectors from a corpus of ids: count pairs, then fit their logarithms.

    Parameters
    ----------
    corpus : see `WordCorpus`.
    folder : where counts (12 bytes for each different pair) and checkpoints are kept. Called again
        with the same folder, corpus and settings, training goes on from there, and returns at once
        where it had ended. The files are the caller's to delete. None keeps nothing.
    on_progress : called about four times a second, from this thread, while training (not while
        counting), with cells of the matrix for words; see `OnProgress`.

    Returns
    -------
    `Trained` whose vectors are w + v, the sum of both roles of a word (section 4.2), and whose
    outputs are v; losses are the cost of equation 8 per cell, halved as in the authors' program.

    Raises
    ------
    Interrupted : on KeyboardInterrupt, with how to go on.
    BadInput : there are no pairs, or the folder holds another training.
    """
    threads = settings.threads or os.cpu_count() or 1
    mark = fingerprint(corpus, settings, threads)

    def rows(place: Path) -> Iterator[tuple[int, csr_array]]:
        return count_rows(corpus, settings.window, place)

    return _train(corpus.words, corpus.counts, rows, settings, mark, folder, on_progress)


def train_glove_from_counts(
    words: Sequence[str],
    counts: NDArray[np.int64],
    matrix: csr_array,
    settings: GloVeSettings,
    *,
    folder: str | Path | None = None,
    on_progress: OnProgress | None = None,
) -> Trained:
    """Learn word vectors from counts that are there already, `add_counts` of a collection, say.

    Parameters
    ----------
    words, counts : V words and how often each occurs; the most frequent should come first, for
        speed.
    matrix : [V, V], symmetric; any numbers above 0.
    settings : `window` and `min_count` are not used.
    folder, on_progress : see `train_glove`.

    Raises
    ------
    ValueError : the matrix does not fit the words, is not symmetric or has unfit numbers.
    """
    if matrix.shape != (len(words), len(words)):
        raise ValueError(f"the matrix is {matrix.shape}; there are {len(words)} words")
    digest = hashlib.blake2b(json.dumps(asdict(settings), sort_keys=True).encode(), digest_size=16)
    digest.update(str(settings.threads or os.cpu_count()).encode())
    digest.update("\n".join(words).encode())
    for array in (counts, matrix.indptr, matrix.indices, matrix.data):
        digest.update(np.ascontiguousarray(array).view(np.uint8).data)

    def rows(_place: Path) -> Iterator[tuple[int, csr_array]]:
        return matrix_rows(matrix)

    mark = digest.hexdigest()
    return _train(list(words), counts, rows, settings, mark, folder, on_progress)


def _train(
    words: list[str],
    counts: NDArray[np.int64],
    rows: Callable[[Path], Iterator[tuple[int, csr_array]]],
    settings: GloVeSettings,
    mark: str,
    folder: str | Path | None,
    on_progress: OnProgress | None,
) -> Trained:
    with ExitStack() as stack:
        place = Path(
            stack.enter_context(tempfile.TemporaryDirectory()) if folder is None else folder
        )
        place.mkdir(parents=True, exist_ok=True)
        known = open_checkpoint(place, mark)
        index = place / _CELLS
        if not index.is_file() or read_json(index)["training"] != mark:
            for left in [index, *place.glob("cells-*.safetensors")]:
                left.unlink(missing_ok=True)
            try:
                number = write_cells(rows(place), place, x_max=settings.x_max, alpha=settings.alpha)
            except KeyboardInterrupt:
                raise Interrupted(
                    tr("Counting was interrupted.", "共起の集計を中断しました。"),
                    remedy=tr(
                        "The same command counts again from the start.",
                        "同じコマンドで最初から数え直します。",
                    ),
                ) from None
            write_json(index, {"training": mark, "files": number})
        groups = open_cells(place, int(read_json(index)["files"]))
        task = GloVeTask(
            groups,
            len(words),
            dim=settings.dim,
            eta=settings.eta,
            epochs=settings.epochs,
            threads=settings.threads or os.cpu_count() or 1,
            seed=settings.seed,
            known=known,
        )
        if not task.words_total:
            raise BadInput(
                tr("No two words stand near each other.", "近くに現れる語の組がありません。"),
                remedy=tr("Give more text.", "文章を増やしてください。"),
            )
        run(task, None if folder is None else place, mark, on_progress)
        vectors, outputs = task.rows()
        return Trained(
            words=words,
            counts=np.asarray(counts, np.int64),
            vectors=vectors,
            outputs=outputs,
            losses=task.losses(),
            seconds=float(task.seconds[0]),
            processor_seconds=float(task.processor.sum()),
        )


__all__ = ["GloVeSettings", "train_glove", "train_glove_from_counts"]
