"""What `words.py` measures: bunsan and its peers, each learning word vectors from one text file.

A candidate is called in a process of its own and returns an `Outcome`. All use 100 dimensions,
min_count 5 and the same windows, noise and sub-sampling; each has its own learning rate.
"""

import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common import peak_memory, run_program

DIM, WINDOW, NEGATIVE, SAMPLE, MIN_COUNT = 100, 5, 5, 1e-4, 5
GLOVE_WINDOW, X_MAX = 10, 10.0
WARMING_LINES = 300
ENDS = ("</s>", "<unk>")  # what some programs add to the words


@dataclass(frozen=True)
class Job:
    """What is to be learned: UTF-8 text, one paragraph a line, words between single spaces."""

    text: Path
    language: str
    method: str
    epochs: int
    threads: int
    seed: int
    work: Path
    programs: Path | None  # the folder of the C programs

    @property
    def ngrams(self) -> tuple[int, int]:
        """The least and most characters in fastText's n-grams; Japanese words are short."""
        return (1, 3) if self.language == "ja" else (3, 6)


@dataclass
class Outcome:
    """Vectors, processor seconds by stage, MB. `facts`: of bunsan's skip-gram, for the limits."""

    words: Sequence[str]
    vectors: NDArray[np.float32]
    seconds: dict[str, float]
    peak: float
    facts: dict[str, float] = field(default_factory=dict)


class Stages:
    """Processor seconds of this process, all threads together, from mark to mark."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._last = time.process_time()

    def mark(self, name: str) -> None:
        """End the stage of this name."""
        now = time.process_time()
        self.seconds[name] = now - self._last
        self._last = now


# --- bunsan --------------------------------------------------------------------------------------


def _settings(job: Job, **other: Any) -> Any:
    from bunsan.tasks.training import vector_settings

    options: dict[str, Any] = {"dim": DIM, "min_count": MIN_COUNT, "epochs": job.epochs}
    options |= {"threads": job.threads, "seed": job.seed}
    if job.method == "glove":
        options |= {"window": GLOVE_WINDOW, "x_max": X_MAX}
    else:
        options |= {"window": WINDOW, "negative": NEGATIVE, "sample": SAMPLE}
    if job.method == "fasttext":
        options |= dict(zip(("minn", "maxn"), job.ngrams, strict=True))
    return vector_settings(job.method, **(options | other))


def bunsan(job: Job) -> Outcome:
    """The product, from the text file to the vectors."""
    from bunsan.words.training.corpus import build_corpus, build_text_corpus
    from bunsan.words.training.glove import train_glove
    from bunsan.words.training.glove_counts import count_rows
    from bunsan.words.training.trainer import train

    learn: Any = train_glove if job.method == "glove" else train
    with tempfile.TemporaryDirectory(dir=job.work) as name:
        folder = Path(name)
        with job.text.open(encoding="utf-8") as file:  # compiles, or reads what was compiled
            few = list(islice(file, WARMING_LINES))
        (folder / "few.txt").write_text("".join(few), encoding="utf-8")
        build_text_corpus(folder / "few.txt", folder / "few", min_count=1)
        small = build_corpus([line.split() for line in few], folder / "fewer", min_count=1)
        learn(small, _settings(job, epochs=1))

        stages = Stages()
        corpus = build_text_corpus(job.text, folder / "corpus", min_count=MIN_COUNT)
        stages.mark("vocabulary")
        if job.method == "glove":
            cells = sum(part.nnz for _, part in count_rows(corpus, GLOVE_WINDOW, folder))
            stages.mark("counting")
        trained = learn(corpus, _settings(job))
        stages.mark("training")
        seconds, facts = stages.seconds, {}
        if job.method == "glove":  # counts once more, and lays the pairs out
            whole, seconds["training"] = seconds["training"], trained.processor_seconds
            seconds["arranging"] = whole - seconds["training"] - seconds["counting"]
            facts = {"cells": float(cells)}
        peak = peak_memory()
        if job.method == "skipgram":
            facts = skipgram_facts(corpus, _settings(job))
        return Outcome(trained.words, trained.vectors, seconds, peak, facts)


def skipgram_facts(corpus: Any, settings: Any) -> dict[str, float]:
    """Per epoch: `places`, words kept by sub-sampling, and `pairs` of such words in a window.

    Expected numbers. A line of n kept words has 2 (n - k) pairs at distance k, and a window that
    reaches 1 to w words with equal chance takes (w - k + 1) / w of them.
    """
    from bunsan.words.training.noise import keep_thresholds
    from bunsan.words.training.simd import row_shape

    keep = keep_thresholds(corpus.counts, settings.sample) / 2.0**32
    share = float((keep * corpus.counts).sum() / corpus.counts.sum())
    kept = []
    for shard in corpus.shards:
        kept.append((np.diff(np.flatnonzero(shard < 0), prepend=-1) - 1) * share)
    lengths = np.concatenate(kept)
    w = settings.window
    pairs = sum(2 * np.maximum(lengths - k, 0).sum() * (w - k + 1) / w for k in range(1, w + 1))
    ring, _, fresh = settings.sharing
    return {
        "places": float(lengths.sum()),
        "pairs": float(pairs),
        "ring": ring,
        "fresh": fresh,
        "row_bytes": 4 * row_shape(DIM).stride,
    }


# --- Python peers --------------------------------------------------------------------------------


def gensim(job: Job, alpha: float) -> Outcome:
    """gensim's Word2Vec, or FastText, reading the file itself (`corpus_file`, its fastest way)."""
    from gensim.models import FastText, Word2Vec

    given: dict[str, Any] = {"vector_size": DIM, "window": WINDOW, "negative": NEGATIVE}
    given |= {"sample": SAMPLE, "min_count": MIN_COUNT, "epochs": job.epochs, "alpha": alpha}
    given |= {"workers": job.threads, "seed": job.seed, "sg": int(job.method != "cbow")}
    if job.method == "fasttext":
        model = FastText(min_n=job.ngrams[0], max_n=job.ngrams[1], **given)
    else:
        model = Word2Vec(**given)
    stages = Stages()
    model.build_vocab(corpus_file=str(job.text))
    stages.mark("vocabulary")
    model.train(
        corpus_file=str(job.text),
        total_words=model.corpus_total_words,
        total_examples=model.corpus_count,
        epochs=job.epochs,
    )
    stages.mark("training")
    return Outcome(model.wv.index_to_key, model.wv.vectors, stages.seconds, peak_memory())


