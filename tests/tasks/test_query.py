"""What is typed into a search box is taken apart as people mean it."""

import pytest

from bunsan.base.errors import BadInput
from bunsan.tasks.query import Query, parse_query


@pytest.mark.parametrize(
    ("typed", "query"),
    [
        ("部屋から海が見える", Query("部屋から海が見える")),
        ("  海　部屋 ", Query("海 部屋")),
        ('"海が見える" 部屋', Query("海が見える 部屋", ("海が見える",))),
        ("“露天風呂” ＂海＂", Query("露天風呂 海", ("露天風呂", "海"))),
        ("海 -混雑", Query("海", (), ("混雑",))),
        ('海 -"朝 食" -雨', Query("海", (), ("朝 食", "雨"))),
        ("e-mail 3-4", Query("e-mail 3-4")),
    ],
)
def test_parts(typed: str, query: Query) -> None:
    assert parse_query(typed) == query


@pytest.mark.parametrize("typed", ["", "   ", "-海", '""', "。、", '"海', '海" 山'])
def test_nothing_to_search_for(typed: str) -> None:
    with pytest.raises(BadInput):
        parse_query(typed)
