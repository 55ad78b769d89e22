"""`bunsan finetune`: a model for a task, from labelled rows."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.cli import common

if TYPE_CHECKING:
    from bunsan.tasks.finetuning.making import FineTuned

HELP = tr(
    "Fine-tune a model (BERT, RoBERTa, ELECTRA, a sentence model ...) for a task with your labelled rows: "
    "classification, pairs (two texts and a label), regression and similarity (a number for one text, for "
    "two), tokens (entities), answers (cut from a passage), choices; vectors (two texts that belong "
    "together, for search by meaning). Interrupted, the same command goes on.",
    "ラベルつきの表でモデル(BERT、RoBERTa、ELECTRA、文ベクトルモデルなど)を課題に合わせて学習する: "
    "classification(分類)、pairs(2文の関係)、regression・similarity(1文・2文の数値)、tokens(固有表現など)、"
    "answers(本文から抜き出す質問応答)、choices(選択式)、vectors(対になる2文から、意味による検索用)。中断しても同じコマンドで再開できる。",
)
EXAMPLES = [
    "bunsan finetune classification --model cl-tohoku/bert-base-japanese-v2 --train reviews.xlsx "
    "--text comment --label rating -o my-classifier",
    "bunsan finetune pairs --model ./my-bert --train jnli.jsonl --valid dev.jsonl -o my-nli",
    "bunsan finetune tokens --model ./my-bert --train entities.jsonl --epochs 5 -o my-entities",
    "bunsan finetune answers --model ./my-bert --train squad.json --lora 8 -o my-answers",
]


# What training on pairs of texts that belong together has no use for.
_NOT_FOR_VECTORS = (
    *("valid", "question", "label", "choices", "multi", "separator", "min_count", "balance"),
    *("threshold", "layer_decay", "freeze", "lora", "patience", "stride", "refuse_bad_rows"),
    "minutes",
)


def command(
    context: typer.Context,
    task: Annotated[
        str,
        typer.Argument(
            help=tr(
                "classification, pairs, regression, similarity, tokens, answers, choices, vectors.",
                "classification、pairs、regression、similarity、tokens、answers、choices、vectors。",
            )
        ),
    ],
    model: Annotated[
        str,
        typer.Option(
            "--model",
            "-m",
            help=tr(
                "The model to begin with: a folder, or a name (see bunsan models).",
                "元のモデル: フォルダーまたは名前(bunsan models で一覧)。",
            ),
        ),
    ],
    train: Annotated[
        list[str],
        typer.Option(
            "--train",
            "-t",
            help=tr(
                "Labelled rows: csv tsv xlsx jsonl parquet, SQuAD .json, .conll .conllu; repeatable.",
                "ラベルつきの表(csv tsv xlsx jsonl parquet、SQuAD の .json、.conll .conllu)。くり返し指定可。",
            ),
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help=tr("Folder to make.", "作るフォルダー。"))
    ],
    valid: Annotated[
        list[str] | None,
        typer.Option(
            "--valid",
            help=tr(
                "Rows to evaluate on; without it a tenth is held out.",
                "評価用の表。省略時は 1 割を取り分ける。",
            ),
        ),
    ] = None,
    text: Annotated[
        str | None,
        typer.Option(
            help=tr(
                "The text column (of answers: the passage).", "本文の列(answers では文章の列)。"
            )
        ),
    ] = None,
    text2: common.Text2 = None,
    question: common.Question = None,
    label: Annotated[
        str | None,
        typer.Option(
            help=tr(
                "The column of labels, numbers, spans or answers.",
                "ラベル(数値、範囲、回答)の列。",
            )
        ),
    ] = None,
    choices: common.Choices = None,
    multi: Annotated[
        bool,
        typer.Option("--multi", help=tr("Several labels a text.", "1 件に複数のラベルがある。")),
    ] = False,
    separator: Annotated[
        str | None,
        typer.Option(
            help=tr(
                "The sign between several labels, e.g. ';' (implies --multi).",
                "複数のラベルを区切る記号。例: ';'(--multi を兼ねる)。",
            )
        ),
    ] = None,
    epochs: Annotated[
        float, typer.Option(help=tr("Times that every row is read.", "全行を何回学習するか。"))
    ] = 3.0,
    minutes: Annotated[
        float | None,
        typer.Option(
            help=tr("Fewer updates where they would take longer.", "学習時間の上限(分)。")
        ),
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option(
            help=tr(
                "Highest learning rate (5e-5; 1e-4 for ELECTRA).", "学習率(5e-5、ELECTRA は 1e-4)。"
            )
        ),
    ] = None,
    batch: Annotated[
        int, typer.Option(min=1, help=tr("Rows an update.", "1 回の更新で使う行数。"))
    ] = 32,
    max_length: Annotated[
        int | None,
        typer.Option(
            min=16,
            help=tr(
                "Tokens of an input at most (512; 384 for answers).",
                "入力の最大トークン数(512、answers は 384)。",
            ),
        ),
    ] = None,
    layer_decay: Annotated[
        float,
        typer.Option(
            help=tr(
                "Lower layers learn by this factor more slowly, each: 0.65 to 1.",
                "下の層ほどこの率で学習率を下げる: 0.65〜1。",
            )
        ),
    ] = 1.0,
    freeze: Annotated[
        str | None,
        typer.Option(
            metavar="N|all",
            help=tr(
                "Embeddings and the first N layers stay as they are; all: only the head learns.",
                "埋め込みと下の N 層を固定。all なら最後の層だけ学習。",
            ),
        ),
    ] = None,
    lora: Annotated[
        int | None,
        typer.Option(
            metavar="RANK",
            min=1,
            help=tr(
                "Learn matrices of low rank only (8, 16); merged at the end.",
                "低ランク行列だけを学習(8、16 など)。最後にモデルへ足し込む。",
            ),
        ),
    ] = None,
    balance: Annotated[
        bool,
        typer.Option("--balance", help=tr("Rare classes count more.", "少ないラベルを重くする。")),
    ] = False,
    min_count: Annotated[
        int,
        typer.Option(
            min=1,
            help=tr(
                "Labels seen less often are refused as mistakes.",
                "これより少ないラベルは誤りとみなして止める。",
            ),
        ),
    ] = 2,
    threshold: Annotated[
        float | None,
        typer.Option(
            help=tr(
                "Several labels: from which probability (0.5). Answers: how much better none must be.",
                "複数ラベル: 付与する確率(0.5)。answers: 「答えなし」とする差。",
            )
        ),
    ] = None,
    held_out: Annotated[
        float,
        typer.Option(
            help=tr(
                "Share of the rows to evaluate on where --valid is left out.",
                "--valid がないとき評価用に取り分ける割合。",
            )
        ),
    ] = 0.1,
    patience: Annotated[
        int | None,
        typer.Option(
            min=1,
            help=tr(
                "Stop after so many epochs without a better evaluation, and take the best.",
                "評価がこの回数よくならなければ止め、最良のものを採る。",
            ),
        ),
    ] = None,
    stride: Annotated[
        int,
        typer.Option(
            min=0,
            help=tr(
                "Tokens that windows of long texts share.", "長い本文の窓どうしが重なるトークン数。"
            ),
        ),
    ] = 128,
    precision: Annotated[
        str, typer.Option(help=tr("float32 or bfloat16.", "float32 か bfloat16。"))
    ] = "float32",
    device: common.Device = None,
    threads: common.Threads = None,
    seed: common.Seed = 0,
    keep: Annotated[
        bool,
        typer.Option(
            "--keep",
            help=tr("Keep OUTPUT.training: the checkpoint.", "OUTPUT.training(途中経過)を残す。"),
        ),
    ] = False,
    curves: Annotated[
        bool, typer.Option("--curves", help=tr("Write for TensorBoard.", "TensorBoard 用に記録。"))
    ] = False,
    encoding: common.Encoding = None,
    format: common.Format = None,
    sheet: common.Sheet = None,
    refuse_bad_rows: common.RefuseBadRows = False,
    as_json: common.AsJson = False,
) -> None:
    from bunsan.tasks.finetuning.entry import finetune

    if precision not in ("float32", "bfloat16"):
        raise BadInput(
            tr(f"There is no precision {precision!r}.", f"精度 {precision!r} はありません。"),
            remedy=tr("Use float32 or bfloat16.", "float32 か bfloat16 を指定してください。"),
        )
    if task == "vectors":
        _refuse_given(context, _NOT_FOR_VECTORS)
        _vectors(
            common.paths(train),
            output,
            as_json=as_json,
            model=model,
            columns={k: v for k, v in (("text", text), ("text2", text2)) if v},
            epochs=epochs,
            batch=batch,
            rate=rate or 5e-5,
            max_length=max_length or 128,
            held_out=held_out,
            precision=precision,
            keep=keep,
            curves=curves,
            seed=seed,
            device=device,
            threads=threads,
            encoding=encoding,
            format=format,
            sheet=common.parse_sheet(sheet),
        )
        return
    done = finetune(
        task,
        common.paths(train),
        model=model,
        to=output,
        valid=None if not valid else common.paths(valid),
        columns={
            "text": text,
            "text2": text2,
            "question": question,
            "label": label,
            "choices": list(common.parse_names(choices) or ()) or None,
        },
        max_length=max_length,
        multi=multi,
        separator=separator,
        min_count=min_count,
        balance=balance,
        threshold=threshold,
        stride=stride,
        device=device,
        threads=threads,
        encoding=encoding,
        format=format,
        sheet=common.parse_sheet(sheet),
        on_bad="refuse" if refuse_bad_rows else "skip",
        keep=keep,
        curves=curves,
        epochs=epochs,
        minutes=minutes,
        batch=batch,
        rate=rate,
        layer_decay=layer_decay,
        freeze=frozen_layers(freeze),
        lora=lora,
        held_out=held_out,
        patience=patience,
        precision=precision,
        seed=seed,
    )
    if as_json:
        common.print_json(done.to_dict())
        return
    tell(done, train[0])


def _refuse_given(context: typer.Context, names: tuple[str, ...]) -> None:
    """Options that would do nothing are refused, not passed over."""
    given = [
        name
        for name in names
        if getattr(context.get_parameter_source(name), "name", "") == "COMMANDLINE"
    ]
    if given:
        listed = ", ".join(f"--{name.replace('_', '-')}" for name in given)
        raise BadInput(
            tr(f"vectors have no use for {listed}.", f"vectors では {listed} を使えません。"),
            remedy=tr("Leave it out.", "外してください。"),
        )


def _vectors(train: list[Any], output: Path, *, as_json: bool, **options: Any) -> None:
    """Vectors of texts that belong together: what was made, and what to type next."""
    from bunsan.tasks.finetuning.entry import finetune_vectors

    done = finetune_vectors(train, to=output, **options)
    if as_json:
        common.print_json(done.to_dict())
        return
    common.say(
        tr(
            f"vectors: {done.pairs:,} pairs, {done.trained.steps:,} updates in "
            f"{done.trained.seconds:.0f} s, loss {done.trained.loss:.3f}",
            f"vectors: {done.pairs:,} 組、更新 {done.trained.steps:,} 回、"
            f"{done.trained.seconds:.0f} 秒、損失 {done.trained.loss:.3f}",
        )
    )
    if done.held_out > 1:
        print(
            tr(
                f"nearest of {done.among:,} is its partner\t{done.found:.3f}",
                f"{done.among:,} 件中、最も近いものが正しい相手\t{done.found:.3f}",
            )
        )
    common.say(f"bunsan encode texts.csv --model {output} -o vectors.parquet")


def frozen_layers(text: str | None) -> int | Literal["all"] | None:
    """`"6"` as a number, `"all"` as it is."""
    if text is None:
        return None
    if text == "all":
        return "all"
    if text.isdecimal():
        return int(text)
    raise BadInput(
        tr(f"--freeze cannot be {text!r}.", f"--freeze に {text!r} は指定できません。"),
        remedy=tr("Give a number of layers, or all.", "層の数か all を指定してください。"),
    )


def tell(done: "FineTuned", data: str) -> None:
    """Notes, scores, where the folder is, and what to type next."""
    for note in done.notes:
        common.say(note)
    trained = done.trained
    share = 100 * done.learned / max(done.parameters, 1)
    common.say(
        tr(
            f"{done.task}: {done.train:,} rows, {trained.steps:,} updates in {trained.seconds:.0f} s, "
            f"loss {trained.loss:.3f}; {done.learned:,} of {done.parameters:,} parameters learned "
            f"({share:.1f} %)",
            f"{done.task}: {done.train:,} 行、更新 {trained.steps:,} 回、{trained.seconds:.0f} 秒、"
            f"損失 {trained.loss:.3f}、学習したパラメーター {done.learned:,} / {done.parameters:,}"
            f"({share:.1f}%)",
        )
    )
    if trained.stopped_early:
        common.say(
            tr(
                "Stopped early; the best evaluation's weights were kept.",
                "早期終了しました。評価が最良の重みを採りました。",
            )
        )
    if done.scores is not None:
        where = (
            tr("the rows of --valid", "--valid の行")
            if done.scored_on == "valid"
            else tr("rows held out", "取り分けた行")
        )
        common.say(tr(f"Scores on {where}:", f"{where}での成績:"))
        print(done.scores.table())
    else:
        common.say(
            tr(
                "No rows were held out, so there are no scores: give --valid.",
                "評価用の行がないため成績は出ません。--valid を指定してください。",
            )
        )
    common.say(tr(f"Wrote {done.folder}", f"{done.folder} に書き出しました"))
    common.say(
        tr(
            f"Next: bunsan predict {done.folder} {data} -o predictions.csv",
            f"次は: bunsan predict {done.folder} {data} -o predictions.csv",
        )
    )
