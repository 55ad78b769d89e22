"""Files made to do harm, and files broken at random: refused with a reason, and nothing of them is run."""

import io
import json
import os
import pickle
import struct
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from bunsan.base.errors import BadInput
from bunsan.nn.weights import describe_weights, read_config, read_weights

TENSORS = {
    "a": torch.arange(6.0).reshape(2, 3),
    "b": torch.arange(5),
    "c": torch.tensor([True, False, True]),
}


def raw(header: Any, data: bytes = bytes(8), length: int | None = None) -> bytes:
    """A safetensors file with any header."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if length is None else length).to_bytes(8, "little") + text + data


def entry(shape: Any = (2,), offsets: Any = (0, 8), dtype: Any = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


HEADERS = {
    "longer than the file": (raw({}, b"", 1000), "header of 1,000 bytes in a file"),
    "beyond the limit": (raw({}, b"", 2**63), "100,000,000 are allowed"),
    "empty file": (b"", "first 8 bytes"),
    "no JSON": (raw(b"{" + b"x" * 9), "cannot be read as JSON at byte 9"),
    "no object": (raw([1]), "no JSON object"),
    "not UTF-8": (raw(b'{"\xff": 1}'), "at byte 10 .*UTF-8"),
    "billion deep": (raw(b'{"a":' * 1_000_000), "nested too deeply"),
    "lists, deep": (raw(b'{"a":' + b"[" * 5_000_000), "nested too deeply"),
    "twice": (raw(b'{"a":{"dtype":"F32"},"a":1}'), "the name 'a' twice"),
    "NaN": (raw(b'{"a":{"dtype":"F32","shape":[NaN],"data_offsets":[0,8]}}'), "NaN is no number"),
    "huge number": (raw(b'{"a":' + b"9" * 9999 + b"}"), "cannot be read as JSON"),
    "entry is no object": (raw({"a": 5}), "a: dtype, shape, data_offsets expected"),
    "unknown dtype": (raw({"a": entry(dtype="F128")}), "unknown dtype 'F128'"),
    "dtype is a list": (raw({"a": entry(dtype=["F32"])}), "unknown dtype"),
    "negative shape": (raw({"a": entry([-2, -1])}), "no list of counts"),
    "fractional shape": (raw({"a": entry([2.0])}), "no list of counts"),
    "shape of truths": (raw({"a": entry([True, 2])}), "no list of counts"),
    "too many dimensions": (raw({"a": entry([1] * 65 + [2])}), "no list of counts"),
    "overflowing shape": (raw({"a": entry([2**40, 2**40])}), "too large"),
    "zero times a lot": (raw({"a": entry([0, 2**40, 2**40], [0, 0])}, b""), "too large"),
    "wrong product": (raw({"a": entry([3])}), r"shape \[3\] of F32 needs 12 bytes, not 8"),
    "backwards": (raw({"a": entry(offsets=[8, 0])}), "bytes 8 to 0 of 8"),
    "out of range": (raw({"a": entry([3], [0, 12])}), "bytes 0 to 12 of 8"),
    "negative offset": (raw({"a": entry(offsets=[-8, 0])}), "data_offsets"),
    "overlap": (raw({"a": entry(), "b": entry([1], [4, 8])}), "b overlaps a"),
    "the same bytes twice": (raw({"a": entry(), "b": entry()}), "overlaps"),
    "hole": (raw({"a": entry([1], [4, 8])}), "a hole before a"),
    "rest": (raw({"a": entry()}, bytes(16)), "8 bytes at the end belong to no tensor"),
    "truncated": (raw({"a": entry()}, bytes(7)), "bytes 0 to 8 of 7"),
    "metadata": (raw({"__metadata__": {"x": 1}, "a": entry()}), "__metadata__"),
}


@pytest.mark.parametrize("case", HEADERS)
def test_hostile_headers(tmp_path: Path, case: str) -> None:
    data, reason = HEADERS[case]
    (tmp_path / "model.safetensors").write_bytes(data)
    for read in (read_weights, describe_weights):
        with pytest.raises(BadInput, match=reason) as caught:
            read(tmp_path)
        assert caught.value.file == str(tmp_path / "model.safetensors")
        assert caught.value.remedy


def test_bytes_that_are_no_truth_values(tmp_path: Path) -> None:
    data = raw(
        {"ok": entry([4], [0, 4], "F8_E4M3"), "bad": entry([4], [4, 8], "BOOL")},
        b"\1\0\1\0\1\0\xc8\1",
    )
    (tmp_path / "model.safetensors").write_bytes(data)
    weights = read_weights(tmp_path)
    assert weights["ok"].shape == (4,)
    with pytest.raises(BadInput, match="bad holds no truth values"):
        weights["bad"]


def test_devices_and_folders_are_no_files(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").symlink_to("/dev/zero")
    with pytest.raises(BadInput, match="no regular file"):
        read_weights(tmp_path)
    (tmp_path / "model.safetensors").unlink()
    (tmp_path / "model.safetensors").mkdir()
    with pytest.raises(BadInput, match="no regular file"):
        read_weights(tmp_path)
    (tmp_path / "model.safetensors").rmdir()
    os.mkfifo(tmp_path / "pytorch_model.bin")
    with pytest.raises(BadInput, match="no regular file"):
        read_weights(tmp_path)


def test_hostile_configs(tmp_path: Path) -> None:
    file = tmp_path / "config.json"
    for text, reason in {
        "[]": "not an object",
        '{"a": NaN}': "NaN is no number",
        '{"a": Infinity}': "Infinity is no number",
        '{"a": 1, "a": 2}': "twice",
        '{"a": ' * 100_000: "too deeply",
        "": "Expecting value",
    }.items():
        file.write_text(text)
        with pytest.raises(BadInput, match=reason):
            read_config(tmp_path)
    with file.open("wb") as big:
        big.truncate(20_000_000)
    with pytest.raises(BadInput, match="20,000,000 bytes; more than 16,000,000"):
        read_config(tmp_path)


# --- the index ---------------------------------------------------------------------------------------------


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    """A folder of two shards, and beside it a file that its index must not reach."""
    folder = tmp_path / "model"
    folder.mkdir()
    save_file({"a": TENSORS["a"]}, folder / "x1.safetensors")
    save_file({"b": TENSORS["b"]}, folder / "x2.safetensors")
    save_file({"b": TENSORS["b"]}, tmp_path / "outside.safetensors")
    return folder


def write_index(folder: Path, weight_map: Any) -> None:
    text = json.dumps({"metadata": {}, "weight_map": weight_map})
    (folder / "model.safetensors.index.json").write_text(text)


def test_an_honest_index(shards: Path) -> None:
    write_index(shards, {"a": "x1.safetensors", "b": "x2.safetensors"})
    weights = read_weights(shards)
    assert torch.equal(weights["a"], TENSORS["a"])
    assert torch.equal(weights["b"], TENSORS["b"])


@pytest.mark.parametrize(
    "name",
    [
        *("../outside.safetensors", "{parent}/outside.safetensors", "x/../x2.safetensors"),
        *("..\\outside.safetensors", "C:outside.safetensors", "x2.safetensors\0", "..", ""),
        *(".x2.safetensors", "x2.bin", "x" * 300 + ".safetensors"),
    ],
)
def test_an_index_cannot_leave_its_folder(shards: Path, name: str) -> None:
    write_index(shards, {"a": "x1.safetensors", "b": name.format(parent=shards.parent)})
    with pytest.raises(BadInput, match="no plain name") as caught:
        read_weights(shards)
    assert "index.json" in str(caught.value)


def test_links_out_of_the_folder(shards: Path) -> None:
    (shards / "x2.safetensors").unlink()
    (shards / "x2.safetensors").symlink_to(shards.parent / "outside.safetensors")
    write_index(shards, {"a": "x1.safetensors", "b": "x2.safetensors"})
    with pytest.raises(BadInput, match="link out of the folder"):
        read_weights(shards)
    # Within the folder a link is as good as a file.
    (shards / "x2.safetensors").unlink()
    save_file({"b": TENSORS["b"]}, shards / "real.safetensors")
    (shards / "x2.safetensors").symlink_to("real.safetensors")
    assert set(read_weights(shards)) == {"a", "b"}


def test_links_of_the_cache(tmp_path: Path) -> None:
    """The hub's client links each file of a snapshot to a blob of the same cache, and nowhere else."""
    repository = tmp_path / "cache" / "models--who--what"
    snapshot = repository / "snapshots" / "0123"
    snapshot.mkdir(parents=True)
    (repository / "blobs").mkdir()
    (tmp_path / "cache" / "blobs").mkdir()
    save_file({"a": TENSORS["a"]}, repository / "blobs" / "aaaa")
    save_file({"b": TENSORS["b"]}, tmp_path / "cache" / "blobs" / "shared")
    (repository / "blobs" / "bbbb").symlink_to("../../blobs/shared")
    (snapshot / "x1.safetensors").symlink_to("../../blobs/aaaa")
    (snapshot / "x2.safetensors").symlink_to("../../blobs/bbbb")
    write_index(snapshot, {"a": "x1.safetensors", "b": "x2.safetensors"})
    assert set(read_weights(snapshot)) == {"a", "b"}
    save_file({"b": TENSORS["b"]}, tmp_path / "outside")
    (repository / "blobs" / "bbbb").unlink()
    (repository / "blobs" / "bbbb").symlink_to(tmp_path / "outside")
    with pytest.raises(BadInput, match="link out of the folder"):
        read_weights(snapshot)


