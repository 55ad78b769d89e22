"""ViT, CLIP and dual encoders against the peer library."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers as peer
from parity_help import (
    BERT,
    VIT,
    VOCABULARY,
    close,
    in_folder,
    noisy,
    opened,
    opened_by_peer,
    same_file_again,
    some_ids,
)
from safetensors.torch import load_file, save_file
from torch import Tensor

from bunsan.nn.transformer import Trace

END = VOCABULARY - 1


def images(rows: int = 2) -> Tensor:
    return torch.randn(rows, 3, 12, 12, generator=torch.Generator().manual_seed(2))


def clip_config(**text: Any) -> Any:
    words = {**BERT, "eos_token_id": END, "bos_token_id": 0, "pad_token_id": 1, **text}
    return peer.CLIPConfig(
        text_config={**words, "hidden_size": 20, "projection_dim": 10},
        vision_config={**VIT, "projection_dim": 10, "layer_norm_eps": 1e-3},
        projection_dim=10,
    )


def clip_texts() -> tuple[Tensor, Tensor]:
    """Texts with their end at different places; what follows it is padding, which has the end's id
    or another."""
    ids = some_ids(3).clamp(max=END - 1)
    ids[0, 8] = ids[1, 4] = ids[2, 6] = END
    ids[1, 5:] = END
    mask = torch.ones(ids.shape, dtype=torch.bool)
    mask[1, 5:] = False
    return ids, mask


@pytest.mark.parametrize("head", ["Model", "ForImageClassification"])
@torch.no_grad()
def test_vit(head: str, tmp_path: Path) -> None:
    labels = {} if head == "Model" else {"num_labels": 4}
    model = noisy(getattr(peer, f"ViT{head}"), peer.ViTConfig(**VIT, **labels))
    want = model(pixel_values=images(), output_hidden_states=True, output_attentions=True)
    ours = opened(in_folder(model, tmp_path / "theirs"))
    trace = Trace(weights=True)
    got = ours.module(images(), trace=trace)
    if head == "Model":
        close(got.states, want.last_hidden_state)
        close(got.pooled, want.pooler_output)
    else:
        close(got.logits, want.logits)
    for mine, other in zip(trace.hidden, want.hidden_states, strict=True):
        close(mine, other)
    for mine, other in zip(trace.attention, want.attentions, strict=True):
        close(mine, other)
    same_file_again(ours, tmp_path / "theirs", tmp_path / "ours")
    again = opened_by_peer(type(model), tmp_path / "ours")
    for name, value in model.state_dict().items():
        assert torch.equal(again.state_dict()[name], value), name


@torch.no_grad()
def test_vit_without_a_pooler(tmp_path: Path) -> None:
    model = noisy(peer.ViTModel, peer.ViTConfig(**VIT, num_channels=1), False)
    ours = opened(in_folder(model, tmp_path))
    assert ours.head == "states"
    gray = images()[:, :1]
    close(ours.module(gray).states, model(pixel_values=gray).last_hidden_state)


@pytest.mark.parametrize("end", [END, 2])
@torch.no_grad()
def test_clip(end: int, tmp_path: Path) -> None:
    model = noisy(peer.CLIPModel, clip_config(eos_token_id=end))
    ids, mask = clip_texts()
    want = model(input_ids=ids, attention_mask=mask.long(), pixel_values=images())
    ours = opened(in_folder(model, tmp_path / "theirs"))
    got = ours.module(ids, mask, images=images())
    close(got.logits, want.logits_per_image)
    close(got.text, want.text_embeds)
    close(got.image, want.image_embeds)
    close(got.text_output.states, want.text_model_output.last_hidden_state, mask)
    close(got.image_output.states, want.vision_model_output.last_hidden_state)
    close(ours.module.encode_text(ids, mask), want.text_embeds)
    close(ours.module.encode_image(images()), want.image_embeds)
    same_file_again(ours, tmp_path / "theirs", tmp_path / "ours")
    again = opened_by_peer(peer.CLIPModel, tmp_path / "ours")
    for name, value in model.state_dict().items():
        assert torch.equal(again.state_dict()[name], value), name


@torch.no_grad()
def test_the_end_is_found_by_its_id_or_as_the_highest(tmp_path: Path) -> None:
    """With a real id the first end counts, whatever is higher; with 2, the highest id counts."""
    ids, _ = clip_texts()
    ids[:, 2] = END  # an id above the end's, as a word that was added later has
    for end, wanted in ((END - 1, None), (2, 2)):
        here = ids.clone()
        here[:, 5] = END - 1
        model = noisy(peer.CLIPTextModel, clip_config(eos_token_id=end).text_config)
        folder = in_folder(model, tmp_path / str(end))
        got = opened(folder).module(here)
        close(got.pooled, model(input_ids=here).pooler_output)
        if wanted is not None:
            close(got.pooled, got.states[:, wanted])


@pytest.mark.parametrize("projected", [False, True])
@torch.no_grad()
def test_towers_alone(projected: bool, tmp_path: Path) -> None:
    suffix = "WithProjection" if projected else ""
    config = clip_config()
    text = noisy(getattr(peer, f"CLIPTextModel{suffix}"), config.text_config)
    image = noisy(getattr(peer, f"CLIPVisionModel{suffix}"), config.vision_config)
    ids, mask = clip_texts()
    read = opened(in_folder(text, tmp_path / "text"))
    seen = opened(in_folder(image, tmp_path / "image"))
    got, want = read.module(ids, mask), text(input_ids=ids, attention_mask=mask.long())
    close(got.states, want.last_hidden_state, mask)
    got_image, want_image = seen.module(images()), image(pixel_values=images())
    close(got_image.states, want_image.last_hidden_state)
    if projected:
        close(got.projected, want.text_embeds)
        close(got_image.projected, want_image.image_embeds)
    else:
        close(got.pooled, want.pooler_output)
        close(got_image.pooled, want_image.pooler_output)
    for ours, theirs, name in ((read, text, "text"), (seen, image, "image")):
        same_file_again(ours, tmp_path / name, tmp_path / f"{name}-ours")
        opened_by_peer(type(theirs), tmp_path / f"{name}-ours")


@torch.no_grad()
def test_classes_of_images_by_clip(tmp_path: Path) -> None:
    config = clip_config()
    config.num_labels = 4
    model = noisy(peer.CLIPForImageClassification, config)
    ours = opened(in_folder(model, tmp_path / "theirs"))
    close(ours.module(images()).logits, model(pixel_values=images()).logits)
    same_file_again(ours, tmp_path / "theirs", tmp_path / "ours")


@pytest.mark.parametrize("vision", ["vit", "clip"])
@pytest.mark.parametrize("text", ["bert", "roberta"])
@torch.no_grad()
def test_dual_encoders(text: str, vision: str, tmp_path: Path) -> None:
    seen = peer.ViTConfig(**VIT) if vision == "vit" else peer.CLIPVisionConfig(**VIT)
    factory = {"bert": peer.BertConfig, "roberta": peer.RobertaConfig}[text]
    config = peer.VisionTextDualEncoderConfig.from_vision_text_configs(
        seen, factory(**{**BERT, "hidden_size": 20}), projection_dim=10
    )
    model = noisy(peer.VisionTextDualEncoderModel, config)
    ids = some_ids(3)
    mask = torch.ones(ids.shape, dtype=torch.bool)
    mask[1, 5:] = False
    ids[~mask] = 1
    types = (torch.arange(9) > 4).long().expand_as(ids)
    want = model(
        input_ids=ids, attention_mask=mask.long(), token_type_ids=types, pixel_values=images()
    )
    ours = opened(in_folder(model, tmp_path / "theirs"))
    got = ours.module(ids, mask, types, images=images())
    close(got.logits, want.logits_per_image)
    close(got.text, want.text_embeds)
    close(got.image, want.image_embeds)
    same_file_again(ours, tmp_path / "theirs", tmp_path / "ours")
    again = opened_by_peer(peer.VisionTextDualEncoderModel, tmp_path / "ours")
    for name, value in model.state_dict().items():
        assert torch.equal(again.state_dict()[name], value), name


@pytest.mark.parametrize("kind", ["clip", "cloob"])
@torch.no_grad()
def test_as_japanese_clip_is_published(kind: str, tmp_path: Path) -> None:
    """First states of a RoBERTa with positions from 0 and of a ViT, neither pooled nor normed apart."""
    roberta = noisy(peer.RobertaModel, peer.RobertaConfig(**BERT), False)
    vit = noisy(peer.ViTModel, peer.ViTConfig(**VIT), False)
    torch.manual_seed(4)
    to_text, to_image = torch.randn(2, 10, 16)
    scale = torch.tensor(1.3)
    text_folder, image_folder = in_folder(roberta, tmp_path / "t"), in_folder(vit, tmp_path / "v")
    tensors = {
        f"{part}.{name}": value
        for part, folder in (("text_model", text_folder), ("vision_model", image_folder))
        for name, value in load_file(folder / "model.safetensors").items()
    }
    tensors["text_model.embeddings.position_ids"] = torch.arange(20)[None]
    tensors |= {"text_projection.weight": to_text, "visual_projection.weight": to_image}
    config = {
        "model_type": kind,
        "architectures": [f"{kind.upper()}Model"],
        "projection_dim": 10,
        "text_config": json.loads((text_folder / "config.json").read_text()),
        "vision_config": json.loads((image_folder / "config.json").read_text()),
    }
    if kind == "clip":
        tensors["logit_scale"] = scale
    else:
        config["init_inv_tau"] = 30.0
    folder = tmp_path / "published"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config))
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})

    ids = some_ids(3)
    mask = torch.ones(ids.shape, dtype=torch.bool)
    mask[1, 5:] = False
    ids[~mask] = 1
    places = torch.arange(9).expand_as(ids)
    read = roberta(input_ids=ids, attention_mask=mask.long(), position_ids=places)
    text = read.last_hidden_state[:, 0] @ to_text.T
    image = vit(pixel_values=images()).last_hidden_state[:, 0] @ to_image.T
    text, image = text / text.norm(dim=-1, keepdim=True), image / image.norm(dim=-1, keepdim=True)
    ours = opened(folder)
    got = ours.module(ids, mask, images=images())
    close(got.text, text)
    close(got.image, image)
    close(got.logits, image @ text.T * (scale.exp() if kind == "clip" else 30.0))
    ours.save(tmp_path / "ours")
    written = load_file(tmp_path / "ours" / "model.safetensors")
    tensors.pop("text_model.embeddings.position_ids")
    assert set(written) == set(tensors)
    assert all(torch.equal(written[name], value) for name, value in tensors.items())
