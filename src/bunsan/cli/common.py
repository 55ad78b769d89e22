"""What every verb shares: options, output, opening a collection. Imports nothing heavy."""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bunsan.base.errors import BadInput
from bunsan.base.language import tr

if TYPE_CHECKING:
    from bunsan.collection.build import LearnReport
    from bunsan.tasks.facade import Collection
    from bunsan.tasks.kwic import Concordance
    from bunsan.tasks.passages import Passage
    from bunsan.tasks.search import SearchResult
    from bunsan.tasks.table import Table
    from bunsan.words.vectors.arithmetic import Method
    from bunsan.words.vectors.wordvectors import WordVectors

CollectionPath = Annotated[
    Path,
    typer.Argument(
        metavar="COLLECTION",
        help=tr("A collection made by `bunsan learn`.", "`bunsan learn` で作ったコレクション。"),
    ),
]
VectorsPath = Annotated[
    Path,
    typer.Argument(
        metavar="VECTORS",
        help=tr(
            "A file of word vectors in any known format, or a collection that has some.",
            "語のベクトルのファイル、またはベクトルをもつコレクション。",
        ),
    ),
]
CollectionOrVectors = Annotated[
    Path,
    typer.Argument(
        metavar="COLLECTION",
        help=tr(
            "A collection made by `bunsan learn`, or a file of word vectors.",
            "`bunsan learn` で作ったコレクション、または語のベクトルのファイル。",
        ),
    ),
]
VectorsName = Annotated[
    str | None,
    typer.Option(
        "--vectors",
        metavar="NAME",
        help=tr(
            "Which vectors of a collection: word2vec, cbow, fasttext, glove, counts.",
            "コレクションのどのベクトルか: word2vec、cbow、fasttext、glove、counts。",
        ),
    ),
]
Arithmetic = Annotated[
    str,
    typer.Option("--arithmetic", help=tr("3cosadd or 3cosmul", "計算法: 3cosadd か 3cosmul")),
]
AsJson = Annotated[
    bool,
    typer.Option("--json", help=tr("Print JSON for programs.", "プログラム向けに JSON で出力。")),
]
Output = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        help=tr(
            "Write the table to a file: .csv .tsv .xlsx .json .jsonl .parquet.",
            "表をファイルに書き出す(.csv .tsv .xlsx .json .jsonl .parquet)。",
        ),
    ),
]
FigureOutput = Annotated[
    Path | None,
    typer.Option(
        "--output",
        "-o",
        help=tr(
            "Draw a figure (.html .png .svg .pdf) or write the table (.csv .xlsx ...).",
            "図(.html .png .svg .pdf)を描く、または表(.csv .xlsx など)を書き出す。",
        ),
    ),
]
Top = Annotated[int, typer.Option("--top", "-n", min=1, help=tr("Rows to show.", "表示する行数。"))]
Rows = Annotated[
    bool,
    typer.Option(
        "--rows",
        help=tr("List the sentences behind the numbers.", "数の根拠になった文を一覧する。"),
    ),
]
Where = Annotated[
    list[str] | None,
    typer.Option(
        "--where",
        metavar="COLUMN=VALUE",
        help=tr(
            "Only documents with this value; repeatable.", "この値をもつ文書だけ(くり返し指定可)。"
        ),
    ),
]
Unit = Annotated[
    str,
    typer.Option(
        "--unit",
        help=tr(
            "sentence, paragraph or document.", "sentence(文)、paragraph(段落)、document(文書)。"
        ),
    ),
]
Seed = Annotated[int, typer.Option("--seed", help=tr("Seed of whatever is random.", "乱数の種。"))]
Pos = Annotated[
    str | None,
    typer.Option(
        "--pos",
        metavar="NAMES",
        help=tr("Parts of speech that count, e.g. noun,verb.", "数える品詞。例: 名詞,動詞。"),
    ),
]
Encoding = Annotated[
    str | None,
    typer.Option(
        help=tr("If the guess is wrong: cp932, euc_jp …", "推定が誤りのとき: cp932、euc_jp など。")
    ),
]
Format = Annotated[str | None, typer.Option(help="txt, csv, tsv, xlsx, jsonl, parquet, khcoder")]
Sheet = Annotated[
    str | None,
    typer.Option(help=tr("Sheet of a workbook: name or number.", "シート名または番号。")),
]
RefuseBadRows = Annotated[
    bool,
    typer.Option(
        "--refuse-bad-rows", help=tr("Stop at the first bad row.", "誤った行があれば中止する。")
    ),
]
Keep = Annotated[
    str | None,
    typer.Option(help=tr("Other columns to keep, e.g. id,area.", "ほかに残す列。例: id,area。")),
]
Text2 = Annotated[
    str | None, typer.Option(help=tr("The column of the second text.", "2 つ目の本文の列。"))
]
Question = Annotated[str | None, typer.Option(help=tr("The column of questions.", "質問の列。"))]
Choices = Annotated[
    str | None, typer.Option(help=tr("Columns of choices: a,b,c.", "選択肢の列。例: a,b,c。"))
]
Device = Annotated[str | None, typer.Option(help="cpu, cuda, mps")]
Threads = Annotated[
    int | None,
    typer.Option(min=1, help=tr("Cores to use; all by default.", "使うコア数。既定は全部。")),
]
Sources = Annotated[
    list[str],
    typer.Argument(
        help=tr("Files, folders, or - for standard input.", "ファイル、フォルダー、- は標準入力。")
    ),
]
CorpusSources = Annotated[
    list[str],
    typer.Argument(
        help=tr(
            "Files (txt csv xlsx jsonl ..., also .gz), folders, or - for standard input.",
            "ファイル(txt csv xlsx jsonl など、.gz も可)、フォルダー、- は標準入力。",
        )
    ),
]


