"""gensim's own files, read without gensim and without running what they name."""

import os
import pickle
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vectors_help import WORDS, assert_same, small_vectors

from bunsan.base.errors import BadInput, BunsanError, Missing
from bunsan.words.vectors.files.dispatch import open_vectors, save_vectors
from bunsan.words.vectors.wordvectors import WordVectors


@pytest.fixture(scope="module")
def gensim() -> Any:
    return pytest.importorskip("gensim.models", reason="the owner of the format is not installed")


def theirs(gensim: Any, vectors: WordVectors) -> Any:
    keyed = gensim.KeyedVectors(vectors.dim)
    keyed.add_vectors(list(vectors.words), vectors.matrix.values)
    if vectors.counts is not None:
        for word, count in zip(vectors.words, vectors.counts.tolist(), strict=True):
            keyed.set_vecattr(word, "count", count)
    return keyed


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
@pytest.mark.parametrize("apart", [False, True])
def test_keyed_vectors(gensim: Any, tmp_path: Path, protocol: int, apart: bool) -> None:
    vectors = small_vectors(30, 4)
    options = {"separately": ["vectors"]} if apart else {}
    theirs(gensim, vectors).save(str(tmp_path / "v.kv"), pickle_protocol=protocol, **options)
    assert (tmp_path / "v.kv.vectors.npy").exists() == apart
    back = open_vectors(tmp_path / "v.kv")
    assert_same(back, vectors)
    assert back.counts is not None
    assert vectors.counts is not None
    assert back.counts.tolist() == vectors.counts.tolist()
    assert back.about["gensim"] == "KeyedVectors"
    assert_same(open_vectors(tmp_path / "v.kv", limit=5), vectors.head(5))


def test_gensim_reads_ours(gensim: Any, tmp_path: Path) -> None:
    vectors = small_vectors(30, 4)
    save_vectors(vectors, tmp_path / "v.kv")
    keyed = gensim.KeyedVectors.load(str(tmp_path / "v.kv"))
    assert keyed.index_to_key == list(vectors.words)
    np.testing.assert_array_equal(keyed.vectors, vectors.matrix.values)
    assert keyed.get_vecattr("東京", "count") == 29
    found = [word for word, _ in keyed.most_similar("日本", topn=5)]
    assert found == vectors.nearest("日本", 5).words
    keyed.save(str(tmp_path / "again.kv"))
    assert_same(open_vectors(tmp_path / "again.kv"), vectors)
    assert_same(open_vectors(tmp_path / "v.kv"), vectors)


@pytest.mark.parametrize("apart", [[], ["vectors", "syn1neg"]])
def test_whole_models(gensim: Any, tmp_path: Path, apart: list[str]) -> None:
    model = gensim.Word2Vec([WORDS] * 5, vector_size=6, min_count=1, epochs=1, workers=1)
    model.save(str(tmp_path / "m.model"), separately=apart)
    vectors = open_vectors(tmp_path / "m.model")
    assert list(vectors.words) == model.wv.index_to_key
    np.testing.assert_array_equal(vectors.matrix.values, model.wv.vectors)
    assert vectors.counts is not None
    assert vectors.counts.tolist() == [5] * 12


@pytest.mark.parametrize("wv", [False, True])
def test_fasttext_models(gensim: Any, tmp_path: Path, wv: bool) -> None:
    model = gensim.FastText(
        [WORDS] * 5, vector_size=6, min_count=1, epochs=1, bucket=70, min_n=1, max_n=2, workers=1
    )
    (model.wv if wv else model).save(str(tmp_path / "m.model"))
    vectors = open_vectors(tmp_path / "m.model")
    for word in (*WORDS, "日本人"):
        np.testing.assert_allclose(vectors[word], model.wv[word], atol=1e-6)
    save_vectors(vectors, tmp_path / "m.bin")
    np.testing.assert_allclose(open_vectors(tmp_path / "m.bin")["日本人"], vectors["日本人"])


def record(module: str, name: str, state: dict[str, Any]) -> bytes:
    """A pickle of an object of a class that is not here."""
    return (
        b"\x80\x02c"
        + f"{module}\n{name}\n".encode()
        + b")\x81"
        + pickle.dumps(state, 2)[2:-1]
        + b"b."
    )