def facebook_fasttext(job: Job) -> Outcome:
    """Facebook's fastText, at its own learning rate, 0.05.

    Reading and training are one call: a call with no epochs, which reads the words and draws the
    first vectors, is taken for the reading.
    """
    import fasttext

    def train(epochs: int) -> Any:
        return fasttext.train_unsupervised(
            str(job.text), model="skipgram", dim=DIM, ws=WINDOW, neg=NEGATIVE, t=SAMPLE,
            minCount=MIN_COUNT, epoch=epochs, thread=job.threads, verbose=0,
            minn=job.ngrams[0], maxn=job.ngrams[1],
        )  # fmt: skip

    stages = Stages()
    train(0)
    stages.mark("vocabulary")
    model = train(job.epochs)
    stages.mark("training")
    stages.seconds["training"] -= stages.seconds["vocabulary"]
    peak = peak_memory()
    words = model.get_words()
    vectors = np.array([model.get_word_vector(word) for word in words], np.float32)
    return Outcome(words, vectors, stages.seconds, peak)


# --- C programs ----------------------------------------------------------------------------------


def find_programs(folder: Path, names: Sequence[str]) -> Path:
    """Where programs lie in or below a folder of sources; made first where they are not there yet.

    Raises
    ------
    FileNotFoundError : there is neither program nor makefile.
    """
    places = [folder, folder / "build", folder / "bin"]

    def found() -> Path | None:
        whole = (p for p in places if all((p / name).is_file() for name in names))
        return next(whole, None)

    place = found()
    if place is None and any((folder / name).is_file() for name in ("makefile", "Makefile")):
        # What they need is made first; a makefile may go on to make what this machine cannot.
        subprocess.run(["make", "-C", str(folder)], stdout=subprocess.DEVNULL, check=False)
        place = found()
    if place is None:
        raise FileNotFoundError(f"{', '.join(names)}: not in {folder}, and could not be made there")
    return place.resolve()


def opened(path: Path, format: Any) -> Any:
    """The vectors in a file. bunsan is imported only now: a program starts with its parent's peak."""
    from bunsan.words.vectors.files.dispatch import open_vectors

    return open_vectors(path, format)