def open_collection(path: Path) -> "Collection":
    """The collection, or the error that says how to make one."""
    from bunsan.tasks.facade import open_collection as open_

    return open_(path)


def parse_where(pairs: list[str] | None) -> dict[str, str] | None:
    """`["area=箱根"]` as `{"area": "箱根"}`."""
    where = {}
    for pair in pairs or []:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise BadInput(
                tr(
                    f"--where {pair!r} is not COLUMN=VALUE.",
                    f"--where {pair!r} は 列=値 の形ではありません。",
                ),
                remedy=tr("For example: --where area=Hakone", "例: --where area=箱根"),
            )
        where[name] = value
    return where or None


def parse_names(text: str | None) -> tuple[str, ...] | None:
    """`"area,purpose"` as a tuple; a Japanese comma separates as well."""
    if text is None:
        return None
    return tuple(part.strip() for part in text.replace("、", ",").split(",") if part.strip())


def parse_sheet(sheet: str | None) -> str | int | None:
    """The sheet of a workbook by name, or by number where digits were given."""
    return int(sheet) if sheet is not None and sheet.isdecimal() else sheet


def paths(names: list[str]) -> list[Any]:
    """Files as paths, "-" as it is."""
    return [Path(name) if name != "-" else name for name in names]


def parse_pos(text: str | None) -> tuple[str, ...] | None:
    """Parts of speech in English, Japanese or as tags."""
    names = parse_names(text)
    if names is None:
        return None
    from bunsan.text.pos import parse_pos as parse

    return tuple(parse(name) for name in names)


def arithmetic(name: str) -> "Method":
    """The method of arithmetic with vectors of this name."""
    if name == "3cosadd":
        return "3cosadd"
    if name == "3cosmul":
        return "3cosmul"
    raise BadInput(
        tr(f"There is no arithmetic {name!r}.", f"計算法 {name!r} はありません。"),
        remedy=tr("Use 3cosadd or 3cosmul.", "3cosadd か 3cosmul を指定してください。"),
    )


