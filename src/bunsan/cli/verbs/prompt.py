"""`bunsan prompt`: tasks by prompt, with no, one or a few examples."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.cli import common, generating

HELP = tr(
    "Put a task to a model by a prompt: an instruction, examples, a question. Alone it lists the ready "
    "templates; a .toml file is a template of your own.",
    "プロンプト(指示、例、質問)でモデルに課題を解かせる。引数なしで用意されたテンプレートを一覧する。"
    "自作の .toml ファイルも使える。",
)
EXAMPLES = [
    "bunsan prompt",
    'bunsan prompt sentiment --show "料理がおいしかった。"',
    'bunsan prompt sentiment --model ./my-gpt2 --shots 5 "料理がおいしかった。"',
    'bunsan prompt era --model ./my-gpt2 "1964年"',
    'bunsan prompt question --model ./my-gpt2 --set passage="琵琶湖は滋賀県にある。" "琵琶湖はどこにあるか。"',
    "bunsan prompt sentiment --model ./my-gpt2 --examples train.csv --input reviews.csv -o answers.csv",
]


def command(
    template: Annotated[
        str | None,
        typer.Argument(
            help=tr(
                "A ready template (sentiment, sentiment.en ...) or a .toml file.",
                "テンプレートの名前(sentiment、sentiment.en など)か .toml ファイル。",
            )
        ),
    ] = None,
    query: Annotated[
        str | None, typer.Argument(help=tr("The question; - reads it.", "質問。- なら標準入力。"))
    ] = None,
    model: generating.Model = None,
    shots: Annotated[
        int | None,
        typer.Option(
            min=0,
            help=tr(
                "How many examples to show; all when left out.", "見せる例の数。省略時はすべて。"
            ),
        ),
    ] = None,
    examples: Annotated[
        Path | None,
        typer.Option(
            help=tr(
                "Draw examples from a table with a column for every field and answer.",
                "例を表から選ぶ(各項目と answer の列をもつもの)。",
            )
        ),
    ] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="FIELD=VALUE",
            help=tr(
                "Another field of the question; repeatable.", "質問のほかの項目(くり返し指定可)。"
            ),
        ),
    ] = None,
    input_: Annotated[
        str | None,
        typer.Option(
            "--input",
            help=tr(
                "A table of questions, with a column for every field; - is standard input.",
                "質問の表(各項目の列をもつもの)。- は標準入力。",
            ),
        ),
    ] = None,
    show: Annotated[
        bool,
        typer.Option(
            "--show",
            help=tr("Print the prompt and send nothing.", "送るプロンプトを表示するだけ。"),
        ),
    ] = False,
    max_tokens: generating.MaxTokens = None,
    temperature: generating.Temperature = None,
    top_p: generating.TopP = None,
    stop: generating.Stop = None,
    seed: Annotated[
        int,
        typer.Option(
            "--seed", min=0, help=tr("Seed of examples and answers.", "例と生成の乱数の種。")
        ),
    ] = 0,
    precision: generating.Precision = "float32",
    as_json: common.AsJson = False,
    output: common.Output = None,
) -> None:
    from bunsan.tasks import prompting

    if template is None:
        common.emit(prompting.list_prompts(), as_json=as_json, output=output)
        return
    chosen = prompting.open_prompt(template)
    fields = common.parse_where(set_) or {}
    drawn = None if examples is None else prompting.examples_from(examples, chosen, seed=seed)
    if input_ is not None and query is None:
        queries: list[dict[str, str]] = [
            {**fields, **row} for row in prompting.questions_from(input_, chosen)
        ]
    elif query is not None and input_ is None:
        text = sys.stdin.read().rstrip("\n") if query == "-" else query
        queries = [{**fields, chosen.main: text}]
    elif show and input_ is None:
        queries = [{**{name: f"{{{name}}}" for name in chosen.fields}, **chosen.defaults, **fields}]
    else:
        raise BadInput(
            tr("Give a question, or --input TABLE.", "質問か --input 表 を指定してください。"),
            remedy=f'bunsan prompt {template} --model MODEL "..."',
        )
    if show and model is None:
        count = len(chosen.examples) if drawn is None else min(5, len(drawn.rows))
        for one in queries:
            shown = chosen.shown(count if shots is None else shots, one, drawn)
            print(chosen.render(one, shown))
        return
    generator = generating.open_generator(model, precision)
    if show:
        count = len(chosen.examples) if drawn is None else min(5, len(drawn.rows))
        for one in queries:
            shown = chosen.shown(count if shots is None else shots, one, drawn)
            prompt, dropped = prompting.fitted(chosen, one, shown, generator, max_tokens)
            _tell(dropped, 0)
            print(prompt)
        return
    answers = prompting.ask(
        chosen,
        queries,
        generator,
        shots=shots,
        examples=drawn,
        max_tokens=max_tokens,
        temperature=temperature,
        top_p=top_p,
        stop=generating.stops(stop),
        seed=seed,
    )
    _tell(max(a.dropped for a in answers), sum(a.cut > 0 for a in answers))
    if input_ is None and output is None:
        if as_json:
            common.print_json(answers[0].to_dict())
        else:
            print(answers[0].answer)
        return
    common.emit(prompting.answers_table(chosen, queries, answers), as_json=as_json, output=output)


def _tell(dropped: int, cut: int) -> None:
    if dropped:
        common.say(
            tr(
                f"The context holds {dropped} fewer examples: the first ones were left out.",
                f"モデルの上限を超えるため、例を先頭から {dropped} 件省きました。",
            )
        )
    if cut:
        common.say(
            tr(
                f"{cut} prompts are too long for this model even so: their beginnings were left out.",
                f"それでも長すぎる {cut} 件は、先頭を省きました。",
            )
        )
