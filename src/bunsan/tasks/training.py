"""Word vectors learned from plain text, from tables, or from the words of a collection."""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.base.progress import progress
from bunsan.collection.stored import StoredCollection
from bunsan.collection.vectors import keep_vectors
from bunsan.tasks.vectors import vector_path
from bunsan.text.analyze import analyze_stream
from bunsan.text.documents import ReadReport, batched, bytes_total, nothing_read, read_documents
from bunsan.text.words import WordSettings
from bunsan.words.training.corpus import CorpusBuilder, build_text_corpus, corpus_from_ids
from bunsan.words.training.corpus_store import WordCorpus
from bunsan.words.training.glove import GloVeSettings, train_glove
from bunsan.words.training.phrases import join_phrases
from bunsan.words.training.settings import FastTextSettings, Word2VecSettings
from bunsan.words.training.trained import Trained
from bunsan.words.training.trainer import train
from bunsan.words.vectors.files.dispatch import lost_in_saving, save_vectors
from bunsan.words.vectors.matrix import Matrix
from bunsan.words.vectors.subwords import Subwords
from bunsan.words.vectors.wordvectors import WordVectors

METHODS = ("skipgram", "cbow", "fasttext", "glove")
_WORDS_READ = 5_000_000
Settings = Word2VecSettings | FastTextSettings | GloVeSettings
Ids = NDArray[np.int32]

# Marks that stand between words rather than beside them.
_LEFT_OUT = ("PUNCT", "SYM", "SPACE")


def vector_settings(method: str, **options: Any) -> Settings:
    """The settings of a method ("skipgram", also called "word2vec", "cbow", "fasttext", "glove").

    Parameters
    ----------
    options : fields of `Word2VecSettings`, `FastTextSettings` or `GloVeSettings`; None is the
        default. fastText's `method`, "skipgram" or "cbow", is among them.

    Raises
    ------
    BadInput : there is no such method, it has no such setting, or a value cannot be used.
    """
    name = "skipgram" if method == "word2vec" else method
    kinds: dict[str, type[Settings]] = {
        "skipgram": Word2VecSettings,
        "cbow": Word2VecSettings,
        "fasttext": FastTextSettings,
        "glove": GloVeSettings,
    }
    if name not in kinds:
        raise BadInput(
            tr(
                f"There is no method {method!r} of learning vectors.",
                f"{method!r} という学習法はありません。",
            ),
            remedy=tr(f"Methods: {', '.join(METHODS)}", f"使える方法: {'、'.join(METHODS)}"),
        )
    kind = kinds[name]
    given = {key: value for key, value in options.items() if value is not None}
    if name in ("skipgram", "cbow"):
        given["method"] = name
    if given.get("hs"):
        given.setdefault("negative", 0)
    unknown = sorted(set(given) - {field.name for field in fields(kind)})
    if unknown:
        raise BadInput(
            tr(
                f"{name} has no setting {', '.join(unknown)}.",
                f"{name} に {'、'.join(unknown)} という設定はありません。",
            ),
            remedy=tr(
                "Leave it out, or choose another method.", "省くか、別の方法を選んでください。"
            ),
        )
    return kind(**given)


def train_words(
    sources: Any,
    *,
    method: str = "skipgram",
    words: str | WordSettings = "auto",
    to: str | Path | None = None,
    text: str | None = None,
    encoding: str | None = None,
    phrases: int = 0,
    separator: str = "_",
    **options: Any,
) -> WordVectors:
    """Learn a vector for every frequent word of some texts.

    Parameters
    ----------
    sources : what `bunsan.learn` reads: files, folders, "-", a table, a list of texts.
    method : "skipgram", "cbow", "fasttext" or "glove".
    words : what cuts text into words: "spaces" (plain text files are then read at the speed of the
        disk, and nothing else is done to their words), "sudachi", "mecab", "characters", "auto" (by
        looking at the text), or full `WordSettings`. Japanese words count in their dictionary form
        unless the settings say otherwise; punctuation is left out.
    to : the file to save to; its ending chooses the format, none is bunsan's own. Without it nothing
        is saved, and nothing can be resumed.
    phrases : passes that join words which belong together ("new_york") before learning.
    options : the settings of the method under their published names: dim, window, negative, hs,
        sample, min_count, alpha, epochs, minn, maxn, bucket, readings, x_max, eta, threads, seed.

    Raises
    ------
    BadInput : the text or a setting cannot be used. Interrupted : stopped by the person; the same
    call goes on from where it stopped, if `to` was given.
    """
    settings = vector_settings(method, **options)
    target = None if to is None else vector_path(to)
    job = [str(sources), str(words), text, encoding, phrases, separator, method, asdict(settings)]
    with _workplace(target, job) as folder:
        corpus = _corpus(
            sources, words, text, encoding, folder, settings.min_count, phrases, separator
        )
        vectors = trained_vectors(corpus, settings, folder / "training")
    if target is not None:
        save_vectors(vectors, target)
        vectors.about["notes"] += [str(note) for note in lost_in_saving(vectors, target)]
    return vectors


