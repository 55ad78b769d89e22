"""Where documents come from: files, folders, standard input, gzip, lists; and looking ahead."""

import gzip
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from reading_help import read, texts, write

from bunsan.base.errors import BadInput
from bunsan.base.language import use_language
from bunsan.text.documents import ReadReport, bytes_total, inspect, read_documents, reason_label


def test_a_folder_is_read_in_order_and_what_is_left_out_is_counted(tmp_path: Path) -> None:
    (tmp_path / "b" / ".git").mkdir(parents=True)
    (tmp_path / "a").mkdir()
    write(tmp_path / "a" / "2.txt", "二\n目")
    write(tmp_path / "a" / "1.TXT", "一")
    write(tmp_path / "b" / "x.csv", "text\n表の文\n")
    write(tmp_path / "b" / "x.txt.gz", "圧縮")
    write(tmp_path / "c.jsonl", '{"text": "行"}\n')
    for hidden in (".hidden.txt", "b/.git/t.txt", "b/~$x.xlsx"):
        write(tmp_path / hidden, "隠し")
    for unknown in ("b/photo.JPG", "b/photo2.jpg", "b/notes.docx", "b/README", "b/meta.json"):
        write(tmp_path / unknown, "?")
    documents, report = read(tmp_path)
    assert [(d.source, d.text) for d in documents] == [
        (str(tmp_path / "a" / "1.TXT"), "一"),
        (str(tmp_path / "a" / "2.txt"), "二\n目"),
        (str(tmp_path / "b" / "x.csv"), "表の文"),
        (str(tmp_path / "b" / "x.txt.gz"), "圧縮"),
        (str(tmp_path / "c.jsonl"), "行"),
    ]
    assert report.ignored == {".jpg": 2, ".docx": 1, "README": 1, ".json": 1}
    assert report.bytes_read == bytes_total(tmp_path)


def test_a_format_that_is_told_holds_in_a_folder_for_unknown_names(tmp_path: Path) -> None:
    write(tmp_path / "a.log", "一")
    write(tmp_path / "b.txt", "二")
    write(tmp_path / "c.csv", "text\n三\n")
    documents, report = read(tmp_path, format="txt")
    assert [d.text for d in documents] == ["一", "二"]
    assert report.ignored == {".csv": 1}


def test_a_folder_without_anything_to_read(tmp_path: Path) -> None:
    write(tmp_path / "a.jpg", "?")
    with pytest.raises(BadInput, match=r"It has \.jpg ×1") as caught:
        read(tmp_path)
    assert caught.value.file == str(tmp_path)
    assert ".xlsx" in str(caught.value.remedy)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    write(tmp_path / "answers.csv", "text\nあ\n")
    with pytest.raises(BadInput, match=r"Did you mean .*answers\.csv") as caught:
        read_documents(tmp_path / "anwsers.csv")  # at once, not at the first document
    assert caught.value.exit_code == 2
    for wrong in (str(tmp_path / "nothing" / "t.csv"), "x" * 5000, "a\0b"):
        with pytest.raises(BadInput, match="no such file"):
            read(wrong)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = write(tmp_path / "t.txt", "あ")
    path.chmod(0)
    with pytest.raises(BadInput, match="cannot be read"):
        read(path)


def test_several_sources_in_their_order(tmp_path: Path) -> None:
    first, second = write(tmp_path / "1.txt", "一\n"), write(tmp_path / "2.txt", "二\n")
    assert texts([str(second), str(first)]) == ["二", "一"]
    assert texts([second, {"text": "辞書"}, first][::2]) == ["二", "一"]
    assert texts([second, [{"text": "辞書"}], ["文1", "文2"], first]) == [
        *("二", "辞書", "文1", "文2", "一")
    ]


def test_a_list_of_strings_is_one_of_texts_or_one_of_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "a.csv", "text\nファイル\n")
    write(tmp_path / "note", "札\n")
    assert texts(["a.csv", "note"]) == ["ファイル", "札"]
    assert texts(["駅に近い", "note", None]) == ["駅に近い", "note"]
    assert texts(["x" * 5000, "a\0b", "改行\n.csv"]) == ["x" * 5000, "a\0b", "改行\n.csv"]
    with pytest.raises(BadInput, match="no such file"):
        read(["a.csv", "b.csv"])
    with pytest.raises(BadInput, match="looks like a file"):
        read(["a.csv", "駅に近い"])
    with pytest.raises(BadInput, match="no such file"):
        read([Path("駅に近い")])


