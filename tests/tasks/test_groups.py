"""Groups to compare: the values of a column, those left out that say there is none."""

from pathlib import Path

import pandas as pd
import pytest

import bunsan


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> "bunsan.Collection":
    table = pd.DataFrame(
        {
            "text": ["海 が 青い", "海 が 広い", "山 が 高い", "山 が 青い", "川 が 長い"] * 2,
            "area": ["10", "9", "欠損値", ".", None, "10", "9", "Missing", " ", "9"],
        }
    )
    return bunsan.learn(
        table,
        text="text",
        by=["area"],
        words=bunsan.WordSettings(analyzer="spaces"),
        to=tmp_path_factory.mktemp("groups") / "a.bunsan",
    )


def test_missing_values_are_no_group(answers: "bunsan.Collection", tmp_path: Path) -> None:
    rules = tmp_path / "rules.txt"
    rules.write_text("*海\n海\n*山\n山\n*川\n川\n", encoding="utf-8")
    coded = answers.code(rules, by="area")
    assert coded.groups == ["9", "10"]  # numbers in order of size
    table = coded.table()
    assert table.columns["units"] == [4, 4, 2, 0]
    assert table.columns["10"] == [2, 0, 0, 0]
    assert table.columns["9"] == [2, 0, 1, 0]


def test_features_compare_the_groups_there_are(answers: "bunsan.Collection") -> None:
    found = answers.features("area", min_documents=1).table()
    assert set(found.columns["group"]) == {"9", "10"}
    sizes = dict(zip(found.columns["group"], found.columns["group_size"], strict=True))
    assert sizes == {"9": 3, "10": 2}