def learn_vectors(
    collection: StoredCollection, method: str, *, beside: Path | None = None, **options: Any
) -> WordVectors:
    """Learn vectors for the words of a collection and keep them in it.

    Parameters
    ----------
    method : "word2vec" (skip-gram), "cbow", "fasttext" or "glove".
    beside : where an interrupted training leaves what it has: beside this path; None keeps nothing.
    options : see `train_words`; fastText's n-grams are of 1 to 3 characters for Japanese. Small
        collections are read more often, some five million words in all, and lose fewer of their
        frequent words (sample 1e-3).
    """
    tokens = int(collection.vocabulary.frequency.sum())
    if method != "glove" and tokens < _WORDS_READ:
        small = {"sample": 1e-3, "epochs": int(np.clip(_WORDS_READ / max(tokens, 1), 5, 30))}
        options = small | {k: v for k, v in options.items() if v is not None}
    if collection.settings.analyzer in ("sudachi", "mecab", "characters") and method == "fasttext":
        options = {"minn": 1, "maxn": 3} | {k: v for k, v in options.items() if v is not None}
    settings = vector_settings(method, **options)
    job = [collection.generation, method, asdict(settings)]
    with _workplace(beside, job) as place:
        corpus = collection_corpus(collection, place / "corpus", settings.min_count)
        vectors = trained_vectors(corpus, settings, place / "training")
    keep_vectors(collection, method, vectors)
    return vectors


def collection_corpus(collection: StoredCollection, folder: Path, min_count: int) -> WordCorpus:
    """The words of a collection, paragraph by paragraph, under the names people see."""
    vocabulary = collection.vocabulary
    labels = vocabulary.labels(np.arange(len(vocabulary)))
    left_out = vocabulary.mask(_LEFT_OUT)

    class Blocks:
        def __iter__(self) -> Iterator[Ids]:
            for segment in collection.segments:
                ids = np.array(segment.word, np.int32)
                keep = ~left_out[ids]
                keep &= np.repeat(segment.alive(), np.diff(segment.document))
                # A paragraph's words, then -1.
                ends = np.searchsorted(np.flatnonzero(keep), segment.paragraph[1:])
                yield np.insert(ids[keep], ends, np.int32(-1))

    return corpus_from_ids(labels, None, Blocks(), folder, min_count=min_count)


def trained_vectors(corpus: WordCorpus, settings: Settings, folder: Path) -> WordVectors:
    """Train with a progress bar: words a second, loss, time left."""
    name = _name(settings)
    title = tr(f"Training {name}", f"{name} を学習中")
    # Cells for GloVe; the bar asks for shares only.
    with progress(title, 1.0) as bar:
        done_before = 0.0

        def show(done: int, total: int, loss: float | None, alpha: float, speed: float) -> None:
            nonlocal done_before
            share = done / max(total, 1)
            unit = tr("pairs/s", "組/秒") if name == "glove" else tr("words/s", "語/秒")
            note = f"{speed:,.0f} {unit}" + (f", loss {loss:.3f}" if loss is not None else "")
            bar.advance(share - done_before, note)
            done_before = share

        trained = (
            train_glove(corpus, settings, folder=folder, on_progress=show)
            if isinstance(settings, GloVeSettings)
            else train(corpus, settings, folder=folder, on_progress=show)
        )
    return as_vectors(trained, settings, corpus)