@pytest.mark.parametrize(
    "source", [5, None, b"abc", {"text": ["a"]}, [5], [None], [], [[]], object()]
)
def test_what_is_no_source(source: Any) -> None:
    with pytest.raises(BadInput):
        read(source)


def test_generators_are_refused_since_they_run_once() -> None:
    with pytest.raises(BadInput, match="generator"):
        read(text for text in ["a"])


@pytest.mark.parametrize(
    "options",
    [{"unit": "page"}, {"on_bad": "ignore"}, {"format": "pdf"}, {"encoding": "sjiss"}],
)
def test_wishes_that_cannot_be(options: dict[str, str]) -> None:
    with pytest.raises(BadInput) as caught:
        read_documents(["a"], **options)  # type: ignore[arg-type]
    assert caught.value.remedy


def piped(data: bytes, options: str = "") -> str:
    code = (
        "from bunsan.text.documents import read_documents, ReadReport\n"
        "report = ReadReport()\n"
        f"for d in read_documents('-', report=report, {options}):\n"
        "    print(ascii((d.source, d.row, d.text, d.fields)))\n"
        "print(report.encodings, report.bytes_read)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], input=data, capture_output=True, check=True)
    return done.stdout.decode()


@pytest.mark.parametrize(
    ("text", "options", "expected"),
    [
        ("雨が降る。\n雪が降る。\n", "", [(1, "雨が降る。", {}), (2, "雪が降る。", {})]),
        (
            "本文,組\nあめ,1\nゆき,2\n",
            "by='組'",
            [(2, "あめ", {"組": "1"}), (3, "ゆき", {"組": "2"})],
        ),
        ("本文\t組\nあめ\t1\n", "by='組'", [(2, "あめ", {"組": "1"})]),
        ('{"text": "あめ"}\n', "", [(1, "あめ", {})]),
        ("本文,組\nあめ,1\n", "format='txt'", [(1, "本文,組", {}), (2, "あめ,1", {})]),
        ("<h1>上</h1>\nあめ\n", "by='h1'", [(2, "あめ", {"h1": "上"})]),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "cp932"])
def test_standard_input_is_sniffed(
    text: str, options: str, expected: list[tuple[int, str, dict[str, str]]], encoding: str
) -> None:
    data = text.encode(encoding)
    out = piped(data, options).splitlines()
    assert out[:-1] == [ascii(("-", *document)) for document in expected]
    assert out[-1] == f"{{'-': '{encoding}'}} {len(data)}"


def test_standard_input_of_other_kinds(tmp_path: Path) -> None:
    packed = gzip.compress("本文,組\nあめ,1\n".encode())
    assert ascii("あめ") in piped(packed)
    pq.write_table(pa.table({"text": ["あめ"]}), tmp_path / "t.parquet")
    assert ascii("あめ") in piped((tmp_path / "t.parquet").read_bytes())
    with xlsxwriter.Workbook(tmp_path / "t.xlsx") as book:
        book.add_worksheet().write_column(0, 0, ["text", "あめ"])
    assert ascii("あめ") in piped((tmp_path / "t.xlsx").read_bytes())
    assert piped(b"") == "{'-': 'utf-8'} 0\n"


def test_standard_input_only_once() -> None:
    with pytest.raises(BadInput, match="only once"):
        read_documents(["-", "-"])


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_named_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_bytes("本文,組\nあめ,1\n".encode()))
    writer.start()
    assert texts(pipe) == ["あめ"]
    writer.join()
    assert bytes_total(pipe) is None


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.txt.gz", "あめ\n"),
        ("t.csv.gz", "text\nあめ\n"),
        ("t.jsonl.gz", '{"text": "あめ"}\n'),
        ("t.tsv.GZ", "text\tn\nあめ\t1\n"),
        ("t.txt", "あめ\n"),
    ],
)
def test_gzip(tmp_path: Path, name: str, content: str) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(content.encode("cp932")))
    documents, report = read(path)
    assert [d.text for d in documents] == ["あめ"]
    assert report.bytes_read == path.stat().st_size == bytes_total(path)
    path.write_bytes(gzip.compress(content.encode()) * 2)  # members one after the other
    assert texts(path)[0] == "あめ"