def test_version_3(tmp_path: Path) -> None:
    """gensim 3 kept counts in objects of their own and called things by other names."""
    entries = b"}"
    for row, word in enumerate(["日本", "東京"]):
        state = {"index": row, "count": 9 - row}
        entries += pickle.dumps(word, 2)[2:-1]
        entries += record("gensim.models.keyedvectors", "Vocab", state)[2:-1] + b"s"
    body = b"}" + pickle.dumps("vocab", 2)[2:-1] + entries + b"s"
    for name, value in (
        ("index2word", ["日本", "東京"]),
        ("syn0", np.eye(2, 3, dtype=np.float32)),
        ("vector_size", 3),
    ):
        body += pickle.dumps(name, 2)[2:-1] + pickle.dumps(value, 2)[2:-1] + b"s"
    start = b"\x80\x02cgensim.models.keyedvectors\nWord2VecKeyedVectors\n)\x81"
    (tmp_path / "v.model").write_bytes(start + body + b"b.")
    vectors = open_vectors(tmp_path / "v.model")
    assert vectors["東京"].tolist() == [0, 1, 0]
    assert vectors.counts is not None
    assert vectors.counts.tolist() == [9, 8]


class Bomb:
    def __init__(self, *call: Any) -> None:
        self.call = call

    def __reduce__(self) -> Any:
        return self.call


@pytest.mark.parametrize(
    ("call", "named"),
    [
        ((os.system, ("touch {mark}",)), "posix.system|nt.system"),
        ((eval, ("open('{mark}', 'w')",)), "builtins.eval|__builtin__.eval"),
        ((getattr, (os, "system")), "getattr|importlib"),
        ((subprocess.Popen, (["touch", "{mark}"],)), "Popen"),
        ((__import__, ("this",)), "__import__"),
        ((np.load, ("{mark}",)), "numpy"),
        ((open, ("{mark}", "w")), "open"),
    ],
)
@pytest.mark.parametrize("protocol", [2, 4])
def test_bombs_are_refused_by_name(tmp_path: Path, call: Any, named: str, protocol: int) -> None:
    mark = tmp_path / "mark"
    function, arguments = call
    arguments = tuple(a.format(mark=mark) if isinstance(a, str) else a for a in arguments)
    if function is getattr:
        arguments = ("", "upper")
    state = {"index_to_key": ["a"], "vectors": Bomb(function, arguments)}
    path = tmp_path / "v.kv"
    path.write_bytes(pickle.dumps(state, protocol))
    with pytest.raises(BadInput, match=named) as error:
        open_vectors(path)
    assert "it was not run" in str(error.value)
    assert not mark.exists()


def test_stand_ins_do_nothing(tmp_path: Path) -> None:
    """Even the names that are known run nothing: `hash` is no function here."""
    state = {"a": Bomb(hash, ("x",)), "b": Bomb(np.dtype, ("f4",))}
    path = tmp_path / "v.kv"
    path.write_bytes(pickle.dumps(state, 2))
    with pytest.raises(BadInput, match="no word vectors"):
        open_vectors(path)


def test_sidecars(tmp_path: Path) -> None:
    vectors = small_vectors()
    path = tmp_path / "v.kv"
    save_vectors(vectors, path)
    beside = tmp_path / "v.kv.vectors.npy"
    whole = beside.read_bytes()
    beside.write_bytes(whole[:-1])
    with pytest.raises(BadInput, match=r"v\.kv\.vectors\.npy"):
        open_vectors(path)
    np.save(beside, np.array([{}], object), allow_pickle=True)
    with pytest.raises(BadInput):
        open_vectors(path)
    np.save(beside, np.zeros((3, 5), np.float32))
    with pytest.raises(BadInput, match="3 / 12"):
        open_vectors(path)
    beside.unlink()
    with pytest.raises(Missing, match=r"v\.kv\.vectors\.npy"):
        open_vectors(path)


def test_sidecars_have_fixed_names(tmp_path: Path) -> None:
    """A pickle cannot make another file be read."""
    np.save(tmp_path / "secret.npy", np.zeros((1, 2), np.float32))
    state = {"index_to_key": ["a"], "__numpys": ["../secret", "/etc/passwd"], "vectors": None}
    path = tmp_path / "v.kv"
    path.write_bytes(record("gensim.models.keyedvectors", "KeyedVectors", state))
    with pytest.raises(BadInput, match="no word vectors"):
        open_vectors(path)


def test_gensim_is_not_imported(tmp_path: Path) -> None:
    save_vectors(small_vectors(), tmp_path / "v.kv")
    code = (
        "import sys; from bunsan.words.vectors.files.dispatch import open_vectors;"
        f"open_vectors({str(tmp_path / 'v.kv')!r}); assert 'gensim' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@settings(max_examples=300)
@given(st.data())
def test_damaged_pickles(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    folder = tmp_path_factory.getbasetemp() / "damaged"
    folder.mkdir(exist_ok=True)
    path = folder / "v.kv"
    if not (folder / "sound").exists():
        save_vectors(small_vectors(), path)
        path.rename(folder / "sound")
    sound = bytearray((folder / "sound").read_bytes())
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(2, len(sound) - 1))
        sound[place] = data.draw(st.integers(0, 255))
    path.write_bytes(sound)
    with suppress(BunsanError):
        open_vectors(path, "gensim")
