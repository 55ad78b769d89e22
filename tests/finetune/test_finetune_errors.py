"""Mistakes in data are found before anything is trained, with file, row and remedy."""

from pathlib import Path
from typing import Any

import pytest
from finetune_help import choices, entities, pairs, questions, reviews, write_lines

from bunsan.base.errors import BadInput, Missing
from bunsan.tasks.finetuning.answering import Reading, read_all
from bunsan.tasks.finetuning.base import Options
from bunsan.tasks.finetuning.entry import finetune, open_task
from bunsan.tasks.finetuning.kinds import make_task
from bunsan.tasks.finetuning.splitting import held_out


def complaint(task: str, train: Any, folder: Path, **options: Any) -> BadInput:
    with pytest.raises(BadInput) as error:
        finetune(task, train, to=folder / "out", **options)
    assert not list(folder.glob("*out*"))
    return error.value


def changed(rows: list[dict[str, Any]], at: int, **values: Any) -> list[dict[str, Any]]:
    return [row | values if i == at else row for i, row in enumerate(rows)]


CASES: dict[str, tuple[str, list[dict[str, Any]], dict[str, Any], int | None, str]] = {
    "column": (
        "classification",
        reviews(),
        {"columns": {"label": "lable"}},
        None,
        "Did you mean 'label'",
    ),
    "no label column": (
        "classification",
        [{"text": "a b", "x": 1, "y2": 2}] * 4,
        {},
        None,
        "--label NAME. The columns are: text, x, y2",
    ),
    "seen once": (
        "classification",
        changed(reviews(), 7, label="goood"),
        {},
        8,
        "'goood' is seen only once. Did you mean 'good'?",
    ),
    "one label": (
        "classification",
        [{"text": "a", "label": "x"}] * 5,
        {},
        None,
        "All labels are 'x'",
    ),
    "many labels": (
        "classification",
        [{"text": f"t {i}", "label": i} for i in range(30)],
        {},
        1,
        "30 of 30 labels are seen less than 2 times",
    ),
    "no label": (
        "classification",
        [{"text": "a", "label": None}] * 5,
        {},
        None,
        "No row has a label",
    ),
    "list": (
        "classification",
        [*changed(reviews(), 3, label=None, labels=None)[:3], {"text": "a", "label": {"a": 1}}],
        {},
        4,
        "holds several labels",
    ),
    "number": (
        "regression",
        changed(reviews(), 2, stars="n.a."),
        {"columns": {"label": "stars"}},
        3,
        "'stars' is no number: 'n.a.'",
    ),
    "same numbers": (
        "regression",
        [{"text": f"t{i}", "label": 3} for i in range(5)],
        {},
        None,
        "All numbers are the same",
    ),
    "one text": ("pairs", reviews(), {}, None, "--text NAME --text2 NAME"),
    "twice the same": (
        "pairs",
        pairs(),
        {"columns": {"text": "sentence1", "text2": "sentence1"}},
        None,
        "Both texts are the column 'sentence1'",
    ),
    "span": (
        "tokens",
        changed(entities(), 4, entities=[{"start": 90, "end": 99, "type": "x"}]),
        {},
        5,
        "outside the text",
    ),
    "no spans": ("tokens", [{"text": "a", "spans": []}] * 4, {}, None, "No text has a span"),
    "answer": (
        "answers",
        changed(questions(), 5, start=1),
        {},
        6,
        "does not stand at 1",
    ),
    "no answers": (
        "answers",
        [q | {"answer": "", "start": None} for q in questions()],
        {},
        None,
        "No question has an answer",
    ),
    "choice": ("choices", changed(choices(), 6, label=3), {}, 7, "names none of the 3 choices"),
    "a gap": ("choices", changed(choices(), 1, choice1=""), {}, 2, "A choice is missing"),
    "task": ("clasification", reviews(), {}, None, "Did you mean classification?"),
    "setting": ("classification", reviews(), {"epoch": 3}, None, "no setting epoch"),
    "epochs": ("classification", reviews(), {"epochs": -1}, None, "--epochs cannot be -1"),
    "layers": ("classification", reviews(), {"freeze": 9}, None, "the model has 2"),
}


@pytest.mark.parametrize("name", list(CASES))
def test_mistakes_are_named(name: str, bert: Path, tmp_path: Path) -> None:
    task, rows, options, row, words = CASES[name]
    file = write_lines(tmp_path / "t.jsonl", rows)
    error = complaint(task, file, tmp_path, model=bert, **options)
    assert words in str(error)
    assert error.remedy
    if row is not None:
        assert (error.file, error.row) == (str(file), row)


def test_labels_of_valid_must_have_been_trained(bert: Path, tmp_path: Path) -> None:
    valid = write_lines(tmp_path / "v.jsonl", changed(reviews(8), 2, label="Good"))
    error = complaint("classification", reviews(), tmp_path, model=bert, valid=valid)
    assert "'Good' is not among those of the training data. Did you mean 'good'?" in str(error)
    assert (error.file, error.row) == (str(valid), 3)
    spans = [{"text": "Sato", "entities": [{"start": 0, "end": 4, "type": "robot"}]}]
    error = complaint("tokens", entities(), tmp_path, model=bert, valid=spans)
    assert "'robot'" in str(error)


def test_an_empty_file(bert: Path, tmp_path: Path) -> None:
    for name, text in (("a.csv", ""), ("b.csv", "text,label\n"), ("c.jsonl", "\n")):
        (tmp_path / name).write_text(text)
        with pytest.raises(BadInput):
            finetune("classification", tmp_path / name, model=bert, to=tmp_path / "out")