@pytest.mark.parametrize(
    ("weight_map", "reason"),
    [
        ({"a": "x1.safetensors", "b": "x1.safetensors"}, "tensor b into x1.*no shard holds it"),
        (
            {"a": "x2.safetensors", "b": "x1.safetensors"},
            "tensor a into x2.safetensors, but it is in x1",
        ),
        ({"a": "x1.safetensors", "b": "x3.safetensors"}, "x3.safetensors, which is not there"),
        ({"a": 3}, "names no file"),
        ({}, "no weight_map"),
        ([], "no weight_map"),
        ("x1.safetensors", "no weight_map"),
    ],
)
def test_an_index_that_does_not_fit(shards: Path, weight_map: Any, reason: str) -> None:
    write_index(shards, weight_map)
    with pytest.raises(BadInput, match=reason):
        read_weights(shards)


def test_a_tensor_in_two_shards(shards: Path) -> None:
    save_file({"a": TENSORS["a"], "b": TENSORS["b"]}, shards / "x2.safetensors")
    write_index(shards, {"a": "x1.safetensors", "b": "x2.safetensors"})
    with pytest.raises(BadInput, match="both hold the tensor a"):
        read_weights(shards)
    text = '{"weight_map": {"a": "x1.safetensors", "a": "x2.safetensors"}}'
    (shards / "model.safetensors.index.json").write_text(text)
    with pytest.raises(BadInput, match="the name 'a' twice"):
        read_weights(shards)


