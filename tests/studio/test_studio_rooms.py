"""The studio in a real browser: what a student does, and what must not happen meanwhile."""

import json
from pathlib import Path
from typing import Any

import pytest

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


def learn(tab: Any, file: Path) -> None:
    tab.page.set_input_files("#b-file input[type=file]", str(file))
    tab.wait("#b-preview table.b-sheet")
    tab.page.locator("#b-learn").click()
    tab.wait("#b-overview .b-tiles")


def demo(tab: Any, language: str = "ja") -> None:
    tab.page.locator(f"#b-demo-{language}").click()
    tab.wait("#b-overview .b-tiles")


def test_a_workbook_is_shown_learned_and_looked_into(visit: Any, reviews: Path) -> None:
    tab = visit("ja")
    tab.page.set_input_files("#b-file input[type=file]", str(reviews))
    shown = tab.wait("#b-preview table.b-sheet").inner_text()
    assert "地域" in shown
    assert "窓から山が見える" in shown
    # The columns that a person would choose are chosen.
    assert tab.page.locator("#b-text input").input_value() == "コメント"
    assert "地域" in tab.text("#b-by")
    tab.page.locator("#b-learn").click()
    overview = tab.wait("#b-overview .b-tiles")
    assert "59" in overview.inner_text()  # one of 60 rows has no text
    groups = tab.text("#b-overview .b-bars")
    assert "海辺" in groups
    assert "高原" in groups
    assert "1 行を読み飛ばしました" in tab.text("#b-overview .b-problems")

    tab.room("語")
    tab.wait("#b-frequent [data-word='見える']")
    tab.page.locator("#b-frequent [data-word='海']").click()
    line = tab.wait("#b-kwic .b-kwic li")
    assert line.locator("mark").inner_text() == "海"
    assert "窓から" in line.inner_text()
    assert tab.page.locator("#b-kwic .b-kwic li").count() == 10  # rows 2, 8, ... of the sea
    assert "見える" in tab.text("#b-related")

    tab.room("共起ネットワーク")
    tab.page.locator("#b-draw-network").click()
    frame = tab.page.frame_locator("#b-network iframe")
    frame.locator("#query").fill("新鮮")
    frame.locator("#query").press("Enter")
    sentence = frame.locator("#panel ol.sentences li").first
    sentence.wait_for()
    assert "新鮮" in [m.inner_text() for m in sentence.locator("mark").all()]
    for suffix, begins in (("png", b"\x89PNG"), ("graphml", b"<?xml"), ("xlsx", b"PK")):
        link = tab.page.locator(f"#b-network a[download$='.{suffix}']").get_attribute("href")
        answer = tab.page.request.get(tab.url + link)
        assert answer.body().startswith(begins)

    tab.room("対応分析")
    tab.page.locator("#b-draw-map").click()
    tab.page.frame_locator("#b-map iframe").locator("#plot").wait_for()
    assert "海" in tab.wait("#b-features .b-blocks").inner_text()
    assert tab.complaints == []
    assert tab.outside == []


def test_arithmetic_with_words(visit: Any) -> None:
    tab = visit("ja")
    demo(tab)
    tab.room("語")
    tab.room("語の計算")
    tab.page.locator("#b-sum textarea, #b-sum input").first.fill("王 - 男 + 女")
    tab.page.locator("#b-work-out").click()
    first = tab.wait("#b-sum-result [data-word]")
    assert first.inner_text() == "女王"
    assert tab.complaints == []


@pytest.mark.slow
def test_representations_side_by_side(visit: Any) -> None:
    tab = visit("ja")
    demo(tab)
    tab.room("語")
    tab.room("表現の比較")
    tab.page.locator("#b-learn-word2vec").click()
    tab.page.locator("#b-vectors-bar .b-good").wait_for(timeout=240_000)
    tab.page.locator("#b-beside textarea, #b-beside input").first.fill("朝食")
    tab.page.locator("#b-compare").click()
    tab.wait("#b-side-by-side .b-block:nth-child(2) [data-word]")
    titles = [t.inner_text() for t in tab.page.locator("#b-side-by-side .b-heading").all()]
    assert len(titles) == 2
    assert "word2vec" in titles[1]
    assert tab.page.locator("#b-learn-word2vec").is_hidden()
    assert tab.complaints == []


def test_the_word_map_is_searched(visit: Any, reviews: Path) -> None:
    tab = visit("en")
    learn(tab, reviews)
    tab.room("Words")
    tab.room("Word map")
    tab.page.locator("#b-draw-words").click()
    frame = tab.page.frame_locator("#b-word-map iframe")
    frame.locator("body[data-ready]").wait_for()
    frame.locator("#query").fill("料理")
    frame.locator("body[data-hits='1']").wait_for()
    assert tab.complaints == []
    assert tab.outside == []


def test_two_visitors_do_not_see_each_other(visit: Any, reviews: Path) -> None:
    one, two = visit("ja"), visit("en")
    learn(one, reviews)
    assert "口コミ" in one.text("#b-head .b-state")
    assert two.page.locator("#b-head .b-state").count() == 0
    two.room("Search")
    assert "No collection is open" in two.text("#b-room-search")
    two.page.reload()
    two.wait("#b-head .b-brand")
    two.room("Models")
    two.wait("#b-models [data-word]")  # what was asked before this has been answered
    assert two.page.locator("#b-head .b-state").count() == 0


