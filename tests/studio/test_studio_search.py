"""The room Search in a real browser: by keyword, by meaning and by both, and why each hit is there."""

import os
from pathlib import Path
from typing import Any

import pytest


def learn(tab: Any, file: Path) -> None:
    tab.page.set_input_files("#b-file input[type=file]", str(file))
    tab.wait("#b-preview table.b-sheet")
    tab.page.locator("#b-learn").click()
    tab.wait("#b-overview .b-tiles")


def search(tab: Any, query: str) -> Any:
    """Ask, and the first hit when the answer to this question is there."""
    tab.page.locator("#b-query textarea, #b-query input").first.fill(query)
    tab.page.locator("#b-search button, button#b-search").first.click()
    return tab.wait("#b-hits .b-hit")


def choose(tab: Any, by: str) -> None:
    tab.page.locator("#b-by-what label").filter(has_text=by).first.click()
    tab.wait("#b-search-model")


def test_by_keyword_the_words_are_marked_and_weighed(visit: Any, reviews: Path) -> None:
    tab = visit("ja")
    learn(tab, reviews)
    tab.room("検索")
    hit = search(tab, "海が見える")
    assert "海" in [m.inner_text() for m in hit.locator("mark").all()]
    assert "海" in hit.locator(".b-why").inner_text()
    assert "BM25" in tab.text("#b-hits .b-heading")
    assert not tab.page.locator("#b-search-model").is_visible()
    # Twenty reviews have one of the words: two pages.
    first = [one.inner_text() for one in tab.page.locator("#b-hits .b-rank").all()]
    assert first == [str(n) for n in range(1, 11)]
    tab.page.locator("#b-further").click()
    tab.wait("#b-hits .b-rank:text-is('11')")
    tab.page.locator("#b-earlier").click()
    tab.wait("#b-hits .b-rank:text-is('1')")
    tab.page.locator("#b-search-examples [data-word]").first.click()
    tab.page.wait_for_function(
        "document.querySelector('#b-query textarea, #b-query input').value !== '海が見える'"
    )
    tab.wait("#b-hits .b-hit")
    assert tab.complaints == []
    assert tab.outside == []


def test_by_meaning_and_by_both(visit: Any, reviews: Path) -> None:
    tab = visit("en")
    learn(tab, reviews)
    tab.room("Search")
    choose(tab, "meaning")
    tab.page.locator("#b-query textarea, #b-query input").first.fill("海")
    tab.page.locator("#b-search-model input").fill("fasttext")
    tab.page.locator("#b-search-model input").press("Enter")
    tab.page.locator("#b-search button, button#b-search").first.click()
    assert "Representations" in tab.wait("#b-search-bar .b-bad").inner_text()
    tab.room("Words")
    tab.room("Representations")
    tab.page.locator("#b-learn-word2vec").click()
    tab.wait("#b-vectors-bar .b-good")
    tab.room("Search")
    tab.page.locator("#b-search-model input").fill("word2vec")
    tab.page.locator("#b-search-model input").press("Enter")
    tab.page.locator("#b-search button, button#b-search").first.click()
    tab.wait("#b-hits .b-heading:has-text('word2vec (SIF)')")
    assert "59 documents ranked" in tab.text("#b-hits .b-heading")
    hit = tab.wait("#b-hits .b-hit")
    assert "cosine" in hit.locator(".b-why").inner_text()
    assert hit.locator(".b-part").count() > 0
    choose(tab, "both")
    tab.page.locator("#b-search button, button#b-search").first.click()
    tab.wait("#b-hits .b-heading:has-text('fused')")
    why = tab.text("#b-hits .b-hit .b-why")
    assert "keyword: rank" in why
    assert "meaning: rank" in why
    tab.page.locator("#b-search-code summary").click()
    code = tab.wait("#b-search-code pre").inner_text()
    assert code.endswith("\nbunsan search 口コミ.bunsan 海 --by both --model word2vec")
    python = tab.page.locator("#b-search-code pre").nth(1).inner_text()
    assert "collection.search('海', by='both', model='word2vec')" in python
    assert tab.complaints == []
    assert tab.outside == []


def test_an_encoder_is_named_and_its_work_stopped(visit: Any, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="the extra models is not installed")
    from bunsan.serve.untrained import make_encoder

    folder = make_encoder(tmp_path / "reader")
    lines = [f"{i}番の部屋から海が見え、{i * 7}羽の鳥が{i % 97}回鳴いた。" * 4 for i in range(4000)]
    file = tmp_path / "部屋.txt"
    file.write_text("\n".join(lines), encoding="utf-8")
    tab = visit("en")
    learn(tab, file)
    tab.room("Search")
    choose(tab, "meaning")
    tab.page.locator("#b-search-model input").fill(str(folder))
    tab.page.locator("#b-search-model input").press("Enter")
    tab.page.locator("#b-query textarea, #b-query input").first.fill("鳥が鳴いた部屋")
    tab.page.locator("#b-search button, button#b-search").first.click()
    tab.wait("#b-search-bar .b-progress")
    tab.page.locator("#b-search-stop").click()
    assert "Stopped" in tab.wait("#b-search-bar .b-notice").inner_text()
    tab.page.locator("#b-search button, button#b-search").first.click()
    tab.wait("#b-hits .b-hit", timeout=300_000)
    assert "reader" in tab.text("#b-hits .b-heading")
    assert os.fspath(folder) not in tab.text("#b-hits .b-heading")


def test_an_enter_that_ends_a_composition_sends_nothing(visit: Any, reviews: Path) -> None:
    tab = visit("ja")
    learn(tab, reviews)
    tab.room("検索")
    field = tab.page.locator("#b-query textarea, #b-query input").first
    field.click()
    keys = tab.context.new_cdp_session(tab.page)
    keys.send("Input.imeSetComposition", {"text": "うみ", "selectionStart": 2, "selectionEnd": 2})
    for kind in ("rawKeyDown", "keyUp"):
        keys.send(
            "Input.dispatchKeyEvent",
            {"type": kind, "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 229},
        )
    keys.send("Input.insertText", {"text": "海"})
    tab.page.wait_for_timeout(700)
    assert field.input_value() == "海"
    assert tab.page.locator("#b-hits .b-hit").count() == 0
    assert tab.page.locator("#b-hits .b-notice").count() == 0
    field.press("Enter")
    tab.wait("#b-hits .b-hit")