def word2vec_c(job: Job, alpha: float) -> Outcome:
    """Mikolov's word2vec.c: once for the vocabulary alone, once to train."""
    assert job.programs is not None
    with tempfile.TemporaryDirectory(dir=job.work) as name:
        folder = Path(name)
        program = [job.programs / "word2vec", "-train", job.text, "-debug", 0]
        program += ["-min-count", MIN_COUNT]
        reading = run_program([*program, "-save-vocab", "vocabulary"], folder)
        options = ["-read-vocab", "vocabulary", "-output", "vectors.bin", "-binary", 1]
        options += ["-cbow", int(job.method == "cbow"), "-size", DIM, "-window", WINDOW]
        options += ["-negative", NEGATIVE, "-hs", 0, "-sample", SAMPLE, "-iter", job.epochs]
        options += ["-alpha", alpha, "-threads", job.threads]
        training = run_program([*program, *options], folder)
        vectors = opened(folder / "vectors.bin", "word2vec-binary")
        seconds = {"vocabulary": reading.seconds, "training": training.seconds}
        peak = max(reading.peak, training.peak)
        return Outcome(list(vectors), vectors.vectors(vectors), seconds, peak)


def glove_c(job: Job) -> Outcome:
    """Stanford's GloVe: vocab_count, cooccur, shuffle, glove."""
    assert job.programs is not None
    with tempfile.TemporaryDirectory(dir=job.work) as name:
        folder, at = Path(name), job.programs
        quiet = ["-verbose", 0]
        words = ["-vocab-file", "vocabulary"]
        vocabulary = run_program(
            [at / "vocab_count", *quiet, "-min-count", MIN_COUNT], folder, job.text, "vocabulary"
        )
        counting = run_program(
            [at / "cooccur", *quiet, *words, "-window-size", GLOVE_WINDOW],
            folder, job.text, "pairs",
        )  # fmt: skip
        arranging = run_program(
            [at / "shuffle", *quiet, "-seed", job.seed], folder, folder / "pairs", "shuffled"
        )
        (folder / "pairs").unlink()
        options = ["-save-file", "vectors", "-input-file", "shuffled", "-binary", 0]
        options += ["-x-max", X_MAX, "-iter", job.epochs, "-vector-size", DIM]
        options += ["-threads", job.threads, "-seed", job.seed]
        training = run_program([at / "glove", *quiet, *words, *options], folder)
        vectors = opened(folder / "vectors.txt", "glove")
        runs = {"vocabulary": vocabulary, "counting": counting}
        runs |= {"arranging": arranging, "training": training}
        seconds = {stage: run.seconds for stage, run in runs.items()}
        peak = max(run.peak for run in runs.values())
        return Outcome(list(vectors), vectors.vectors(vectors), seconds, peak)


# --- all -----------------------------------------------------------------------------------------

Candidate = Callable[[Job], Outcome]

CANDIDATES: dict[str, dict[str, Candidate]] = {
    "skipgram": {
        "bunsan": bunsan,
        "gensim, alpha 0.025": partial(gensim, alpha=0.025),
        "gensim, alpha 0.05": partial(gensim, alpha=0.05),
        "word2vec.c": partial(word2vec_c, alpha=0.025),
    },
    "cbow": {
        "bunsan": bunsan,
        "gensim, alpha 0.025": partial(gensim, alpha=0.025),
        "gensim, alpha 0.05": partial(gensim, alpha=0.05),
        "word2vec.c": partial(word2vec_c, alpha=0.05),
    },
    "fasttext": {
        "bunsan": bunsan,
        "fastText": facebook_fasttext,
        "gensim, alpha 0.05": partial(gensim, alpha=0.05),
    },
    "glove": {"bunsan": bunsan, "GloVe": glove_c},
}

# Programs the C candidates run, all of which must be there.
PROGRAMS = {
    "word2vec.c": ("word2vec",),
    "GloVe": ("vocab_count", "cooccur", "shuffle", "glove"),
}


def measure_limits() -> dict[str, float]:
    """What one thread of this machine does: GB/s read and copied, float32 GFLOP/s.

    Read: a dot product of 256 MB with themselves. Copied: 256 MB, bytes read and bytes written both
    counted. GFLOP/s: a product of two 1024 x 1024 matrices, 2 operations for each multiply-add.
    """

    def best(work: Callable[[], Any]) -> float:
        seconds = []
        for _ in range(7):
            begin = time.thread_time()
            work()
            seconds.append(time.thread_time() - begin)
        return min(seconds)

    data = np.ones(1 << 26, np.float32)
    other = np.empty_like(data)
    a = np.ones((1024, 1024), np.float32)
    product = np.empty_like(a)
    return {
        "read": data.nbytes / best(lambda: data @ data) / 1e9,
        "copied": 2 * data.nbytes / best(lambda: np.copyto(other, data)) / 1e9,
        "gflops": 2 * 1024**3 / best(lambda: np.matmul(a, a, product)) / 1e9,
        "processors": float(os.cpu_count() or 1),
    }
