"""`bunsan encode`: texts to vectors by a model such as BERT."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bunsan.base.language import tr
from bunsan.cli import common

if TYPE_CHECKING:
    from bunsan.tasks.encode import EncodeSummary

HELP = tr(
    "Turn texts into vectors by a model (BERT, RoBERTa, sentence models ...): files, folders, or - "
    "(standard input) into .parquet .npy .safetensors .csv .tsv .jsonl, with the row each vector is of. "
    "Interrupted, the same command goes on.",
    "モデル(BERT、RoBERTa、文ベクトルモデルなど)でテキストをベクトルにする。ファイル、フォルダー、-(標準入力)"
    "から .parquet .npy .safetensors .csv .tsv .jsonl へ、行番号つきで書く。中断しても同じコマンドで再開できる。",
)
EXAMPLES = [
    "bunsan encode reviews.csv --model cl-tohoku/bert-base-japanese-v2 -o vectors.parquet",
    "bunsan encode reviews.xlsx --text comment --keep area --model ./my-model -o vectors.npy",
    "bunsan encode news.txt --model ./my-model --pool words --layers=-4,-3,-2,-1 -o words.parquet",
    "cat questions.txt | bunsan encode - --model ./my-model --prompt 'query: ' > vectors.jsonl",
]


def command(
    sources: common.Sources,
    model: Annotated[
        str,
        typer.Option(
            "--model",
            "-m",
            help=tr(
                "A folder, or a name (see bunsan models).",
                "フォルダーまたは名前(bunsan models で一覧)。",
            ),
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help=tr(
                ".parquet .npy .safetensors .csv .tsv .jsonl; JSON lines on stdout when left out.",
                "出力先(.parquet .npy .safetensors .csv .tsv .jsonl)。省略時は標準出力に JSON 行。",
            ),
        ),
    ] = None,
    text: Annotated[
        str | None,
        typer.Option(
            help=tr("The text column; guessed when left out.", "本文の列。省略時は推定。")
        ),
    ] = None,
    keep: common.Keep = None,
    pool: Annotated[
        str | None,
        typer.Option(
            help=tr(
                "mean, cls, max ... (joined by +), tokens, words, layers; the model's own when left out.",
                "mean、cls、max など(+ で連結)、tokens、words、layers。省略時はモデルの設定。",
            )
        ),
    ] = None,
    normalize: Annotated[
        bool | None,
        typer.Option(
            "--normalize/--no-normalize", help=tr("Vectors of length 1.", "長さを 1 にする。")
        ),
    ] = None,
    prompt: Annotated[
        str | None,
        typer.Option(
            help=tr(
                "Put before every text: a prompt's name, or the text ('query: ').",
                "本文の前に置く語句: プロンプトの名前か、語句そのもの('query: ')。",
            )
        ),
    ] = None,
    long: Annotated[
        str,
        typer.Option(
            help=tr(
                "Texts too long for the model: window (mean over windows), truncate.",
                "長すぎる本文: window(窓の平均)、truncate(切り捨て)。",
            )
        ),
    ] = "window",
    layers: Annotated[
        str | None,
        typer.Option(
            help=tr(
                "With --pool words or tokens: layers to average, e.g. -4,-3,-2,-1.",
                "--pool words、tokens で平均する層。例: -4,-3,-2,-1。",
            )
        ),
    ] = None,
    precision: Annotated[
        str,
        typer.Option(
            help=tr(
                "auto, float32, int16, int8 (coarser), bfloat16, float16.",
                "auto、float32、int16、int8(粗い)、bfloat16、float16。",
            )
        ),
    ] = "auto",
    device: common.Device = None,
    threads: common.Threads = None,
    with_text: Annotated[
        bool, typer.Option("--with-text", help=tr("Write the texts too.", "本文も書き出す。"))
    ] = False,
    unit: Annotated[
        str,
        typer.Option(
            help=tr(
                "What a text is in a txt file: line, paragraph, file.",
                "txt での 1 件: line(行)、paragraph(段落)、file(ファイル)。",
            )
        ),
    ] = "auto",
    encoding: common.Encoding = None,
    format: common.Format = None,
    sheet: common.Sheet = None,
    refuse_bad_rows: common.RefuseBadRows = False,
    as_json: common.AsJson = False,
) -> None:
    from bunsan.tasks.encode import (
        EncodeOptions,
        EncodeSummary,
        encode,
        encode_into,
        layer_list,
        open_encoder,
    )
    from bunsan.tasks.vector_files import JsonLines
    from bunsan.text.documents import nothing_read

    options = EncodeOptions(pool, normalize, prompt, long, layer_list(layers), with_text)
    reading: dict[str, Any] = {
        "text": text,
        "by": (),
        "keep": common.parse_names(keep) or (),
        "unit": unit,
        "encoding": encoding,
        "format": format,
        "sheet": common.parse_sheet(sheet),
        "on_bad": "refuse" if refuse_bad_rows else "skip",
    }
    if output is None:
        encoder = open_encoder(model, precision=precision, device=device, threads=threads)
        summary = EncodeSummary()
        encode_into(JsonLines(sys.stdout), sources, encoder, options, summary, **reading)
        if not summary.texts:
            raise nothing_read(summary.reading)
        _tell(summary)
        return
    summary = encode(
        sources,
        output,
        model=model,
        options=options,
        precision=precision,
        device=device,
        threads=threads,
        **reading,
    )
    if as_json:
        common.print_json({"output": str(output), **summary.to_dict()})
        return
    _tell(summary)
    common.written(output)


def _tell(summary: "EncodeSummary") -> None:
    reading = summary.reading
    for problem in reading.problems[:5]:
        common.say(f"{problem.file}:{problem.row}: {problem.message}")
    skipped = reading.skipped.total()
    if skipped:
        common.say(tr(f"Left out {skipped:,} rows.", f"{skipped:,} 行を読み飛ばしました。"))
    if reading.guessed:
        common.say(
            tr(
                f"Text column: {reading.text} (guessed; say --text to choose)",
                f"本文の列: {reading.text}(推定。--text で指定できます)",
            )
        )
    if summary.resumed:
        common.say(
            tr(
                f"{summary.resumed:,} texts were done before the interruption.",
                f"{summary.resumed:,} 件は中断前に済んでいました。",
            )
        )
    if summary.long:
        common.say(
            tr(
                f"{summary.long:,} texts were longer than the model takes (see --long).",
                f"{summary.long:,} 件はモデルの最大長を超えています(--long を参照)。",
            )
        )
    agreement = ""
    if summary.agreement is not None:
        agreement = tr(
            f", cosine with float32 {summary.agreement:.7f}",
            f"、float32 とのコサイン {summary.agreement:.7f}",
        )
    common.say(
        tr(
            f"{summary.vectors:,} vectors of {summary.dim} numbers from {summary.texts:,} texts "
            f"({summary.repeated:,} repeated; {summary.engine}{agreement})",
            f"{summary.texts:,} 件から {summary.dim} 次元のベクトル {summary.vectors:,} 本"
            f"(くり返し {summary.repeated:,} 件、{summary.engine}{agreement})",
        )
    )