def print_json(value: Any) -> None:
    """One JSON document on stdout."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=1, default=str) + "\n")


def say(text: str) -> None:
    """A line for people, on stderr, unless --quiet."""
    from bunsan.base.progress import quiet

    if not quiet():
        print(text, file=sys.stderr)


def written(path: Path | str) -> None:
    """Tell that a file was written."""
    say(tr(f"Wrote {path}", f"{path} に書き出しました"))


def emit(
    table: "Table",
    *,
    as_json: bool,
    output: Path | None,
    top: int | None = None,
    more: Mapping[str, Any] | None = None,
) -> None:
    """Show or write a result: to a file when named, JSON when asked, else a table for the reader.

    A file gets every row; a screen gets `top`. Off a terminal the table is tab-separated.
    """
    if output is not None:
        table.save(output)
        written(output)
        if not as_json:
            return
    shown = table if top is None else table.head(top)
    if as_json:
        print_json({**(more or {}), "rows": shown.to_rows()})
    else:
        print_table(shown)


def print_table(table: "Table") -> None:
    """A drawn table on a terminal, tab-separated text elsewhere."""
    from bunsan.tasks.table import show

    if not sys.stdout.isatty():
        print("\t".join(table.columns))
        for row in table:
            print("\t".join(show(v).replace("\t", " ").replace("\n", " ") for v in row.values()))
        return
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table as Drawn
    from rich.text import Text

    drawn = Drawn(box=SIMPLE_HEAD, pad_edge=False)
    for name, title in table.titles.items():
        numeric = any(isinstance(v, (int, float)) for v in table[name][:5])
        drawn.add_column(title, justify="right" if numeric else "left", overflow="fold")
    for row in table:
        drawn.add_row(*(Text(show(v)) for v in row.values()))
    console = Console()
    console.print(drawn)
    if table.note:
        console.print(Text(table.note), style="dim")


def emit_passages(passages: "list[Passage]", *, as_json: bool, output: Path | None) -> None:
    """Show or write sentences with their files and rows."""
    from bunsan.tasks.passages import passages_table

    table = passages_table(passages)
    if as_json or output is not None:
        emit(table, as_json=as_json, output=output)
        return
    print_passages(passages)


def print_passages(passages: "Sequence[Passage]", indent: str = "") -> None:
    """Sentences with the words marked: in colour on a terminal, in 【】 elsewhere."""
    if not sys.stdout.isatty():
        for p in passages:
            values = [
                f"{p.source}:{p.row}",
                *(f"{k}={v}" for k, v in p.fields.items() if v is not None),
            ]
            where = [] if indent else values
            print(indent + "\t".join([*where, p.marked().replace("\n", " ")]))
        return
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    console = Console()
    for p in passages:
        text = Text(p.text.replace("\n", " "))
        for begin, end in p.marks:
            text.stylize("bold reverse" if console.no_color else "bold yellow", begin, end)
        if not indent:
            fields = " ".join(f"{k}={v}" for k, v in p.fields.items() if v is not None)
            console.print(Text(f"{p.source}:{p.row} {fields}", style="dim"))
        console.print(Padding(text, (0, 0, 0, 4 if indent else 0)))


def print_concordance(result: "Concordance", width: int) -> None:
    """Lines with the keyword in one column, counting full-width characters as two."""
    from rich.cells import cell_len, set_cell_size

    columns = min(max((cell_len(line.left) for line in result.lines), default=0), 2 * width)
    for line in result.lines:
        left = line.left
        while cell_len(left) > columns:
            left = left[1:]
        fields = " ".join(v for v in line.fields.values() if v is not None)
        right = set_cell_size(line.right, columns)
        pad = " " * (columns - cell_len(left))
        print(f"{pad}{left}【{line.keyword}】{right} {line.source}:{line.row} {fields}".rstrip())


def tell_learned(report: "LearnReport", location: str, as_json: bool) -> None:
    """What learning did: documents, columns, what was left out and where."""
    reading = report.reading
    if as_json:
        print_json(
            {
                "collection": location,
                "added": report.added,
                "removed": report.removed,
                "unchanged": report.unchanged,
                "resumed": report.resumed,
                "analyzer": report.settings.analyzer,
                **reading.to_dict(),
            }
        )
        return
    for file, encoding in reading.encodings.items():
        if encoding.lower() not in ("utf-8", "utf-8-sig"):
            say(tr(f"{file}: read as {encoding}", f"{file}: {encoding} として読みました"))
    if reading.guessed:
        columns = ", ".join(reading.by) or tr("none", "なし")
        say(
            tr(
                f"Text column: {reading.text}; group columns: {columns} (guessed; say --text and --by to choose)",
                f"本文の列: {reading.text}、グループの列: {columns}(推定。--text と --by で指定できます)",
            )
        )
    for problem in reading.problems[:5]:
        say(f"{problem.file}:{problem.row}: {problem.message}")
    skipped = reading.skipped.total()
    if skipped:
        reasons = ", ".join(
            f"{reason} {count:,}" for reason, count in reading.skipped.most_common()
        )
        say(
            tr(
                f"Left out {skipped:,} rows ({reasons}); `bunsan info` lists them.",
                f"{skipped:,} 行を読み飛ばしました({reasons})。`bunsan info` で一覧できます。",
            )
        )
    say(
        tr(
            f"{location}: {report.added:,} documents added, {report.removed:,} removed, "
            f"{report.unchanged:,} unchanged ({report.settings.analyzer})",
            f"{location}: 追加 {report.added:,} 文書、削除 {report.removed:,}、"
            f"変更なし {report.unchanged:,}({report.settings.analyzer})",
        )
    )


def tell_trained(vectors: "WordVectors", location: str, as_json: bool) -> None:
    """What training made: words, dimensions, loss, speed."""
    about = vectors.about
    if as_json:
        print_json({"vectors": location, "words": len(vectors), "dim": vectors.dim, **about})
        return
    for note in about["notes"]:
        say(note)
    say(
        tr(
            f"{location}: {len(vectors):,} words, {vectors.dim} dimensions ({about['method']}); "
            f"{about['tokens']:,} tokens, loss {about['losses'][-1]:.3f}, {about['seconds']:.1f} s",
            f"{location}: {len(vectors):,} 語、{vectors.dim} 次元({about['method']})、"
            f"{about['tokens']:,} トークン、損失 {about['losses'][-1]:.3f}、{about['seconds']:.1f} 秒",
        )
    )


def show_stop(line: str, why: str, result: Any) -> None:
    """A stop of the demo's tour: the command, why it is worth a look, what it prints."""
    print(f"\n$ {line}")
    print(f"# {why}")
    if result is None:
        return
    if hasattr(result, "hits"):
        print_hits(result)
    elif hasattr(result, "lines"):
        print_concordance(result, 20)
    else:
        print_table(result.table().head(12))


def print_hits(result: "SearchResult") -> None:
    """Documents found, each with its score, place, fields and passages."""
    for rank, hit in enumerate(result.hits, start=result.offset + 1):
        fields = " ".join(f"{k}={v}" for k, v in hit.fields.items() if v is not None)
        line = f"{rank}\t{hit.score:.{4 if result.by == 'both' else 3}f}\t{hit.source}:{hit.row}"
        more = [fields, *([hit.ranked()] if result.by == "both" else [])]
        print("\t".join([line, *more]).rstrip())
        print_passages(hit.shown(), indent="\t")
