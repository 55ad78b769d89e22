"""Every family that reads text gives the vectors of transformers, packed and by kernels."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import transformers

from bunsan.models.encoding.backbone import open_backbone, open_text_part
from bunsan.models.encoding.engines import KernelEngine, TorchEngine, make_engine
from bunsan.models.encoding.pooling import Pooling

SMALL = {"vocab_size": 90, "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4}
FAMILIES: dict[str, Any] = {
    "bert": lambda: transformers.BertModel(
        transformers.BertConfig(**SMALL, intermediate_size=48, max_position_embeddings=64)
    ),
    "roberta": lambda: transformers.RobertaModel(
        transformers.RobertaConfig(
            **SMALL, intermediate_size=48, max_position_embeddings=66, type_vocab_size=1
        )
    ),
    "distilbert": lambda: transformers.DistilBertModel(
        transformers.DistilBertConfig(
            vocab_size=90, dim=32, n_layers=2, n_heads=4, hidden_dim=48, max_position_embeddings=64
        )
    ),
    "electra": lambda: transformers.ElectraModel(
        transformers.ElectraConfig(
            **SMALL, embedding_size=16, intermediate_size=48, max_position_embeddings=64
        )
    ),
    "t5": lambda: transformers.T5ForConditionalGeneration(
        transformers.T5Config(
            vocab_size=90,
            d_model=32,
            d_kv=10,
            d_ff=48,
            num_layers=2,
            num_heads=4,
            feed_forward_proj="gated-gelu",
            relative_attention_num_buckets=8,
        )
    ),
    "clip_text": lambda: transformers.CLIPTextModelWithProjection(
        transformers.CLIPTextConfig(
            **SMALL, intermediate_size=48, projection_dim=24, eos_token_id=89, bos_token_id=88
        )
    ),
}
LENGTHS = [5, 17, 2, 17, 30]


@pytest.fixture(params=FAMILIES)
def family(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Any, Path]:
    torch.manual_seed(1)
    model = FAMILIES[request.param]().eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.05 * torch.randn_like(parameter))
    model.save_pretrained(tmp_path / "model")
    return request.param, model, tmp_path / "model"


@pytest.mark.parametrize("engine", ["torch", "kernels", "int16"])
def test_states_are_theirs(family: tuple[str, Any, Path], engine: str) -> None:
    name, model, folder = family
    part = open_text_part(open_backbone(folder))
    device = torch.device("cpu")
    made: Any
    if engine == "torch":
        made = TorchEngine(part.text, device, torch.float32)
    elif engine == "kernels":
        made = KernelEngine(part.text, "float32", 1)
    else:
        made = make_engine(part.text, "int16", device, 1)
    rng = np.random.default_rng(0)
    texts = [rng.integers(5, 88, n).astype(np.int32) for n in LENGTHS]
    for ids in texts:
        ids[-1] = 89
    starts = np.concatenate([[0], np.cumsum(LENGTHS)]).astype(np.int64)
    states = made(np.concatenate(texts), starts)
    encoder = model.encoder if name == "t5" else model
    for i, ids in enumerate(texts):
        with torch.no_grad():
            out = encoder(torch.from_numpy(ids).long()[None])
        ours = states[starts[i] : starts[i + 1]].numpy()
        tolerance = 3e-3 if engine == "int16" else 5e-5
        np.testing.assert_allclose(ours, out.last_hidden_state[0].numpy(), atol=tolerance)
    if name == "clip_text":
        assert part.own_vectors is not None
        vectors = part.own_vectors(states, np.concatenate(texts), starts).detach().numpy()
        with torch.no_grad():
            expected = [model(torch.from_numpy(ids).long()[None]).text_embeds[0] for ids in texts]
        np.testing.assert_allclose(vectors, np.stack(expected), atol=tolerance)


def test_pooling_is_differentiable_and_right() -> None:
    torch.manual_seed(0)
    states = torch.randn(7, 4, requires_grad=True)
    starts = torch.tensor([0, 3, 7])
    vectors, counts = Pooling(("mean", "max", "weightedmean"))(states, starts)
    vectors.sum().backward()
    assert states.grad is not None
    assert counts.tolist() == [3, 4]
    weights = torch.tensor([1.0, 2, 3, 4])[:, None]
    expected = torch.cat(
        [states[3:].mean(0), states[3:].amax(0), (states[3:] * weights).sum(0) / 10]
    )
    torch.testing.assert_close(vectors[1], expected)