def test_models_that_cannot_be_a_start(tmp_path: Path, bert: Path) -> None:
    from bunsan.models.open import new_model

    tiny = {"n_embd": 8, "n_layer": 1, "n_head": 1, "n_positions": 16}
    new_model("gpt2", vocabulary=50, changes=tiny).save(tmp_path / "gpt2")
    error = complaint("classification", reviews(), tmp_path, model=tmp_path / "gpt2")
    assert "of the kind gpt2" in str(error)
    (tmp_path / "notes").mkdir()
    (tmp_path / "notes" / "a.txt").write_text("mine")
    with pytest.raises(BadInput, match="no folder of a model"):
        finetune("classification", reviews(), model=bert, to=tmp_path / "notes")
    assert (tmp_path / "notes" / "a.txt").read_text() == "mine"
    with pytest.raises(BadInput, match="was not fine-tuned"):
        open_task(bert)
    with pytest.raises(Missing):
        open_task(tmp_path / "a" / "b" / "nothing")


def test_rows_without_a_label_or_a_text_are_told(bert: Path, tmp_path: Path) -> None:
    rows = reviews(20)
    rows[3]["label"] = None
    rows[4]["label"] = "  "
    rows[5]["text"] = ""
    done = finetune("classification", rows, model=bert, to=tmp_path / "out", steps=1, held_out=0)
    assert done.train == 17
    assert done.scores is None
    assert "2 rows have no label" in "".join(done.notes)
    assert "1 rows could not be read or have no text" in "".join(done.notes)


@pytest.mark.parametrize(
    ("cells", "labels"),
    [
        ([1, 0, 1, 0], ["0", "1"]),
        ([1.0, 0.0, 1, 0], ["0", "1"]),
        ([True, False, True, False], ["FALSE", "TRUE"]),
        (["10", "9", "9", "10"], ["9", "10"]),
        ([" a  b", "a b", "ｃ", "ｃ"], ["a b", "ｃ"]),
    ],
)
def test_labels_of_all_kinds(cells: list[Any], labels: list[str]) -> None:
    task = make_task("classification", Options())
    rows = [{"text": "x", "label": cell} for cell in cells]
    task.settle(read_all(task, rows, "", truth=True))
    assert task.labels == labels


@pytest.mark.parametrize(
    ("cells", "separator", "labels"),
    [
        (["a;b", "b", "a; c", "c"], ";", ["a", "b", "c"]),
        (["朝食、部屋", "部屋", "朝食", "部屋、部屋"], None, ["朝食", "部屋"]),
        ([["a", "b"], ["b"], [], ["a", "a"]], None, ["a", "b"]),
        (['["a", "b"]', '["b"]', '["a"]', "[]"], None, ["a", "b"]),
    ],
)
def test_several_labels(cells: list[Any], separator: str | None, labels: list[str]) -> None:
    task = make_task("classification", Options(multi=True, separator=separator))
    items = read_all(task, [{"text": "x", "label": cell} for cell in cells], "", truth=True)
    task.settle(items)
    assert task.labels == labels
    assert len(items) == 4
    assert all(len(set(item.truth)) == len(item.truth) for item in items)


@pytest.mark.parametrize(
    ("labels", "base"),
    [([0, 1, 2, 2], 0), ([1, 2, 3, 3], 1), (["A", "B", "C", "a"], -1), (None, -2)],
)
def test_choices_are_labelled_in_every_way(labels: list[Any] | None, base: int) -> None:
    rows = choices(4)
    for i, row in enumerate(rows):
        row["label"] = row[f"choice{i % 3}"] if labels is None else labels[i]
    task: Any = make_task("choices", Options())
    items = read_all(task, rows, "", truth=True)
    task.settle(items)
    assert task.counting == base
    wanted = [0, 1, 2, 0] if labels is None else [0, 1, 2, {"a": 0}.get(str(labels[3]), 2)]
    assert [task.truth_of(item) for item in items] == wanted


def test_choices_in_a_list() -> None:
    rows = [
        {"question": "q", "choices": ["x", "y", "z"], "label": 2},
        {"question": "q", "choices": ["x", "y"], "label": 0},
    ]
    task = make_task("choices", Options())
    items = read_all(task, rows, "", truth=True)
    assert [item.texts for item in items] == [("q", "x", "y", "z"), ("q", "x", "y")]


def test_rows_held_out_keep_groups_and_classes() -> None:
    rows = [{"text": f"t{i}", "label": "rare" if i in (3, 77) else str(i % 2)} for i in range(100)]
    task = make_task("classification", Options())
    items = read_all(task, rows, "", truth=True)
    train, others = held_out(task, items, 0.2, 0)
    assert (len(train), len(others)) == (80, 20)
    assert {item.truth for item in train} == {"0", "1", "rare"}
    assert [i.record.row for i in train] == sorted(i.record.row for i in train)
    assert held_out(task, items, 0.2, 0)[1] == others
    assert held_out(task, items, 0.2, 1)[1] != others
    assert held_out(task, items, 0.0, 0)[1] == []
    qa = make_task("answers", Options())
    read = read_all(qa, questions(60), "", truth=True)
    train, others = held_out(qa, read, 0.3, 0)
    assert 0 < len(others) <= 18
    assert not {i.texts[1] for i in train} & {i.texts[1] for i in others}


def test_texts_and_labels_are_left_as_they_are() -> None:
    rows = [{"text": "a\r\nb\u3000c ", "entities": [{"start": 3, "end": 4, "type": "x"}]}]
    task = make_task("tokens", Options())
    reading = Reading()
    (item,) = read_all(task, rows, "", truth=True, reading=reading)
    assert item.texts == ("a\r\nb\u3000c ",)
    assert item.truth[0].text == "b"
    assert reading.report.documents == 1
