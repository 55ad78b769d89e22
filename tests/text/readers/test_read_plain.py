"""Plain text by line, paragraph and file, and KH Coder's headings."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from reading_help import problems, read, write

from bunsan.base.errors import BadInput
from bunsan.text.readers.lines import split
from bunsan.text.readers.plain import read_plain
from bunsan.text.readers.reading import OVERLONG, Reading

TEXT = "一行目\r\n二行目 \r\n\r\n　\r\n三行目\rまだ三\n\n\n終わり"


@pytest.mark.parametrize(
    ("unit", "expected"),
    [
        ("line", [(1, "一行目"), (2, "二行目 "), (5, "三行目"), (6, "まだ三"), (9, "終わり")]),
        ("auto", [(1, "一行目"), (2, "二行目 "), (5, "三行目"), (6, "まだ三"), (9, "終わり")]),
        ("paragraph", [(1, "一行目\n二行目 "), (5, "三行目\nまだ三"), (9, "終わり")]),
        ("file", [(1, "一行目\n二行目 \n\n　\n三行目\nまだ三\n\n\n終わり")]),
    ],
)
def test_units(tmp_path: Path, unit: str, expected: list[tuple[int, str]]) -> None:
    documents, report = read(write(tmp_path / "t.txt", TEXT), unit=unit)
    assert [(d.row, d.text) for d in documents] == expected
    assert all(d.fields == {} for d in documents)
    assert report.blank == (0 if unit == "file" else 4)
    assert report.documents == len(expected)
    assert report.text is None
    assert not report.skipped


@given(st.lists(st.text(st.sampled_from("あa \n"), max_size=6), max_size=8))
def test_paragraphs_against_a_plain_twin(pieces: list[str]) -> None:
    lines = "\n".join(pieces).split("\n")
    expected: list[tuple[int, list[str]]] = []
    open_ = False
    for row, line in enumerate(lines, 1):
        if line.strip() == "":
            open_ = False
        elif open_:
            expected[-1][1].append(line)
        else:
            expected.append((row, [line]))
            open_ = True
    found = read_plain(iter(lines), "f", Reading(), "paragraph")
    assert [(d.row, d.text) for d in found] == [(row, "\n".join(run)) for row, run in expected]


@given(st.lists(st.text(st.sampled_from("あ\n\u2028\x85\x0c"), max_size=5)))
def test_lines_do_not_depend_on_the_pieces(pieces: list[str]) -> None:
    whole = "".join(pieces)
    expected = whole.split("\n")
    if not expected[-1]:
        expected.pop()
    assert list(split(pieces)) == expected


def test_a_line_too_long_takes_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bunsan.text.readers.lines.LONGEST", 10)
    assert list(split(["abc\n", "x" * 8, "y" * 8, "z" * 8, "\nend"])) == ["abc", OVERLONG, "end"]


def test_a_document_too_long_is_a_bad_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bunsan.text.readers.plain.LONGEST", 10)
    path = write(tmp_path / "t.txt", "あいう\nえおか\n\nさしすせそ\nたちつてと\nなにぬ\n\nは\n")
    documents, report = read(path, unit="paragraph")
    assert [d.text for d in documents] == ["あいう\nえおか", "は"]
    assert [(p.row, p.reason) for p in report.problems] == [(4, "too_long")]


@pytest.mark.parametrize(
    ("unit", "left", "bad"),
    [("line", [1, 3, 5], [2]), ("paragraph", [5], [2]), ("file", [], [2])],
)
def test_damaged_lines_are_named(
    tmp_path: Path, unit: str, left: list[int], bad: list[int]
) -> None:
    path = write(
        tmp_path / "t.txt", "良い宿\n".encode() + b"\xff\xe3\x81\n" + "部屋も\n\n後".encode()
    )
    documents, report = read(path, unit=unit, encoding="utf8")
    assert [d.row for d in documents] == left
    assert [(p.row, p.reason) for p in report.problems] == [(row, "undecodable") for row in bad]
    assert "utf-8" in report.problems[0].message


def test_a_bad_byte_far_into_the_file(tmp_path: Path) -> None:
    line = "きれいな部屋でした。\n"
    data = line.encode("cp932") * 100_000
    path = write(tmp_path / "t.txt", data + b"\x81\x20\xff\x81\n" + line.encode("cp932"))
    documents, report = read(path)
    assert report.encodings == {str(path): "cp932"}
    assert len(documents) == 100_001
    assert [(p.row, p.reason) for p in report.problems] == [(100_001, "undecodable")]


@pytest.mark.parametrize("encoding", ["utf-8", "cp932", "euc-jp", "iso-2022-jp"])
def test_japanese_after_megabytes_of_ascii(tmp_path: Path, encoding: str) -> None:
    codec = {"iso-2022-jp": "iso2022_jp"}.get(encoding, encoding)
    head = b"This room was clean.\r\n" * 60_000
    path = write(tmp_path / "t.txt", head + "部屋がとてもきれいでした。\r\n".encode(codec))
    documents, report = read(path)
    assert documents[-1].text == "部屋がとてもきれいでした。"
    assert documents[-1].row == 60_001
    assert report.encodings == {str(path): encoding}
    assert not report.skipped


def test_escapes_of_a_terminal_do_not_settle_the_encoding(tmp_path: Path) -> None:
    head = b"\x1b[31mThis room was clean.\x1b[0m\n" * 20_000
    path = write(tmp_path / "t.txt", head + "部屋がとてもきれいでした。\n".encode("cp932"))
    documents, report = read(path)
    assert documents[0].text == "\x1b[31mThis room was clean.\x1b[0m"
    assert documents[-1].text == "部屋がとてもきれいでした。"
    assert report.encodings == {str(path): "cp932"}


@pytest.mark.parametrize(
    ("codec", "told"),
    [("utf-8-sig", "utf-8"), ("utf-8-sig", None), ("utf-16-le", "utf-16-le"), ("utf-16", None)],
)
def test_the_byte_order_mark_is_no_text(tmp_path: Path, codec: str, told: str | None) -> None:
    content = "雨\n雪\n".encode(codec)
    if codec == "utf-16-le":
        content = b"\xff\xfe" + content
    documents, _ = read(write(tmp_path / "t.txt", content), encoding=told)
    assert [d.text for d in documents] == ["雨", "雪"]
    twice = "\ufeff雨\n".encode("utf-8-sig")  # by programs that mark what is marked already
    assert read(write(tmp_path / "u.txt", twice))[0][0].text == "雨"


def test_a_file_that_is_no_text(tmp_path: Path) -> None:
    path = write(tmp_path / "t.txt", bytes((i * 89 + i // 7) % 256 for i in range(5000)))
    with pytest.raises(BadInput, match="encoding") as caught:
        read(path)
    assert caught.value.file == str(path)
    assert "cp1252" in str(caught.value.remedy)


@pytest.mark.parametrize("options", [{"text": "本文"}, {"by": "組"}, {"keep": ["年"]}])
def test_plain_text_has_no_columns(tmp_path: Path, options: dict[str, object]) -> None:
    with pytest.raises(BadInput, match="no columns"):
        read(write(tmp_path / "t.txt", "あ\n"), **options)


HEADED = """前書き
<h1>上</h1>
<h2> 先生と私 </h2>
私はその人を

