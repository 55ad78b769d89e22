"""Files are whole or absent; arrays come back as written, and lies about them are refused."""

import json
import mmap
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from safetensors.numpy import load_file, save_file

from bunsan.base.errors import BadInput
from bunsan.base.files import (
    atomic_write,
    open_arrays,
    read_json,
    read_metadata,
    replaced_folder,
    save_arrays,
    write_json,
)

DTYPES = ["?", "u1", "i1", "<u2", "<i2", "<u4", "<i4", "<u8", "<i8", "<f2", "<f4", "<f8"]
arrays = st.dictionaries(
    st.text(min_size=1, max_size=8).filter(lambda s: s != "__metadata__" and s.isprintable()),
    st.sampled_from(DTYPES).flatmap(
        lambda d: hnp.arrays(
            np.dtype(d), hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5)
        )
    ),
    max_size=6,
)
slow_disk = settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def same(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> None:
    assert a.keys() == b.keys()
    for name in a:
        assert a[name].dtype == b[name].dtype
        assert a[name].shape == b[name].shape
        assert a[name].tobytes() == b[name].tobytes()


@slow_disk
@given(arrays)
def test_arrays_come_back_and_the_owner_of_the_format_reads_them(
    tmp_path: Path, given_arrays
) -> None:
    path = tmp_path / "a.safetensors"
    save_arrays(path, given_arrays, {"a": "b"})
    same(dict(open_arrays(path)), given_arrays)
    same(load_file(path), given_arrays)
    assert read_metadata(path) == {"a": "b"}


@slow_disk
@given(arrays)
def test_files_of_the_owner_of_the_format_are_read(tmp_path: Path, given_arrays) -> None:
    path = tmp_path / "a.safetensors"
    save_file(given_arrays, path)
    same(dict(open_arrays(path)), given_arrays)


def test_opened_arrays_are_maps_that_cannot_be_written(tmp_path: Path) -> None:
    save_arrays(tmp_path / "a.safetensors", {"x": np.arange(1000)})
    x = open_arrays(tmp_path / "a.safetensors")["x"]
    base = x
    while isinstance(base.base, np.ndarray):
        base = base.base
    assert isinstance(base.base, mmap.mmap)
    with pytest.raises(ValueError, match="read-only"):
        x[0] = 1


@slow_disk
@given(st.binary(max_size=200), st.integers(0, 300), st.integers(0, 255))
def test_damage_is_refused_by_name(tmp_path: Path, junk: bytes, at: int, value: int) -> None:
    path = tmp_path / "a.safetensors"
    save_arrays(path, {"x": np.arange(8, dtype=np.int32), "y": np.ones((2, 3))})
    good = path.read_bytes()
    for bad in (
        junk,
        good[: at % len(good)],
        good[:at] + bytes([value]) + good[at + 1 :],
        junk + good,
    ):
        path.write_bytes(bad)
        with suppress(BadInput):  # and nothing else may come
            for array in open_arrays(path).values():
                array.tobytes()  # what opens must be readable to its end


@pytest.mark.parametrize(
    "entry",
    [
        {"dtype": "I32", "shape": [2], "data_offsets": [0, 400]},
        {"dtype": "I32", "shape": [2], "data_offsets": [-8, 0]},
        {"dtype": "I32", "shape": [-2], "data_offsets": [0, 8]},
        {"dtype": "I32", "shape": [1 << 62, 4], "data_offsets": [0, 8]},
        {"dtype": "Q8", "shape": [2], "data_offsets": [0, 8]},
        {"shape": [2], "data_offsets": [0, 8]},
        [1, 2],
    ],
)
def test_headers_that_lie_are_refused(tmp_path: Path, entry: object) -> None:
    header = json.dumps({"x": entry}).encode()
    path = tmp_path / "lie.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(8))
    with pytest.raises(BadInput, match=r"lie\.safetensors"):
        open_arrays(path)


def test_overlapping_tensors_are_refused(tmp_path: Path) -> None:
    entry = {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]}
    header = json.dumps({"x": entry, "y": entry}).encode()
    path = tmp_path / "o.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))
    with pytest.raises(BadInput, match="overlap"):
        open_arrays(path)


def test_a_failed_write_leaves_the_old_file_and_no_litter(tmp_path: Path) -> None:
    path = tmp_path / "kept.txt"
    path.write_bytes(b"old")

    def fail() -> None:
        with atomic_write(path) as file:
            file.write(b"new, half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["kept.txt"]


def test_json_says_where_it_is_broken(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    write_json(path, {"語": [1, None]})
    assert read_json(path) == {"語": [1, None]}
    path.write_text('{"a": 1,\n oops}', encoding="utf-8")
    with pytest.raises(BadInput, match=r"s\.json:2"):
        read_json(path)
    path.write_bytes(b"\x93\xfa")
    with pytest.raises(BadInput, match="UTF-8"):
        read_json(path)


def test_a_folder_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    folder = tmp_path / "made"
    with replaced_folder(folder) as beside:
        beside.mkdir()
        (beside / "a").write_text("1")
    with replaced_folder(folder) as beside:
        assert (folder / "a").read_text() == "1"
        beside.mkdir()
        (beside / "b").write_text("2")
    assert [path.name for path in folder.iterdir()] == ["b"]
    with suppress(RuntimeError), replaced_folder(folder) as beside:
        beside.mkdir()
        (beside / "c").write_text("3")
        raise RuntimeError
    assert [path.name for path in folder.iterdir()] == ["b"]
    assert list(tmp_path.iterdir()) == [folder]