@pytest.mark.parametrize("cut", [3, 12, 40, -9, -1])
def test_damaged_gzip(tmp_path: Path, cut: int) -> None:
    data = gzip.compress(os.urandom(40).hex().encode() * 10)
    path = tmp_path / "t.txt.gz"
    path.write_bytes(data[:cut])
    with pytest.raises(BadInput, match="gzip") as caught:
        read(path)
    assert caught.value.file == str(path)
    flipped = bytearray(data)
    flipped[len(data) // 2] ^= 0xFF
    path.write_bytes(flipped)
    with pytest.raises(BadInput, match="gzip"):
        read(path, encoding="utf-8")


def test_progress_grows_up_to_the_total(tmp_path: Path) -> None:
    for name, line in (("a.txt", "雨が降った。\n"), ("b.csv", "雨が降った。,1\n")):
        head = "text,n\n" if name == "b.csv" else ""
        write(tmp_path / name, head + line * 60_000)
    pq.write_table(pa.table({"text": ["雨"] * 9000}), tmp_path / "c.parquet", row_group_size=1000)
    total = bytes_total(tmp_path)
    report = ReadReport()
    seen = [0]
    for _ in read_documents(tmp_path, unit="line", report=report):
        if report.bytes_read != seen[-1]:
            seen.append(report.bytes_read)
    assert seen == sorted(seen)
    assert len(seen) > 12
    assert report.bytes_read == total
    assert bytes_total([tmp_path, "-"]) is None
    assert bytes_total(["文"]) is None


def test_looking_at_a_table(tmp_path: Path) -> None:
    rows = [f"{i},とても良い宿でした{i},{'男女'[i % 2]}" for i in range(50)]
    content = "\r\n".join(["番号,自由記述,性別", *rows[:2], "かけた行", *rows[2:]])
    path = write(tmp_path / "t.csv", content.encode("cp932"))
    look = inspect(path, rows=3)
    assert (look.source, look.files, look.format) == (str(path), 1, "csv")
    assert (look.encoding, look.encoding_guessed) == ("cp932", True)
    assert look.columns == ("番号", "自由記述", "性別")
    assert (look.text, look.by, look.guessed) == ("自由記述", ("性別",), True)
    assert look.rows == [tuple(row.split(",")) for row in rows[:3]]
    assert look.numbers == [2, 3, 5]
    assert [(p.row, p.reason) for p in look.report.problems] == [(4, "ragged")]
    told = inspect(path, text=1, by=(), encoding="sjis")
    assert (told.text, told.by, told.guessed, told.encoding_guessed) == ("番号", (), False, False)


def test_looking_at_text_and_folders(tmp_path: Path) -> None:
    write(tmp_path / "1.txt", "<h1>上</h1>\n<h2>い</h2>\n" + "雨が降った。\n" * 100_000)
    write(tmp_path / "2.txt", "あ\n")
    look = inspect(tmp_path, rows=1)
    assert (look.files, look.format, look.encoding) == (2, "khcoder", "utf-8")
    assert (look.columns, look.text, look.by) == ((), None, ("h1", "h2"))
    assert look.rows == [("上", "い", "雨が降った。")]
    assert look.numbers == [3]
    assert look.report.bytes_read < 1 << 20
    assert inspect(tmp_path / "2.txt").rows == [("あ",)]
    memory = inspect([{"text": "あ", "n": 5.0}])
    assert (memory.format, memory.encoding, memory.rows) == ("memory", None, [("あ", "5")])


def test_the_report_as_plain_values(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "text,n\nあ,1\nい\n")
    _, report = read(path)
    assert report.to_dict() == {
        "documents": 1,
        "skipped": {"ragged": 1},
        "problems": [
            {
                "file": str(path),
                "row": 3,
                "reason": "ragged",
                "message": report.problems[0].message,
            }
        ],
        "blank": 0,
        "ignored": {},
        "encodings": {str(path): "utf-8"},
        "guessed_encodings": [str(path)],
        "text": "text",
        "by": [],
        "guessed": True,
        "bytes_read": path.stat().st_size,
    }


def test_only_the_first_thousand_problems_are_kept(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "text,n\n" + "い\n" * 3000)
    _, report = read(path)
    assert report.skipped == {"ragged": 3000}
    assert [p.row for p in report.problems] == list(range(2, 1002))


def test_messages_in_japanese(tmp_path: Path) -> None:
    path = write(tmp_path / "t.csv", "本文,組\nあ,1\nい\n")
    use_language("ja")
    try:
        _, report = read(path)
        assert "見出しは 2 列ですが、この行は 1 列です。" in report.problems[0].message
        assert reason_label("ragged") == "セルの数が合わない"
        with pytest.raises(BadInput, match="あるのは次の列です: 本文、組。"):
            read(path, text="文")
    finally:
        use_language(None)