常に先生と呼んでいた。
 <H2>両親と私</H2>
<h5>末</H5>
宅へ帰って
<h3>三</h3>
案外に思った
<h1>下</h1>
本文に <h1>上</h1> と書く
<h6>六</h6>
<h2></h2>
終
"""


def test_khcoder_headings(tmp_path: Path) -> None:
    documents, report = read(write(tmp_path / "t.txt", HEADED))
    assert [(d.row, d.text, *d.fields.values()) for d in documents] == [
        (1, "前書き", None, None, None, None, None),
        (4, "私はその人を", "上", "先生と私", None, None, None),
        (6, "常に先生と呼んでいた。", "上", "先生と私", None, None, None),
        (9, "宅へ帰って", "上", "両親と私", None, None, "末"),
        (11, "案外に思った", "上", "両親と私", "三", None, None),
        (13, "本文に <h1>上</h1> と書く", "下", None, None, None, None),
        (14, "<h6>六</h6>", "下", None, None, None, None),
        (16, "終", "下", None, None, None, None),
    ]
    assert list(documents[0].fields) == ["h1", "h2", "h3", "h4", "h5"]
    assert report.by == ("h1", "h2", "h5", "h3")


def test_khcoder_paragraphs_end_at_headings(tmp_path: Path) -> None:
    path = write(tmp_path / "t.txt", "<h1>一</h1>\nあ\nい\n\nう\n<h1>二</h1>\nえ\nお\n")
    documents, _ = read(path, unit="paragraph", by="h1")
    assert [(d.row, d.text, d.fields) for d in documents] == [
        (2, "あ\nい", {"h1": "一"}),
        (5, "う", {"h1": "一"}),
        (7, "え\nお", {"h1": "二"}),
    ]


def test_khcoder_in_a_folder_and_by_force(tmp_path: Path) -> None:
    write(tmp_path / "a.txt", "<h1>一</h1>\nあ\nい\n")
    write(tmp_path / "b.txt", "ただの\n文書\n")
    documents, _ = read(tmp_path)
    assert [d.text for d in documents] == ["あ", "い", "ただの\n文書"]
    late = write(tmp_path / "late.txt", "長い前書き\n" * 500 + "<h1>一</h1>\nあ\n")
    assert read(late)[0][-1].fields == {}
    assert read(late, format="khcoder")[0][-1].fields["h1"] == "一"
    headings = "<h1>一</h1>\nあ\n"
    path = write(tmp_path / "c.txt", headings)
    assert [d.text for d in read(path, unit="file")[0]] == [headings.rstrip()]


def test_khcoder_refusals(tmp_path: Path) -> None:
    path = write(tmp_path / "t.txt", "<h1>一</h1>\nあ\n")
    with pytest.raises(BadInput, match="h7") as caught:
        read(path, by="h7")
    assert "h1, h2, h3, h4, h5" in str(caught.value)
    with pytest.raises(BadInput, match="no columns"):
        read(path, text="本文")
    with pytest.raises(BadInput, match="divide"):
        read(path, unit="file", format="khcoder")


def test_a_damaged_heading_is_reported(tmp_path: Path) -> None:
    path = write(tmp_path / "t.txt", b"<h1>\xff</h1>\n" + "あ\n<h1>二</h1>\nい\n".encode())
    documents, _ = read(path, encoding="utf-8", by="h1")
    assert [d.fields["h1"] for d in documents] == [None, "二"]
    assert problems(path, encoding="utf-8") == [(1, "undecodable")]
