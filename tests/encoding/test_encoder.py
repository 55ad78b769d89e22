"""Order, repeats, windows, layers, words: what `Encoder` promises."""

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModel, AutoTokenizer

from bunsan.base.errors import BadInput
from bunsan.models.encoding import encoder as encoder_module
from bunsan.models.encoding.encoder import Encoder, open_encoder
from bunsan.models.encoding.windows import cut, groups
from bunsan.text.subwords.encoding import Packed
from bunsan.text.subwords.template import FIRST, Template

PLAIN = Template(single=((7, 0), (FIRST, 0), (8, 0)))


def test_order_and_repeats(minilm: Encoder, texts: list[str]) -> None:
    one_by_one = np.stack([minilm.encode(text) for text in texts])
    together = minilm.encode([*texts, *reversed(texts)])
    assert minilm.report.texts == 2 * len(texts)
    assert minilm.report.repeated == 2 * len(texts) - len(set(texts))
    np.testing.assert_allclose(together[: len(texts)], one_by_one, atol=2e-6)
    np.testing.assert_array_equal(together[len(texts) :], together[: len(texts)][::-1])


def test_streams_give_the_same_in_chunks(minilm: Encoder, texts: list[str]) -> None:
    drawn = []

    def stream():
        for text in texts:
            drawn.append(text)
            yield text

    parts = minilm.iter_encode(stream(), chunk=8)
    first = next(parts)
    assert len(first) == 8
    assert len(drawn) == 8  # no more is read than is needed
    whole = np.concatenate([first, *parts])
    np.testing.assert_allclose(whole, minilm.encode(texts), atol=2e-6)


def test_threads_and_engines_agree(minilm_folder: Path, texts: list[str]) -> None:
    one = open_encoder(minilm_folder, precision="float32", device="cpu", threads=1)
    three = open_encoder(minilm_folder, precision="float32", device="cpu", threads=3)
    many = texts * 2
    np.testing.assert_allclose(one.encode(many), three.encode(many), atol=2e-6)


def test_empty_texts_are_named(minilm: Encoder) -> None:
    minilm.encode(["a", "", "b", " ", "\u200b"])
    assert minilm.report.empty[:2] == [1, 3]
    assert minilm.encode([]).shape == (0, 384)


def test_not_texts_are_refused(minilm: Encoder) -> None:
    with pytest.raises(BadInput, match="number 2 is no text: None"):
        minilm.encode(["a", None])  # type: ignore[list-item]
    with pytest.raises(BadInput, match="long"):
        minilm.encode(["a"], long="cut")  # type: ignore[arg-type]


def test_windows_cover_a_long_text() -> None:
    body = np.arange(100, 123, dtype=np.int32)
    ids = np.concatenate([[7], body, [8], [7, 1, 8]]).astype(np.int32)
    windows = cut(Packed(ids, np.array([0, 25, 28])), PLAIN, 10, "window")
    assert windows.long == 1
    assert windows.text.tolist() == [0, 0, 0, 0, 1]
    inputs = [
        windows.ids[a:b] for a, b in zip(windows.starts[:-1], windows.starts[1:], strict=True)
    ]
    assert all(one[0] == 7 and one[-1] == 8 for one in inputs)
    assert [one[1] for one in inputs] == [100, 106, 112, 115, 1]
    assert inputs[3][-2] == 122
    total = {
        token: windows.weights[windows.ids == token].sum() for token in body.tolist()
    }  # every token counts once, however many windows it is in
    np.testing.assert_allclose(list(total.values()), 1, rtol=1e-6)
    with pytest.raises(BadInput, match="no room"):
        cut(Packed(ids, np.array([0, 25, 28])), PLAIN, 2, "window")


def test_truncating_keeps_the_beginning() -> None:
    ids = np.array([7, 1, 2, 3, 4, 5, 8], np.int32)
    windows = cut(Packed(ids, np.array([0, 7])), PLAIN, 5, "truncate")
    assert windows.ids.tolist() == [7, 1, 2, 3, 8]