# --- pickles -----------------------------------------------------------------------------------------------


class Runs:
    """Unpickled without care, it makes a file."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, (str(self.mark),))


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_program_is_not_run(tmp_path: Path, zipped: bool, protocol: int) -> None:
    mark = tmp_path / "it ran"
    file = tmp_path / "pytorch_model.bin"
    torch.save(
        {"b": Runs(mark), "a": torch.ones(2)} if protocol else {"b": Runs(mark)},
        file,
        pickle_protocol=protocol,
        _use_new_zipfile_serialization=zipped,
    )
    with pytest.raises(BadInput) as caught:
        read_weights(tmp_path)
    assert not mark.exists()
    if protocol == 2:
        assert "would call posix.mkdir" in str(caught.value)
        assert "ask its author for model.safetensors" in str(caught.value)
    # The test can fail: the file does run where it is let.
    torch.load(file, weights_only=False)
    assert mark.exists()


def test_each_fence_holds_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the listing of the pickle out of the way, PyTorch's own reader still runs nothing."""
    mark = tmp_path / "it ran"
    torch.save({"a": torch.ones(2), "b": Runs(mark)}, tmp_path / "pytorch_model.bin")
    monkeypatch.setattr("bunsan.nn.weights_bin._check_pickle", lambda *_: None)
    with pytest.raises(BadInput, match="Weights only load failed"):
        read_weights(tmp_path)
    assert not mark.exists()


