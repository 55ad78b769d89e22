"""Whole trainings: what is learned, the same by the same seed, put down and taken up exactly."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import asdict, replace

import numpy as np
import pytest

from bunsan.base.errors import BadInput, Interrupted
from bunsan.words.training import running
from bunsan.words.training.checkpoint import FILE
from bunsan.words.training.corpus import corpus_from_ids, open_corpus
from bunsan.words.training.ngram_index import index_ngrams
from bunsan.words.training.settings import FastTextSettings, Word2VecSettings
from bunsan.words.training.trainer import train

TOPIC = 20  # words in each of two topics; as many are common to both
SMALL = {"dim": 20, "window": 4, "sample": 0.0, "min_count": 1, "threads": 1, "epochs": 3}
METHODS = [
    Word2VecSettings(**SMALL),
    Word2VecSettings(method="cbow", **SMALL),
    Word2VecSettings(hs=True, negative=0, **SMALL),
    Word2VecSettings(method="cbow", hs=True, negative=0, **SMALL),
    FastTextSettings(minn=2, maxn=3, bucket=50, **SMALL),
    FastTextSettings(method="cbow", minn=2, maxn=3, bucket=50, **SMALL),
    FastTextSettings(minn=2, maxn=3, bucket=50, hs=True, negative=0, **SMALL),
    FastTextSettings(method="cbow", minn=2, maxn=3, bucket=50, hs=True, negative=0, **SMALL),
]
NAMES = [
    *("sg", "cbow", "sg-hs", "cbow-hs"),
    *("fasttext-sg", "fasttext-cbow", "fasttext-sg-hs", "fasttext-cbow-hs"),
]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Sentences of eight words: half from one of two topics, half from all."""
    rng = np.random.default_rng(0)
    sentences = np.full((6000, 9), -1, np.int32)
    topic = rng.integers(2, size=(6000, 1)) * TOPIC
    sentences[:, :8] = np.where(
        rng.random((6000, 8)) < 0.5,
        topic + rng.integers(TOPIC, size=(6000, 8)),
        2 * TOPIC + rng.integers(TOPIC, size=(6000, 8)),
    )
    words = [f"{'abc'[i // TOPIC]}{chr(97 + i % TOPIC)}x" for i in range(3 * TOPIC)]
    ids = sentences.reshape(-1)
    folder = tmp_path_factory.mktemp("corpus")
    return corpus_from_ids(words, None, [ids], folder, min_count=1, shard_ids=1 << 14)


def topics(trained):
    """Mean cosines of words of one topic, and of words of different topics."""
    unit = trained.vectors / np.linalg.norm(trained.vectors, axis=1, keepdims=True)
    letters = np.array([word[0] for word in trained.words])
    cosines = unit @ unit.T
    same = (letters[:, None] == letters) & (letters != "c") & ~np.eye(len(letters), dtype=bool)
    a, b = letters == "a", letters == "b"
    return cosines[same].mean(), cosines[np.ix_(a, b)].mean()


@pytest.mark.parametrize("settings", METHODS, ids=NAMES)
def test_words_of_one_topic_end_up_near_each_other(corpus, settings):
    assert len(corpus.shards) > 2
    trained = train(corpus, replace(settings, alpha=0.1, epochs=8))
    same, different = topics(trained)
    assert same > 0.5 + different
    assert len(trained.losses) == 8
    assert trained.losses[-1] < trained.losses[0]
    assert trained.words == corpus.words
    assert len(trained.outputs) == len(corpus.words) - settings.hs


@pytest.mark.parametrize("settings", METHODS, ids=NAMES)
def test_one_thread_and_one_seed_give_the_same_vectors(corpus, settings):
    a, b, c = (train(corpus, replace(settings, seed=seed)) for seed in (7, 7, 8))
    assert np.array_equal(a.vectors, b.vectors)
    assert np.array_equal(a.outputs, b.outputs)
    assert a.losses == b.losses
    assert not np.allclose(a.vectors, c.vectors, atol=1e-3)


def test_many_threads_learn_as_well(corpus):
    settings = replace(METHODS[0], alpha=0.1, epochs=8)
    one, many = (topics(train(corpus, replace(settings, threads=n))) for n in (1, 3))
    assert many[0] - many[1] > 0.9 * (one[0] - one[1])


def test_subword_vectors_are_means_of_their_rows(corpus):
    trained = train(corpus, METHODS[4])
    index = index_ngrams(corpus.words, 2, 3, 50)
    assert np.array_equal(trained.buckets, index.buckets)
    for w in range(len(corpus.words)):
        rows = trained.ngrams[index.row[index.start[w] : index.start[w + 1]]]
        wanted = np.vstack([trained.own[w : w + 1], rows]).mean(0)
        np.testing.assert_allclose(trained.vectors[w], wanted, atol=1e-6)


def test_progress_ends_with_all_words_and_the_last_rate(corpus):
    told = []
    settings = replace(METHODS[0], epochs=2, alpha=0.04, min_alpha=0.01)
    train(corpus, settings, on_progress=lambda *now: told.append(now))
    done, total, loss, alpha, speed = told[-1]
    assert done == total == 2 * corpus.tokens
    assert alpha == pytest.approx(0.01)
    assert speed > 0
    assert 0 < loss < 6