def test_the_mean_over_windows_is_the_weighted_mean_of_all_tokens(minilm: Encoder) -> None:
    text = " ".join(f"word{i}" for i in range(400))
    windows = cut(minilm.tokenizer.encode_packed([text]), minilm.tokenizer.template, 256, "window")
    states = minilm._ready(windows)(windows.ids, windows.starts).numpy()
    assert len(windows.text) > 2
    expected = (states * windows.weights[:, None]).sum(0) / windows.weights.sum()
    np.testing.assert_allclose(minilm.encode(text, pool="mean"), expected, atol=2e-5)
    np.testing.assert_allclose(minilm.encode(text, pool="max"), states.max(0), atol=2e-6)
    longest = minilm.encode(["short", text])[1]
    np.testing.assert_allclose(longest, expected / np.linalg.norm(expected), atol=2e-5)


def test_groups_hold_everything_once() -> None:
    starts = np.array([0, 5, 9, 30, 31, 40])
    assert groups(starts, 10) == [(0, 2), (2, 3), (3, 5)]
    assert groups(np.array([0]), 10) == []


def test_layers_tokens_and_attention_are_those_of_transformers(
    minilm: Encoder, minilm_folder: Path
) -> None:
    text = "Distributed representations of words 首 and phrases"
    model = AutoModel.from_pretrained(minilm_folder, attn_implementation="eager").eval()
    tokens = AutoTokenizer.from_pretrained(minilm_folder)(text, return_tensors="pt")
    with torch.no_grad():
        out = model(**tokens, output_hidden_states=True, output_attentions=True)
    hidden = torch.cat(out.hidden_states).numpy()  # (layers + 1, t, d)
    np.testing.assert_allclose(minilm.encode(text, pool="layers"), hidden.mean(1), atol=2e-5)
    states = minilm.tokens([text], layers=[0, 2, -1])[0]
    np.testing.assert_allclose(states.vectors, hidden[[0, 2, -1], 1:-1], atol=5e-5)
    last = minilm.tokens([text])[0]
    np.testing.assert_allclose(last.vectors, hidden[-1, 1:-1], atol=5e-5)
    assert [text[b:e].lower() for b, e in last.offsets[:2]] == ["distributed", "representations"]
    maps = minilm.attention(text)
    np.testing.assert_allclose(maps.weights, torch.cat(out.attentions).numpy(), atol=2e-6)
    with pytest.raises(BadInput, match="no layer 9"):
        minilm.tokens([text], layers=[9])


def test_a_word_has_the_vector_of_its_place(minilm: Encoder) -> None:
    first, second = minilm.words(["首を痛める", "会社を首になる"])
    assert [word.word for word in first] == ["首", "を", "痛める"]
    mine = next(word for word in first if word.word == "首")
    other = next(word for word in second if word.word == "首")
    assert (other.begin, other.end) == (3, 4)
    assert not np.allclose(mine.vector, other.vector, atol=0.1)
    states = minilm.tokens(["首を痛める"])[0]
    np.testing.assert_allclose(mine.vector, states.vectors[0], atol=1e-6)
    spans = minilm.words("New York is big", spans=[[(0, 8)]])
    states = minilm.tokens(["New York is big"])[0]
    np.testing.assert_allclose(spans[0].vector, states.vectors[:2].mean(0), atol=1e-6)


def test_words_of_a_long_text_are_all_there(minilm: Encoder) -> None:
    text = " ".join(f"w{i}" for i in range(500))
    words = minilm.words(text)
    assert [word.word for word in words] == text.split()


def test_coarse_arithmetic_is_not_used_unasked(
    minilm_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoder_module, "_AGREEMENT", 1.1)
    encoder = open_encoder(minilm_folder, device="cpu")
    encoder.encode(["one text"])
    assert encoder.report.engine.endswith("float32")
    assert encoder.report.agreement is None or encoder.report.agreement > 0.99999
