"""Practice tasks and accuracy by the number of examples."""

import json
import random
import re
from pathlib import Path

import pytest
from writing_models import folder, writer

from bunsan.base.errors import BadInput
from bunsan.cli.main import main
from bunsan.tasks.pretrain import pretrain
from bunsan.tasks.shots.accuracy import TaskExamples, read_tasks, shot_accuracy
from bunsan.tasks.shots.practice import (
    LETTERS,
    MEANINGS,
    SORTS,
    all_tasks,
    split_tasks,
    write_practice,
)


def test_rules_kept_out_are_not_practised() -> None:
    training, held_out = split_tasks()
    assert len(training) + len(held_out) == len(all_tasks())
    for family in ("labels", "letters", "numbers"):
        rules = [
            {task.name.partition(" = ")[0] for task in part if task.family == family}
            for part in (training, held_out)
        ]
        assert all(rules)
        assert not rules[0] & rules[1]
    assert {t.name for t in split_tasks(1)[1]} != {t.name for t in held_out}


@pytest.mark.parametrize("task", all_tasks()[::37], ids=lambda task: task.name)
def test_examples_follow_their_rule(task: object) -> None:
    name, family = task.name, task.family  # type: ignore[attr-defined]
    examples = task.examples(12, random.Random(3))  # type: ignore[attr-defined]
    assert len({given for given, _ in examples}) == len(examples)
    for given, answer in examples:
        if family == "letters":
            places = [int(place) - 1 for place in name.split()[1:]]
            assert answer == "".join(given[place] for place in places)
            assert set(given) <= set(LETTERS)
        elif family == "numbers":
            mark, meaning = name.split(" is ")
            a, b = map(int, given.split(mark))
            assert answer == str(MEANINGS[meaning](a, b))
        else:
            sorts, signs = (side.split("/") for side in name.split(" = "))
            assert given in SORTS[sorts[signs.index(answer)]].split()


def test_files_of_practice(tmp_path: Path) -> None:
    counts = write_practice(tmp_path, documents=50, shots=4)
    assert counts["practice.jsonl"] == 50
    again = tmp_path / "again"
    assert write_practice(again, documents=50, shots=4) == counts
    for name in counts:
        assert (tmp_path / name).read_bytes() == (again / name).read_bytes()
    for line in (tmp_path / "practice.jsonl").read_text(encoding="utf-8").splitlines():
        assert re.fullmatch(r"(\S+→\S+\n){3}\S+→\S+", json.loads(line)["text"])
    tasks = read_tasks(tmp_path / "held_out.jsonl")
    assert {task.family for task in tasks} == {"labels", "letters", "numbers"}
    assert all(len(task.pairs) >= 12 for task in tasks)


def test_accuracy_is_that_of_single_questions() -> None:
    pairs = (("よい", "肯定"), ("わるい", "否定"), ("まあまあ", "肯定"), ("ひどい", "否定"))
    tasks = [TaskExamples("feeling", "feeling", pairs), TaskExamples("same", "same", pairs)]
    found = shot_accuracy(tasks, writer(), shots=(2, 0), queries=5, max_tokens=6)
    assert found.shots == (0, 2)
    assert found.asked.tolist() == [[5, 5], [5, 5]]
    assert found.right.sum() + len(found.wrong) == 20
    for one in found.wrong:
        answer = writer().complete(one["prompt"], stop=["\n"], max_tokens=6, temperature=0)
        assert answer.text.strip() == one["answer"] != one["expected"]
        lines = one["prompt"].split("\n")
        assert len(lines) in (1, 3)
        assert all(tuple(line.split("→")) in pairs for line in lines[:-1])
        assert dict(pairs)[lines[-1].rstrip("→")] == one["expected"]
        assert lines[-1] not in {line.partition("→")[0] + "→" for line in lines[:-1]}
    rows = list(found.table())
    assert len(rows) == 6
    assert all(row["low"] <= row["accuracy"] <= row["high"] for row in rows)


def test_too_few_examples_are_named() -> None:
    task = TaskExamples("short", "short", (("a", "b"), ("c", "d")))
    with pytest.raises(BadInput, match="short"):
        shot_accuracy([task], writer(), shots=(0, 2))


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [{"task": "t", "input": f"{a}の次", "answer": f"{a + 1}"} for a in range(8)]
    table = tmp_path / "tasks.jsonl"
    table.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    assert main(["shots", str(folder()), str(table), "--shots", "0,3", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [row["shots"] for row in told["rows"]] == [0, 3]
    assert main(["shots", str(folder()), str(table), "--shots", "0,x"]) == 2
    assert main(["shots", str(folder()), str(table), "--shots", "9"]) == 2
    assert "--shots" in capsys.readouterr().err
    assert main(["shots", str(folder()), str(tmp_path / "none.csv")]) == 2
    assert main(["shots"]) == 2


@pytest.mark.slow
def test_accuracy_rises_with_examples_on_tasks_kept_out(tmp_path: Path) -> None:
    from bunsan.tasks.complete import open_generator

    write_practice(tmp_path, documents=40_000)
    pretrain(
        "in-context", tmp_path / "practice.jsonl", text="text", to=tmp_path / "learner", minutes=4
    )
    found = shot_accuracy(
        read_tasks(tmp_path / "held_out.jsonl"), open_generator(tmp_path / "learner")
    )
    share = (found.right / found.asked).tolist()
    for family, row in zip(found.families, share, strict=True):
        assert row[-1] > row[0] + 0.2, (family, row)