def test_a_bare_pickle_is_not_run(tmp_path: Path) -> None:
    mark = tmp_path / "it ran"
    (tmp_path / "pytorch_model.bin").write_bytes(pickle.dumps(Runs(mark)))
    with pytest.raises(BadInput, match="neither of its two marks"):
        read_weights(tmp_path)
    assert not mark.exists()


def rezip(source: Path, **changes: Any) -> bytes:
    """The archive of a checkpoint with some entries replaced, added, or compressed."""
    out = io.BytesIO()
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(out, "w") as new:
        for item in old.infolist():
            text = changes.pop(item.filename.rpartition("/")[2], old.read(item))
            new.writestr(item.filename, text, changes.get("compression", zipfile.ZIP_STORED))
    return out.getvalue()


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    file = tmp_path / "pytorch_model.bin"
    torch.save(TENSORS, file)
    return file


def test_a_zip_bomb(checkpoint: Path) -> None:
    with zipfile.ZipFile(checkpoint, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("pytorch_model/data/99", bytes(300_000_000))
    assert checkpoint.stat().st_size < 400_000
    with pytest.raises(BadInput, match=r"data/99 is compressed, .* into 300,000,000"):
        read_weights(checkpoint.parent)


def test_every_entry_compressed(checkpoint: Path) -> None:
    checkpoint.write_bytes(rezip(checkpoint, compression=zipfile.ZIP_DEFLATED))
    with pytest.raises(BadInput, match="is compressed"):
        read_weights(checkpoint.parent)


def test_sizes_beyond_the_file(checkpoint: Path) -> None:
    """The directory alone claims 3 GB, with both sizes equal, so that nothing looks compressed."""
    data = bytearray(checkpoint.read_bytes())
    at = data.index(b"PK\x01\x02")
    struct.pack_into("<II", data, at + 20, 3_000_000_000, 3_000_000_000)
    checkpoint.write_bytes(data)
    with pytest.raises(BadInput, match=r"claims 3,000,000,000 bytes|disagree|overlaps|Overlapped"):
        read_weights(checkpoint.parent)


def test_entries_over_each_other(checkpoint: Path) -> None:
    """Many names for the same bytes: how a bomb is built without compression."""
    data = bytearray(checkpoint.read_bytes())
    with zipfile.ZipFile(checkpoint) as archive:
        first, second = archive.infolist()[1:3]
    at = data.index(b"PK\x01\x02")
    while data[at + 46 : at + 46 + len(second.filename)] != second.filename.encode():
        at = data.index(b"PK\x01\x02", at + 4)
    struct.pack_into("<I", data, at + 42, first.header_offset)
    checkpoint.write_bytes(data)
    with pytest.raises(BadInput, match=r"disagree|overlaps"):
        read_weights(checkpoint.parent)


def test_a_shape_beyond_its_storage(tmp_path: Path) -> None:
    """A stride of zero makes four bytes look like four terabytes."""
    torch.save({"a": torch.zeros(1).expand(2**40)}, tmp_path / "pytorch_model.bin")
    with pytest.raises(BadInput, match=r"claims the shape \[1099511627776\] on 4 bytes"):
        read_weights(tmp_path)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ([torch.ones(2)], "a list instead of named tensors"),
        ({"model": {"a": torch.ones(2)}}, "'model' is a dict, no tensor"),
        ({"a": torch.ones(2), "epoch": 3}, "'epoch' is a int, no tensor"),
        ({1: torch.ones(2)}, "'1' is a Tensor, no tensor"),
        ({"a": torch.eye(3).to_sparse()}, "would call torch._utils._rebuild_sparse_tensor"),
    ],
)
def test_other_contents(tmp_path: Path, value: Any, reason: str) -> None:
    torch.save(value, tmp_path / "pytorch_model.bin")
    with pytest.raises(BadInput, match=reason):
        read_weights(tmp_path)


def test_a_torchscript_program(tmp_path: Path) -> None:
    checkpoint = tmp_path / "pytorch_model.bin"
    torch.save(TENSORS, checkpoint)
    with zipfile.ZipFile(checkpoint, "a") as archive:
        archive.writestr("pytorch_model/constants.pkl", b"")
    with pytest.raises(BadInput, match="TorchScript"):
        read_weights(tmp_path)


