"""`bunsan learn`: read documents, cut them into words, count, index."""

from pathlib import Path
from typing import Annotated

import typer

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.cli import common

HELP = tr(
    "Learn a collection from files (txt csv tsv xlsx xls ods jsonl parquet, also .gz), folders or - (standard "
    "input). Run again after the files have changed: only what is new is analysed.",
    "ファイル(txt csv tsv xlsx xls ods jsonl parquet、.gz も可)、フォルダー、または -(標準入力)から"
    "コレクションを作る。ファイルが変わったら同じコマンドをもう一度実行すれば、新しい文書だけを解析する。",
)
EXAMPLES = [
    "bunsan learn reviews.xlsx --text comment --by area,purpose -o reviews.bunsan",
    "bunsan learn novel.txt --unit paragraph --force-word 湯畑 -o novel.bunsan",
    "bunsan learn reviews.xlsx -o reviews.bunsan --vectors word2vec,fasttext",
    "cat tweets.jsonl | bunsan learn - --format jsonl --text body -o tweets.bunsan",
]


def command(
    sources: common.Sources,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help=tr("The collection to make, NAME.bunsan.", "作るコレクション(名前.bunsan)。"),
        ),
    ] = None,
    text: Annotated[
        str | None,
        typer.Option(
            help=tr("The text column; guessed when left out.", "本文の列。省略時は推定。")
        ),
    ] = None,
    by: Annotated[
        str | None,
        typer.Option(
            help=tr(
                "Group columns, e.g. area,purpose; '' for none.",
                "グループの列。例: area,purpose。'' でなし。",
            )
        ),
    ] = None,
    keep: Annotated[
        str | None, typer.Option(help=tr("Other columns to keep.", "ほかに残す列。"))
    ] = None,
    unit: Annotated[
        str,
        typer.Option(
            help=tr(
                "What a document is in a txt file: line, paragraph, file.",
                "txt での 1 文書: line(行)、paragraph(段落)、file(ファイル)。",
            )
        ),
    ] = "auto",
    encoding: common.Encoding = None,
    format: common.Format = None,
    sheet: common.Sheet = None,
    refuse_bad_rows: common.RefuseBadRows = False,
    words: Annotated[
        str,
        typer.Option(
            "--words",
            help=tr(
                "How text becomes words: auto, sudachi, mecab, spaces, characters.",
                "語の切り出し方: auto、sudachi、mecab、spaces(空白区切り)、characters(文字)。",
            ),
        ),
    ] = "auto",
    split: Annotated[
        str,
        typer.Option(
            help=tr(
                "Sudachi units: A short, B middle, C long.", "Sudachi の単位: A 短、B 中、C 長。"
            )
        ),
    ] = "C",
    form: Annotated[
        str,
        typer.Option(
            help=tr(
                "What counts as one word: normalized, dictionary, surface.",
                "同じ語とみなす形: normalized、dictionary、surface。",
            )
        ),
    ] = "normalized",
    dictionary: Annotated[
        str | None,
        typer.Option(
            help=tr(
                "sudachi: small, core, full; mecab: unidic-lite, ipadic, a path.",
                "sudachi: small、core、full。mecab: unidic-lite、ipadic、パス。",
            )
        ),
    ] = None,
    force_word: Annotated[
        list[str] | None,
        typer.Option(
            help=tr(
                "Always one word; repeatable, or @FILE with one a line.",
                "必ず 1 語とする語。くり返すか、1 行 1 語の @ファイル。",
            )
        ),
    ] = None,
    synonyms: Annotated[
        Path | None,
        typer.Option(
            help=tr(
                "File of synonyms: a line 'word, counted, as, it'.",
                "同義語のファイル。1 行に「代表語,同義語,…」。",
            )
        ),
    ] = None,
    stop_word: Annotated[
        list[str] | None,
        typer.Option(
            help=tr(
                "Never counted; repeatable, or @FILE with one a line.",
                "数えない語。くり返すか、1 行 1 語の @ファイル。",
            )
        ),
    ] = None,
    pos: common.Pos = None,
    vectors: Annotated[
        str | None,
        typer.Option(
            help=tr(
                "Learn word vectors too: word2vec, cbow, fasttext, glove; several with commas.",
                "語のベクトルも学習する: word2vec、cbow、fasttext、glove(コンマ区切りで複数)。",
            )
        ),
    ] = None,
    dim: Annotated[int, typer.Option(min=1, help=tr("Their dimensions.", "その次元数。"))] = 100,
    threads: common.Threads = None,
    as_json: common.AsJson = False,
) -> None:
    from bunsan.tasks.facade import learn
    from bunsan.text.words import WordSettings

    target = output if output is not None else _default_target(sources)
    methods = common.parse_names(vectors) or ()
    if methods:
        from bunsan.tasks.training import vector_settings

        for method in methods:
            vector_settings(method, dim=dim)  # a mistake shows before hours of learning
    options = {} if pos is None else {"pos": common.parse_pos(pos)}
    settings = WordSettings(
        analyzer=words,  # type: ignore[arg-type]  # checked by WordSettings, with a remedy
        split=split.upper(),  # type: ignore[arg-type]
        form=form,  # type: ignore[arg-type]
        dictionary=dictionary,
        forced_words=_word_list(force_word),
        synonyms=_synonyms(synonyms),
        stop_words=_word_list(stop_word),
        **options,  # type: ignore[arg-type]
    )
    learned = learn(
        sources,
        to=target,
        text=text,
        by=common.parse_names(by),
        keep=common.parse_names(keep) or (),
        unit=unit,
        encoding=encoding,
        format=format,
        sheet=common.parse_sheet(sheet),
        on_bad="refuse" if refuse_bad_rows else "skip",
        words=settings,
        threads=threads,
    )
    assert learned.report is not None
    common.tell_learned(learned.report, str(target), as_json)
    for method in methods:
        made = learned.learn_vectors(method, dim=dim, threads=threads)
        if not as_json:
            common.tell_trained(made, f"{target} --vectors {method}", as_json)


def _default_target(sources: list[str]) -> Path:
    if sources[0] == "-":
        raise BadInput(
            tr("Standard input has no name.", "標準入力には名前がありません。"),
            remedy=tr(
                "Name the collection with -o NAME.bunsan.", "-o 名前.bunsan を指定してください。"
            ),
        )
    first = Path(sources[0])
    stem = first.name.removesuffix(".gz")
    return Path(Path(stem).stem if first.is_file() else (first.name or "texts")).with_suffix(
        ".bunsan"
    )


def _word_list(values: list[str] | None) -> tuple[str, ...]:
    words: list[str] = []
    for value in values or []:
        if value.startswith("@"):
            words += _lines(Path(value[1:]))
        else:
            words += common.parse_names(value) or ()
    return tuple(dict.fromkeys(words))


def _synonyms(path: Path | None) -> tuple[tuple[str, ...], ...]:
    groups = []
    for line in [] if path is None else _lines(path):
        group = common.parse_names(line.replace("\t", ",").replace("，", ",")) or ()
        if len(group) > 1:
            groups.append(group)
    return tuple(groups)


def _lines(path: Path) -> list[str]:
    """The lines of a word list in any encoding; blank ones and # comments are left out."""
    from bunsan.text.encoding import read_text

    lines = (line.strip() for line in read_text(path).splitlines())
    return [line for line in lines if line and not line.startswith("#")]
