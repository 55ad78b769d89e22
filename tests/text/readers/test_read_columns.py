"""Columns: by name, by number, and guessed."""

from pathlib import Path

import pytest
from reading_help import read, write

from bunsan.base.errors import BadInput
from bunsan.text.columns import find, guess_by, guess_text, unique_names
from bunsan.text.documents import inspect


def test_finding() -> None:
    columns = ["ID", "Ｔｅｘｔ", "年 代", "3", "感想"]
    assert find(columns, "ID", "f") == 0
    assert find(columns, 1, "f") == 0
    assert find(columns, "5", "f") == 4
    assert find(columns, "3", "f") == 3  # the name comes before the number
    assert find(columns, 3, "f") == 2
    assert find(columns, "text", "f") == 1
    assert find(columns, "年代", "f") == 2


def test_an_unknown_column_is_answered_with_those_that_exist() -> None:
    for wrong, near in [("感相", "'感想'"), ("Tetx", "'Text'"), (9, None), ("0", None)]:
        with pytest.raises(BadInput) as caught:
            find(["Text", "感想"], wrong, "f.csv")
        assert caught.value.file == "f.csv"
        assert repr(str(wrong)) in caught.value.problem
        assert "The columns are: Text, 感想." in str(caught.value.remedy)
        assert ("Did you mean" in str(caught.value.remedy)) == (near is not None)
        assert near is None or near in str(caught.value.remedy)
    with pytest.raises(BadInput, match="and 60 more"):
        find([f"q{i}" for i in range(100)], "x", "f")


def test_names() -> None:
    assert unique_names(["a", None, " ", "a", "a (2)", " 年\n代 "]) == [
        *("a", "column 2", "column 3", "a (2)", "a (2) (2)", "年 代")
    ]


LONG = ["部屋がきれいで朝食もおいしかった", "駅から遠くて少し疲れました", "また来たいと思います"]


@pytest.mark.parametrize(
    ("columns", "rows", "text"),
    [
        (["id", "自由記述"], [["a1", "はい"], ["a2", "いいえ"]], "自由記述"),
        (["Review", "x"], [["ok", "y"], ["bad", "z"]], "Review"),
        (
            ["Q1", "ご意見・ご感想をお書きください"],
            [["はい", "良い"], ["いいえ", "悪い"]],
            "ご意見・ご感想をお書きください",
        ),
        (["q1", "q2"], [["男", s] for s in LONG], "q2"),
        (["q2", "q1"], [[s, "女"] for s in LONG], "q2"),
        (
            ["url", "q"],
            [[f"https://example.com/{'x' * 50}{i}", s] for i, s in enumerate(LONG)],
            "q",
        ),
        (["コメント数", "q"], [[str(i), s] for i, s in enumerate(LONG)], "q"),
        # A column called 内容 that only says what kind of thing each row is.
        (["内容", "詳細"], [["要望", s * 4] for s in LONG], "詳細"),
        (["date", "n", "title"], [["2024-01-05", "5", "雨"], ["2024-01-06", "6", "雪"]], "title"),
        (["english", "日本語"], [["a quiet room it was", "静かな部屋でしたよね。"]] * 3, "日本語"),
        (["n", "text"], [["1", "2"], ["3", "4"]], "text"),
        (["n", "m"], [["1", "2"], ["3", None]], None),
        (["n", "m"], [], None),
    ],
)
def test_guessing_the_text(
    columns: list[str], rows: list[list[str | None]], text: str | None
) -> None:
    found = guess_text(columns, rows)
    assert (None if found is None else columns[found]) == text


def test_guessing_the_groups() -> None:
    columns = ["text", "sex", "id", "one", "age", "long", "year", "mostly blank"]
    rows: list[list[str | None]] = [
        [
            f"文{i % 2}",
            "男女"[i % 2],
            str(i),
            "x",
            str(20 + i % 31),
            "長" * 31,
            str(2020 + i % 3),
            None,
        ]
        for i in range(200)
    ]
    rows[0][7], rows[1][7] = "a", "b"
    rows[2][5] = "別"
    assert [columns[i] for i in guess_by(columns, rows, 0)] == ["sex", "year"]
    # In a longer table that is sorted, one value may fill the first rows.
    assert [columns[i] for i in guess_by(columns, rows, 0, whole=False)] == ["sex", "one", "year"]
    assert guess_by(columns, [], 0) == []


def test_groups_of_a_sorted_table(tmp_path: Path) -> None:
    lines = [f"{LONG[i % 3]}{i},{'AB'[i // 1000]},同じ" for i in range(2000)]
    documents, report = read(write(tmp_path / "t.csv", "\n".join(["感想,店,国", *lines])))
    assert report.by == ("店", "国")
    assert documents[-1].fields == {"店": "B", "国": "同じ"}
    _, report = read(write(tmp_path / "t.csv", "\n".join(["感想,店,国", *lines[990:1010]])))
    assert report.by == ("店",)


def test_the_guess_is_reported_and_can_be_overridden(tmp_path: Path) -> None:
    lines = ["番号,感想,性別", *(f"{i},{LONG[i % 3]}{i},{'男女'[i % 2]}" for i in range(20))]
    path = write(tmp_path / "t.csv", "\n".join(lines))
    documents, report = read(path)
    assert (report.text, report.by, report.guessed) == ("感想", ("性別",), True)
    assert documents[1].fields == {"性別": "女"}
    documents, report = read(path, text="番号", by=(), keep=["感想", 3])
    assert (report.text, report.by, report.guessed) == ("番号", (), False)
    assert documents[1].fields == {"感想": LONG[1] + "1", "性別": "女"}
    assert documents[1].text == "1"


def test_a_table_of_numbers_has_no_text(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "a,b\n1,2\n3,4\n")
    with pytest.raises(BadInput, match="No column of words") as caught:
        read(path)
    assert "The columns are: a, b." in str(caught.value)
    look = inspect(path)
    assert look.text is None
    assert look.columns == ("a", "b")
    assert look.rows == [("1", "2"), ("3", "4")]


def test_the_next_tables_follow_the_first(tmp_path: Path) -> None:
    def table(name: str, head: str, rows: list[str]) -> None:
        write(tmp_path / name, "\n".join([head, *rows * 2]))

    table("a.csv", "メモ,店", ["駅から近くて便利でした,A", "すてきなお店でした,B"])
    table(
        "b.csv", "店,長い別の列,メモ", ["B,こちらのほうがずっとずっと長い列です,近い", "A,と,遠い"]
    )
    table("c.csv", "感想", ["別の名前の列"])
    documents, report = read(tmp_path)
    assert [d.text for d in documents[4::2]] == ["近い", "近い", "別の名前の列"]
    assert [d.fields["店"] for d in documents] == ["A", "B"] * 2 + ["B", "A"] * 2 + [None] * 2
    assert (report.text, report.by) == ("メモ", ("店",))
    with pytest.raises(BadInput, match="メモ") as caught:
        read(tmp_path, text="メモ")
    assert caught.value.file == str(tmp_path / "c.csv")