def test_a_reload_and_another_language_keep_what_is_open(visit: Any, reviews: Path) -> None:
    tab = visit("ja")
    learn(tab, reviews)
    tab.page.reload()
    assert "59 文書" in tab.wait("#b-head .b-state").inner_text()
    tab.page.locator("a.b-switch").click()
    assert "59 documents" in tab.wait("#b-head .b-state").inner_text()
    assert tab.page.locator("html").get_attribute("lang").split("-")[0] == "en"


def test_mistakes_are_told_where_they_were_made(visit: Any, reviews: Path, tmp_path: Path) -> None:
    tab = visit("en")
    damaged = tmp_path / "damaged.xlsx"
    damaged.write_bytes(b"PK\x03\x04 nothing more")
    tab.page.set_input_files("#b-file input[type=file]", str(damaged))
    assert "damaged.xlsx" in tab.wait("#b-preview .b-bad").inner_text()
    tab.page.reload()
    tab.wait("#b-file")
    learn(tab, reviews)
    tab.room("Words")
    tab.room("Around a word")
    tab.page.locator("#b-word textarea, #b-word input").first.fill("海賊船")
    tab.page.locator("#b-look").click()
    assert "海賊船" in tab.wait("#b-word-trouble .b-bad").inner_text()
    tab.room("Playground")
    tab.page.locator("#b-write").click()
    assert "Which model?" in tab.wait("#b-written .b-bad").inner_text()


def test_a_collection_is_kept_and_opened_again(visit: Any, reviews: Path, tmp_path: Path) -> None:
    tab = visit("en")
    tab.page.set_input_files("#b-file input[type=file]", str(reviews))
    tab.wait("#b-preview table.b-sheet")
    tab.page.get_by_label("Keep it in the folder").fill(str(tmp_path / "mine"))
    tab.page.locator("#b-learn").click()
    tab.wait("#b-overview .b-tiles")
    assert (tmp_path / "mine.bunsan" / "state.json").is_file()
    other = visit("en")
    other.page.locator("#b-place input").fill(str(tmp_path / "mine.bunsan"))
    other.page.locator("#b-place input").press("Enter")
    other.page.locator("#b-open").click()
    assert "59" in other.wait("#b-overview .b-tiles").inner_text()
    # Another visitor's folder is not written over.
    other.page.set_input_files("#b-file input[type=file]", str(reviews))
    other.wait("#b-preview table.b-sheet")
    other.page.get_by_label("Keep it in the folder").fill(str(tmp_path / "mine"))
    other.page.locator("#b-learn").click()
    assert "there already" in other.wait("#b-learning .b-bad").inner_text()


def test_cp932_is_read_as_what_it_is(visit: Any, tmp_path: Path) -> None:
    path = tmp_path / "①番.csv"
    lines = ["分類,本文", *(f"{'甲乙'[i % 2]},髙橋さんの店は①番街にあります" for i in range(12))]
    path.write_bytes("\r\n".join(lines).encode("cp932"))
    tab = visit("ja")
    tab.page.set_input_files("#b-file input[type=file]", str(path))
    tab.wait("#b-preview table.b-sheet")
    shown = tab.text("#b-preview")
    assert "髙橋さんの店は①番街にあります" in shown
    assert "cp932" in shown.lower()


@pytest.mark.slow
def test_real_reviews(visit: Any, tmp_path: Path) -> None:
    file = DATA / "quasi_reviews" / "reviews.jsonl.gz"
    if not file.is_file():
        pytest.skip("the open data are not beside the checkout")
    tab = visit("ja")
    learn(tab, file)
    assert "758" in tab.text("#b-overview .b-tiles")


def test_a_phone_shows_everything_without_scrolling_sideways(visit: Any, reviews: Path) -> None:
    tab = visit("ja", viewport={"width": 390, "height": 844})
    learn(tab, reviews)
    for room in ("語", "検索", "モデル"):
        tab.room(room)
        tab.page.wait_for_function("document.documentElement.scrollWidth <= 390")


def test_a_preset_is_shared_and_taken(visit: Any, tmp_path: Path) -> None:
    tab = visit("en")
    tab.room("Playground")
    tab.page.locator("#b-prompt textarea").fill('Once upon a time "there"\'s')
    tab.page.locator("#b-preset").click()
    link = tab.wait("#b-preset-link a").get_attribute("href")
    saved = tmp_path / "preset.json"
    saved.write_bytes(tab.page.request.get(tab.url + link).body())
    assert json.loads(saved.read_text(encoding="utf-8"))["prompt"].startswith("Once upon")
    other = visit("ja")
    other.room("プレイグラウンド")
    with other.page.expect_file_chooser() as chooser:
        other.page.locator("#b-preset-in").click()
    chooser.value.set_files(str(saved))
    other.page.wait_for_function(
        "document.querySelector('#b-prompt textarea').value.startsWith('Once upon')"
    )