def as_vectors(trained: Trained, settings: Settings, corpus: WordCorpus) -> WordVectors:
    """What training gave, as vectors to use; what was done is told in `about`."""
    subwords = None
    if isinstance(settings, FastTextSettings) and trained.ngrams is not None:
        subwords = Subwords(
            Matrix(trained.ngrams),
            settings.minn,
            settings.maxn,
            settings.bucket,
            trained.buckets,
            None if trained.own is None else Matrix(trained.own),
            settings.readings,
        )
    about = {
        "method": _name(settings),
        "settings": asdict(settings),
        "tokens": corpus.tokens,
        "losses": [round(loss, 6) for loss in trained.losses],
        "seconds": round(trained.seconds, 3),
        "processor_seconds": round(trained.processor_seconds, 3),
        "made by": "bunsan",
        "notes": list(corpus.account),
    }
    return WordVectors(
        trained.words, trained.vectors, counts=trained.counts, subwords=subwords, about=about
    )


@contextmanager
def _workplace(target: Path | None, job: Any = None) -> Iterator[Path]:
    """A folder beside the target for what an interrupted job leaves; gone when the job is done.

    Each job has its own, so that a command with other settings neither trips over what another one
    left nor destroys it.
    """
    if target is None:
        with tempfile.TemporaryDirectory(prefix="bunsan-") as temporary:
            yield Path(temporary)
        return
    digest = hashlib.blake2b(json.dumps(job, default=str).encode(), digest_size=6).hexdigest()
    parent = target.with_name(target.name + ".training")
    folder = parent / digest
    folder.mkdir(parents=True, exist_ok=True)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):  # another job's folder is still there
        parent.rmdir()


def _word_settings(words: str | WordSettings) -> WordSettings:
    if isinstance(words, WordSettings):
        return words
    return WordSettings(analyzer=words, form="dictionary")  # type: ignore[arg-type]  # it checks


def _corpus(
    sources: Any,
    words: str | WordSettings,
    text: str | None,
    encoding: str | None,
    folder: Path,
    min_count: int,
    phrases: int,
    separator: str,
) -> WordCorpus:
    """The text as ids: whole first, where phrases are still to be joined in it."""
    whole = folder / "text" if phrases else folder / "corpus"
    least = 1 if phrases else min_count
    if words == "spaces" and text is None and _plain_text(sources):
        with progress(tr("Reading", "読み込み中"), bytes_total(sources)) as bar:
            done = 0

            def show(now: int, _total: int | None) -> None:
                nonlocal done
                bar.advance(now - done)
                done = now

            corpus = build_text_corpus(
                sources, whole, min_count=least, encoding=encoding, on_progress=show
            )
    else:
        corpus = _analysed_corpus(sources, _word_settings(words), text, encoding, whole, least)
    if phrases:
        joined = join_phrases(
            corpus, folder / "corpus", separator=separator, passes=phrases, min_count=min_count
        )
        shutil.rmtree(whole, ignore_errors=True)
        corpus = joined
    return corpus


def _plain_text(sources: Any) -> bool:
    """Whether sources are plain text files by their names."""
    items = sources if isinstance(sources, (list, tuple)) else [sources]
    paths = [Path(s) for s in items if isinstance(s, (str, Path))]
    return len(paths) == len(items) and all(
        path.is_file() and path.name.removesuffix(".gz").lower().endswith(".txt") for path in paths
    )


def _analysed_corpus(
    sources: Any,
    settings: WordSettings,
    text: str | None,
    encoding: str | None,
    folder: Path,
    min_count: int,
) -> WordCorpus:
    report = ReadReport()
    documents = read_documents(sources, text=text, by=(), encoding=encoding, report=report)
    with (
        progress(tr("Reading", "読み込み中"), bytes_total(sources)) as bar,
        CorpusBuilder(folder, min_count=min_count) as builder,
    ):
        done = 0
        texts = ([d.text for d in batch] for batch in batched(documents))
        for analysis in analyze_stream(texts, settings):
            dropped = np.array([p in _LEFT_OUT for p in analysis.pos], np.bool_)
            entry = np.where(dropped[analysis.entry], np.int32(-1), analysis.entry)
            builder.add(analysis.forms, entry.astype(np.int32), analysis.paragraph[1:])
            bar.advance(report.bytes_read - done)
            done = report.bytes_read
        if not report.documents:
            raise nothing_read(report)
        return builder.finish()


def _name(settings: Settings) -> str:
    if isinstance(settings, GloVeSettings):
        return "glove"
    return "fasttext" if isinstance(settings, FastTextSettings) else settings.method