# --- random damage -----------------------------------------------------------------------------------------

CHANGES = st.lists(
    st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=6
)
CUTS = st.one_of(st.just(1.0), st.floats(0, 1))
FUZZ = settings(max_examples=400, suppress_health_check=[HealthCheck.function_scoped_fixture])


def damaged(data: bytes, changes: list[tuple[float, int]], cut: float, head: int) -> bytes:
    """Bytes changed, two of three within the first `head`, and the end cut off."""
    broken = bytearray(data)
    for number, (place, value) in enumerate(changes):
        reach = len(data) if number % 3 == 2 else min(head, len(data))
        broken[int(place * reach)] = value
    return bytes(broken[: round(cut * len(broken))])


def check_what_was_read(folder: Path, size: int) -> None:
    """Either a `BadInput`, or tensors that together fit into the file and can be touched throughout."""
    try:
        weights = read_weights(folder)
        tensors = {name: weights[name] for name in weights}
        told = describe_weights(folder)
    except BadInput as error:
        assert error.remedy  # noqa: PT017
        assert str(folder) in str(error)  # noqa: PT017
        return
    assert sum(tensor.nbytes for tensor in tensors.values()) <= size
    for name, tensor in tensors.items():
        assert told[name].shape == tuple(tensor.shape)
        assert tensor.clone().shape == tensor.shape  # reads every byte
    assert sorted(t.numel() for t in tensors.values()) == [3, 5, 6]


@FUZZ
@given(changes=CHANGES, cut=CUTS)
def test_broken_safetensors(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[float, int]], cut: float
) -> None:
    folder = tmp_path_factory.mktemp("broken")
    file = folder / "model.safetensors"
    save_file(TENSORS, file)
    whole = file.read_bytes()
    length = int.from_bytes(whole[:8], "little")
    file.write_bytes(damaged(whole, changes, cut, 8 + length))
    check_what_was_read(folder, file.stat().st_size)
    # What is believed here, the format's own reader believes too.
    try:
        ours = set(describe_weights(folder))
    except BadInput:
        return
    try:
        with safe_open(file, "pt") as library:
            assert ours == set(library.keys())
    except SafetensorError as error:
        raise AssertionError("taken here, refused by the library") from error


@FUZZ
@given(changes=CHANGES, cut=CUTS, zipped=st.booleans())
def test_broken_pickles(
    tmp_path_factory: pytest.TempPathFactory,
    changes: list[tuple[float, int]],
    cut: float,
    zipped: bool,
) -> None:
    folder = tmp_path_factory.mktemp("broken")
    file = folder / "pytorch_model.bin"
    torch.save(TENSORS, file, _use_new_zipfile_serialization=zipped)
    whole = file.read_bytes()
    file.write_bytes(damaged(whole, changes, cut, len(whole)))
    check_what_was_read(folder, file.stat().st_size)


@FUZZ
@given(changes=CHANGES)
def test_broken_pickles_in_sound_archives(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[float, int]]
) -> None:
    """The archive's checksums are right, so that the damage reaches the pickle itself."""
    folder = tmp_path_factory.mktemp("broken")
    file = folder / "pytorch_model.bin"
    torch.save(TENSORS, file)
    with zipfile.ZipFile(file) as archive:
        text = archive.read("pytorch_model/data.pkl")
    file.write_bytes(rezip(file, **{"data.pkl": damaged(text, changes, 1.0, len(text))}))
    try:
        weights = read_weights(folder)
    except BadInput:
        return
    for name in weights:
        assert weights[name].clone().nbytes <= file.stat().st_size


@FUZZ
@given(text=st.binary(max_size=200), first=st.sampled_from([b"", b"PK\x03\x04", b"{", b"\x80\x02"]))
def test_anything_at_all(
    tmp_path_factory: pytest.TempPathFactory, text: bytes, first: bytes
) -> None:
    folder = tmp_path_factory.mktemp("broken")
    for name in ("pytorch_model.bin", "model.safetensors"):
        (folder / name).write_bytes(raw(first + text) if name[0] == "m" else first + text)
        with pytest.raises(BadInput):
            read_weights(folder)
