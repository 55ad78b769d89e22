"""Tiny random models of the peer library, with noise on every weight and buffer, and how to compare."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import transformers
from torch import Tensor

from bunsan.models.open import open_model
from bunsan.models.opened import OpenedModel
from bunsan.nn.weights import read_weights

transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()

VOCABULARY, WIDTH, LENGTH = 60, 16, 9
TOLERANCE = {"atol": 2e-5, "rtol": 2e-5}
BERT = {
    "vocab_size": VOCABULARY,
    "hidden_size": WIDTH,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 24,
    "max_position_embeddings": 20,
}
DISTILBERT = {
    "vocab_size": VOCABULARY,
    "dim": WIDTH,
    "n_layers": 3,
    "n_heads": 4,
    "hidden_dim": 24,
    "max_position_embeddings": 20,
}
GPT2 = {"vocab_size": VOCABULARY, "n_embd": WIDTH, "n_layer": 3, "n_head": 4, "n_positions": 20}
T5 = {
    "vocab_size": VOCABULARY,
    "d_model": WIDTH,
    "d_kv": 6,
    "d_ff": 24,
    "num_layers": 3,
    "num_decoder_layers": 2,
    "num_heads": 4,
    "relative_attention_num_buckets": 8,
    "relative_attention_max_distance": 20,
    "decoder_start_token_id": 0,
}
BART = {
    "vocab_size": VOCABULARY,
    "d_model": WIDTH,
    "encoder_layers": 3,
    "decoder_layers": 2,
    "encoder_attention_heads": 4,
    "decoder_attention_heads": 2,
    "encoder_ffn_dim": 24,
    "decoder_ffn_dim": 20,
    "max_position_embeddings": 40,
}
VIT = {
    "hidden_size": WIDTH,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "intermediate_size": 24,
    "image_size": 12,
    "patch_size": 4,
}


CLIPLIKE = {
    "text_config": {**BERT, "eos_token_id": 59, "bos_token_id": 0, "pad_token_id": 1},
    "vision_config": VIT,
    "projection_dim": 10,
}


def noisy(make: Callable[..., Any], config: Any, *args: Any) -> Any:
    """A model of the peer's, every parameter and saved buffer moved: a start of ones and zeros would
    hide two norms that were swapped."""
    torch.manual_seed(0)
    config._attn_implementation = "eager"
    model = make(config, *args).eval()
    generator = torch.Generator().manual_seed(1)
    saved = set(model.state_dict())
    seen = set()
    with torch.no_grad():
        learned = [(name, one) for name, one in model.named_parameters() if one.requires_grad]
        for name, value in [*learned, *model.named_buffers()]:  # what is frozen is sinusoids
            if name in saved and value.data_ptr() not in seen and value.is_floating_point():
                seen.add(value.data_ptr())
                value.add_(torch.randn(value.shape, generator=generator) * 0.15)
    return model


def in_folder(model: Any, folder: Path) -> Path:
    model.save_pretrained(folder)
    return folder


def some_ids(rows: int = 3, length: int = LENGTH, low: int = 5, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randint(low, VOCABULARY, (rows, length), generator=generator)


def padded(ids: Tensor, pad: int) -> tuple[Tensor, Tensor]:
    """The ids with padding on the right in row 1 and on the left in row 2, and their mask."""
    ids, mask = ids.clone(), torch.ones(ids.shape, dtype=torch.bool)
    mask[1, -3:] = False
    mask[2, :2] = False
    ids[~mask] = pad
    return ids, mask


def close(ours: Tensor | None, theirs: Tensor, where: Tensor | None = None) -> None:
    assert ours is not None
    if where is not None:
        ours, theirs = ours[where], theirs[where]
    assert ours.shape == theirs.shape
    assert theirs.std() > 1e-3, "nothing to compare"
    torch.testing.assert_close(ours, theirs, **TOLERANCE)


def same_file_again(opened: OpenedModel, folder: Path, target: Path) -> None:
    """What was read is written again bit for bit, and what the peer tied is not written twice."""
    opened.save(target)
    before, after = dict(read_weights(folder)), dict(read_weights(target))
    if opened.family == "marian":  # sinusoids, which the peer writes in some cases
        before = {name: one for name, one in before.items() if "embed_positions" not in name}
    assert set(after) == set(before)
    for name, value in before.items():
        assert torch.equal(after[name], value), name
        assert after[name].dtype == value.dtype


def opened_by_peer(make: Any, folder: Path) -> Any:
    """The peer's model from our folder; it says so if a tensor was missing or not known."""
    model, info = make.from_pretrained(
        folder, output_loading_info=True, attn_implementation="eager"
    )
    for key in ("missing_keys", "unexpected_keys", "mismatched_keys"):
        wrong = {name for name in info[key] if "embed_positions" not in str(name) or key[0] != "m"}
        if type(model).__name__ != "MarianModel":  # it makes its sinusoids itself
            wrong = set(info[key])
        assert not wrong, (key, wrong)
    return model.eval()


def opened(folder: Path, **options: Any) -> OpenedModel:
    return open_model(folder, **options)