def test_stopped_in_every_way_and_resumed_it_ends_the_same(corpus, tmp_path, monkeypatch):
    """A checkpoint at every look, and an interruption at three of them."""
    monkeypatch.setattr(running, "_REPORT_SECONDS", 0.01)
    monkeypatch.setattr(running, "_CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr(running, "_CHECKPOINT_SHARE", 1e9)
    settings = replace(METHODS[1], epochs=100)
    whole = train(corpus, settings)

    def interrupt(done, total, *_rest):
        if stops < 3 and 0 < done < total:
            raise KeyboardInterrupt
        looks.append(done)

    told: list[str] = []
    looks: list[int] = []
    stops = 0
    while True:
        try:
            parts = train(corpus, settings, folder=tmp_path, on_progress=interrupt)
            break
        except Interrupted as stop:
            stops += 1
            told.append(str(stop))
    assert stops == 3
    assert len(set(looks)) > 3  # held at a look, the threads go on
    assert all(str(tmp_path) in sentence for sentence in told)
    assert np.array_equal(whole.vectors, parts.vectors)
    assert np.array_equal(whole.outputs, parts.outputs)
    assert whole.losses == parts.losses
    # What has ended is not trained again.
    again = train(corpus, settings, folder=tmp_path)
    assert np.array_equal(whole.vectors, again.vectors)
    assert again.processor_seconds == parts.processor_seconds


SCRIPT = """
import json, sys
from bunsan.base.errors import Interrupted
from bunsan.words.training import running, trainer
from bunsan.words.training.corpus import open_corpus
from bunsan.words.training.settings import FastTextSettings
running._CHECKPOINT_SECONDS, running._CHECKPOINT_SHARE = 0.3, 1e9
corpus, folder, settings = open_corpus(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])
try:
    trainer.train(
        corpus,
        FastTextSettings(**settings),
        folder=folder,
        on_progress=lambda *now: print(*now, flush=True),
    )
except Interrupted as stop:
    sys.exit(stop.exit_code)
"""


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGKILL])
@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_process_that_is_ended_is_resumed_exactly(corpus, tmp_path, by):
    settings = replace(METHODS[4], epochs=120, alpha=0.02)
    arguments = [str(corpus.folder), str(tmp_path), json.dumps(asdict(settings))]
    with subprocess.Popen(
        [sys.executable, "-c", SCRIPT, *arguments], stdout=subprocess.PIPE
    ) as run:
        assert run.stdout is not None
        for line in run.stdout:
            done, total = (int(word) for word in line.split()[:2])
            if done > total // 20 and (by == signal.SIGINT or (tmp_path / FILE).exists()):
                run.send_signal(by)
                break
    assert done < total
    assert run.returncode == (130 if by == signal.SIGINT else -signal.SIGKILL)
    told = []
    resumed = train(corpus, settings, folder=tmp_path, on_progress=lambda *now: told.append(now[0]))
    assert told[0] > total // 100  # not from the beginning
    whole = train(open_corpus(corpus.folder), settings)
    assert np.array_equal(whole.vectors, resumed.vectors)
    assert np.array_equal(whole.outputs, resumed.outputs)


def test_an_interruption_without_a_folder_says_that_nothing_is_kept(corpus):
    def interrupt(*_now):
        raise KeyboardInterrupt

    with pytest.raises(Interrupted, match="Nothing was kept") as stop:
        train(corpus, METHODS[0], on_progress=interrupt)
    assert stop.value.exit_code == 130


def test_an_error_in_a_thread_is_raised(corpus):
    broken = replace(corpus, shards=[shard.astype(np.float64) for shard in corpus.shards])
    with pytest.raises(Exception, match=r"float64|[Tt]yp"):
        train(broken, METHODS[0])


def test_another_training_in_the_folder_is_refused(corpus, tmp_path):
    train(corpus, METHODS[0], folder=tmp_path)
    with pytest.raises(BadInput, match="other settings"):
        train(corpus, replace(METHODS[0], seed=2), folder=tmp_path)
    other = replace(corpus, counts=corpus.counts + 1)
    with pytest.raises(BadInput, match="another corpus"):
        train(other, METHODS[0], folder=tmp_path)


def test_one_word_is_too_few(tmp_path):
    corpus = corpus_from_ids(["a"], None, [np.zeros(9, np.int32)], tmp_path, min_count=1)
    with pytest.raises(BadInput, match="fewer than two words"):
        train(corpus, METHODS[0])


@pytest.mark.parametrize(
    "wrong",
    [
        {"dim": 0},
        {"window": 0},
        {"negative": 0},
        {"hs": True},
        {"sample": 2.0},
        {"alpha": 0.0},
        {"alpha": 0.01, "min_alpha": 0.02},
        {"method": "glove"},
        {"ring": 3, "fresh": 4},
        {"epochs": 0},
        {"threads": 0},
    ],
    ids=str,
)
def test_settings_that_cannot_be_are_refused(wrong):
    with pytest.raises(BadInput):
        Word2VecSettings(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"minn": 4, "maxn": 3},
        {"minn": 0},
        {"bucket": 0},
        {"dim": 0},
        {"hs": True},
        {"negative": 0},
    ],
    ids=str,
)
def test_subword_settings_that_cannot_be_are_refused(wrong):
    with pytest.raises(BadInput):
        FastTextSettings(**wrong)
