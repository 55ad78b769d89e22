"""Models trained and used in the studio: what it shows is what the library and the command line give."""

import csv
import io
import json
import random
import threading
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("torch", reason="the extra models is not installed")

from bunsan.base.errors import BadInput
from bunsan.base.language import speaking
from bunsan.base.progress import progress
from bunsan.studio import answers, dropped
from bunsan.studio.jobs import Job
from bunsan.studio.lesson import Lesson
from bunsan.tasks.finetuning.base import Options, Prediction, Span
from bunsan.tasks.finetuning.entry import finetune, open_task
from bunsan.tasks.finetuning.kinds import make_task
from bunsan.training.reports import StepReport

THINGS = ["部屋", "朝食", "接客", "景色", "風呂", "庭"]
GOOD, BAD = ["素晴らしい", "快適", "最高"], ["ひどい", "汚い", "寒い"]


def rows(n: int = 80) -> list[tuple[str, str]]:
    chance = random.Random(0)
    return [
        (
            f"この{chance.choice(THINGS)}は{chance.choice(BAD if i % 2 else GOOD)}。",
            "悪い" if i % 2 else "良い",
        )
        for i in range(n)
    ]


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("labelled") / "感想.csv"
    lines = ["コメント,評価", *(",".join(row) for row in rows())]
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny BERT that has learned nothing yet."""
    from bunsan.models.open import new_model
    from bunsan.text.subwords.training import train_tokenizer

    folder = tmp_path_factory.mktemp("models") / "tiny"
    texts = [text for text, _ in rows()]
    tokenizer = train_tokenizer(texts, "wordpiece", 90, min_frequency=1, max_length=48)
    changes = {
        "hidden_size": 32, "num_hidden_layers": 1, "num_attention_heads": 2,
        "intermediate_size": 48, "max_position_embeddings": 48,
    }  # fmt: skip
    new_model(
        "bert-base", head="masked-words", vocabulary=tokenizer.vocab_size, changes=changes
    ).save(folder)
    tokenizer.save(folder)
    return folder


def take(tab: Any, field: str, folder: Path) -> None:
    box = tab.page.locator(f"{field} input").first
    box.fill(str(folder))
    box.press("Enter")


def test_a_model_is_trained_and_used(visit: Any, table: Path, start: Path, tmp_path: Path) -> None:
    tab = visit("ja")
    tab.room("課題")
    tab.room("モデルを学習")
    tab.page.set_input_files("#b-train-file input[type=file]", str(table))
    assert "快適" in tab.wait("#b-train-preview table.b-sheet").inner_text()
    assert tab.page.locator("#b-train-text input").input_value() == "コメント"
    assert tab.page.locator("#b-train-label input").input_value() == "評価"
    take(tab, "#b-train-model", start)
    tab.page.locator("#b-train-to textarea, #b-train-to input").first.fill(str(tmp_path / "mine"))
    tab.page.locator("#b-train-go").click()
    tab.wait("#b-trained .b-tiles")
    expected = finetune(
        "classification", table, model=start, to=tmp_path / "again",
        columns={"text": "コメント", "label": "評価"}, epochs=3,
    )  # fmt: skip
    assert expected.scores is not None
    shown = tab.text("#b-trained")
    for score in expected.scores.values.values():
        assert f"{score.value:.3f}" in shown
        assert f"{score.low:.3f} – {score.high:.3f}" in shown
    assert tab.page.locator("#b-trained .b-curves circle").count() == 6  # three epochs, two curves
    command, _ = tab.page.locator("#b-trained .b-twin pre").all_text_contents()
    assert "--text コメント --label 評価 --epochs 3" in command

    tab.page.locator("#b-use-it").click()
    tab.wait("#b-use-about .b-notice")
    opened = open_task(tmp_path / "mine")
    text = "この朝食は最高。"
    said = opened.predict(text)
    tab.page.locator("#b-use-first textarea").fill(text)
    tab.page.locator("#b-use-go").click()
    assert tab.wait("#b-used .b-answer").inner_text() == said.value
    told = [float(one) for one in tab.page.locator("#b-used .b-number").all_text_contents()]
    assert told == pytest.approx(sorted(said.probabilities.values(), reverse=True), abs=1e-3)
    tab.page.set_input_files("#b-use-file input[type=file]", str(table))
    tab.page.locator("#b-use-rows").click()
    tab.wait("#b-used .b-downloads")
    link = tab.page.locator("#b-used a[download$='.csv']").get_attribute("href")
    content = tab.page.request.get(tab.url + link).body().decode("utf-8-sig")
    found = [row["prediction"] for row in csv.DictReader(io.StringIO(content))]
    assert found == [one.value for one in opened.predict(str(table))]
    assert tab.complaints == []
    assert tab.outside == []


def test_stopping_a_training_keeps_what_it_has(
    visit: Any, table: Path, start: Path, tmp_path: Path
) -> None:
    long = tmp_path / "long.csv"
    lines = ["text,label", *(",".join(row) for row in rows(6000))]
    long.write_text("\n".join(lines), encoding="utf-8")
    tab = visit("en")
    tab.room("Tasks")
    tab.room("Train a model")
    tab.page.set_input_files("#b-train-file input[type=file]", str(long))
    tab.wait("#b-train-preview table.b-sheet")
    take(tab, "#b-train-model", start)
    tab.page.locator("#b-epochs input[type=number]").fill("30")
    tab.page.locator("#b-epochs input[type=number]").press("Tab")
    tab.page.locator("#b-train-go").click()
    tab.wait("#b-train-bar .b-curves .b-line")
    tab.room("Use a model")  # the page is not held up meanwhile
    tab.wait("#b-use-model")
    tab.room("Train a model")
    tab.page.locator("#b-stop-train").click()
    tab.wait("#b-trained .b-tiles")
    assert "Stopped after" in tab.text("#b-trained")
    assert tab.page.locator("#b-use-it").is_visible()


def test_mistakes_in_training_are_told(
    visit: Any, table: Path, writer: Path, tmp_path: Path
) -> None:
    tab = visit("en")
    tab.room("Tasks")
    tab.room("Train a model")
    go = tab.page.locator("#b-train-go")
    bad = tab.page.locator("#b-train-bar .b-bad")

    def told(words: str) -> None:
        bad.filter(has_text=words).wait_for()

    go.click()
    told("Drop a file first")
    damaged = tmp_path / "damaged.xlsx"
    damaged.write_bytes(b"PK\x03\x04 nothing more")
    tab.page.set_input_files("#b-train-file input[type=file]", str(damaged))
    assert "damaged.xlsx" in tab.wait("#b-train-preview .b-bad").inner_text()
    tab.page.locator("#b-train-file button[aria-label='Clear']").first.click()
    empty = tmp_path / "empty.csv"
    empty.write_text("text,label\none,\ntwo,\n", encoding="utf-8")
    tab.page.set_input_files("#b-train-file input[type=file]", str(empty))
    tab.wait("#b-train-preview table.b-sheet")
    go.click()
    told("Which model?")
    take(tab, "#b-train-model", tmp_path / "none" / "at" / "all")
    go.click()
    told("There is no such folder")
    assert "The room Models" in bad.inner_text()
    take(tab, "#b-train-model", writer)  # a GPT-2 has nothing to put a head on
    go.click()
    told("No row has a label")
    assert "“Label”" in bad.inner_text()
    tab.page.locator("#b-train-file button[aria-label='Clear']").first.click()
    tab.page.set_input_files("#b-train-file input[type=file]", str(table))
    tab.page.locator("#b-train-preview", has_text="感想.csv").wait_for()
    go.click()
    told("cannot be fine-tuned")
    assert "bunsan " not in bad.inner_text()  # no command line in what a page tells
    tab.room("Use a model")
    take(tab, "#b-use-model", writer)
    tab.page.locator("#b-use-first textarea").fill("x")
    tab.page.locator("#b-use-go").click()
    assert "was not fine-tuned" in tab.wait("#b-use-bar .b-bad").inner_text()
    assert tab.complaints == []


def test_spans_and_answers_stand_where_they_were_found() -> None:
    evil = "<b>山田</b>さんは京都へ"
    spans = [Span(3, 5, "人名", "山田"), Span(12, 14, "地名", "京都")]
    with speaking("ja"):
        shown = answers.one(
            make_task("tokens", Options()), (evil,), Prediction(spans), ["人名", "地名"]
        )
        assert shown.count("b-span") == 2
        assert ">山田<small>人名" in shown
        assert ">京都<small>地名" in shown
        assert "<b>" not in shown
        passage = "富士山の高さは3776メートルである。"
        said = Prediction("3776メートル", 0.8, start=7, end=15)
        shown = answers.one(make_task("answers", Options()), ("高さは?", passage), said, [])
        assert "<mark>3776メートル</mark>である" in shown
        nothing = answers.one(
            make_task("answers", Options()), ("?", passage), Prediction("", 0.9), []
        )
        assert "見つかりません" in nothing


def test_columns_are_guessed_by_task(tmp_path: Path) -> None:
    path = tmp_path / "qa.jsonl"
    one = {
        "question": "いつ?",
        "context": "昨日の朝に出た。",
        "answers": "昨日",
        "choice0": "今日",
        "choice1": "昨日",
        "label": 1,
    }
    path.write_text("\n".join([json.dumps(one, ensure_ascii=False)] * 3), encoding="utf-8")
    found = dropped.look(path)
    asked = dropped.guessed_parts("answers", found, path.name)
    assert (asked["question"], asked["text"], asked["label"]) == ("question", "context", "answers")
    chosen = dropped.guessed_parts("choices", found, path.name)
    assert (chosen["choices"], chosen["label"]) == (["choice0", "choice1"], "label")
    assert dropped.guessed_parts("pairs", found, path.name) == {}  # nothing says which two texts
    (tmp_path / "none.csv").write_text("text,label\n", encoding="utf-8")
    with pytest.raises(BadInput):
        dropped.look(tmp_path / "none.csv")


def test_a_first_stop_is_gentle_and_a_second_one_is_not() -> None:
    lesson = Lesson()
    begun, go = threading.Event(), threading.Event()

    def work() -> str:
        with progress("Training", 9) as bar:
            lesson.note(StepReport(1, 9, {"loss": 0.5, "eval_loss": 0.6, "eval_right": 0.75}))
            begun.set()
            go.wait(60)
            bar.advance(1)
        return "kept"

    job = Job("Training", work, lesson)
    assert begun.wait(60)
    job.stop()
    assert lesson.enough.is_set()
    assert "0.750" in lesson.picture()
    go.set()
    assert job.wait(60)
    assert (job.result, job.stopped) == ("kept", False)
    go.clear()
    begun.clear()
    hard = Job("Training", work, lesson)
    assert begun.wait(60)
    hard.stop()  # it was told enough before
    go.set()
    assert hard.wait(60)
    assert hard.stopped
