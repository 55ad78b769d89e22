"""`bunsan complete`: go on with a text."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.cli import common, generating

if TYPE_CHECKING:
    from bunsan.tasks.complete import TextGenerator
    from bunsan.tasks.completion import Completion

HELP = tr(
    "Go on with a text (GPT-2), or rewrite, translate, summarise it (T5, BART, Marian): one prompt, "
    "or a file of them into a table. Settings left out are as the model's maker set them.",
    "文章の続きを書く(GPT-2)、または書き換え・翻訳・要約する(T5、BART、Marian)。入力は 1 つでも、ファイルの"
    "多数でもよい(結果は表)。指定しない設定はモデルの作者の値になる。",
)
EXAMPLES = [
    'bunsan complete "昔々、あるところに" --model rinna/japanese-gpt2-small --temperature 0.8 --stream',
    'bunsan complete "吾輩は" -m ./my-gpt2 --samples 3 --seed 1 --top-p 0.9 --max-tokens 40',
    'bunsan complete "今日は" -m ./my-gpt2 --beams 4 --logprobs 5 --json',
    "bunsan complete --prompts questions.csv -m ./my-t5 -o answers.xlsx",
    "echo 春は | bunsan complete - -m ./my-gpt2",
]


def command(
    prompt: Annotated[
        str | None,
        typer.Argument(
            help=tr("The text; - reads standard input.", "文章。- なら標準入力から読む。")
        ),
    ] = None,
    model: generating.Model = None,
    prompts: Annotated[
        Path | None,
        typer.Option(
            help=tr(
                "A file of prompts: lines of text, or a table.",
                "入力のファイル(1 行 1 件のテキスト、または表)。",
            )
        ),
    ] = None,
    text: Annotated[
        str | None,
        typer.Option(
            help=tr("With --prompts: the column of prompts.", "--prompts で入力がある列。")
        ),
    ] = None,
    max_tokens: generating.MaxTokens = None,
    min_tokens: generating.MinTokens = None,
    temperature: generating.Temperature = None,
    top_k: generating.TopK = None,
    top_p: generating.TopP = None,
    min_p: generating.MinP = None,
    repetition_penalty: generating.RepetitionPenalty = None,
    presence_penalty: Annotated[
        float | None, typer.Option(help=tr("Less of what was said.", "既出の語を抑える。"))
    ] = None,
    frequency_penalty: Annotated[
        float | None,
        typer.Option(help=tr("Less of what was said often.", "頻出の語を抑える。")),
    ] = None,
    no_repeat_ngram: generating.NoRepeat = None,
    stop: generating.Stop = None,
    samples: Annotated[int, typer.Option(min=1, help=tr("How many answers.", "生成する数。"))] = 1,
    seed: generating.Seed = None,
    logprobs: Annotated[
        int | None,
        typer.Option(
            min=0,
            help=tr(
                "Tell the log-probability of each token and N alternatives.",
                "各トークンの対数確率と上位 N 候補を示す。",
            ),
        ),
    ] = None,
    beams: generating.Beams = None,
    length_penalty: generating.LengthPenalty = None,
    precision: generating.Precision = "float32",
    stream: Annotated[
        bool,
        typer.Option(
            "--stream/--no-stream",
            help=tr("Show the text as it is written.", "生成しながら表示する。"),
        ),
    ] = False,
    as_json: common.AsJson = False,
    output: common.Output = None,
) -> None:
    if (prompt is None) == (prompts is None):
        raise BadInput(
            tr(
                "Give a prompt, or --prompts FILE.",
                "文章か --prompts ファイル を指定してください。",
            ),
            remedy='bunsan complete "..." --model MODEL',
        )
    if stream and (prompts is not None or samples > 1 or (beams or 1) > 1 or as_json):
        raise BadInput(
            tr(
                "--stream shows one answer of one prompt, without beams.",
                "--stream は 1 つの入力の 1 つの答えだけに使えます(ビーム探索は不可)。",
            )
        )
    settings = generating.given(
        max_tokens=max_tokens,
        min_tokens=min_tokens,
        temperature=temperature,
        top_k=top_k,
        top_p=top_p,
        min_p=min_p,
        repetition_penalty=repetition_penalty,
        presence_penalty=presence_penalty,
        frequency_penalty=frequency_penalty,
        no_repeat_ngram=no_repeat_ngram,
        stop=generating.stops(stop),
        seed=seed,
        logprobs=logprobs,
        beams=beams,
        length_penalty=length_penalty,
    )
    if prompts is not None:
        from bunsan.text.documents import read_documents

        documents = list(read_documents(prompts, text=text, by=(), unit="line", on_bad="refuse"))
        generator = generating.open_generator(model, precision)
        found = generator.complete_all([d.text for d in documents], samples=samples, **settings)
        cut = sum(c.cut > 0 for c in found)
        if cut:
            common.say(
                tr(
                    f"{cut:,} prompts were too long and were cut.",
                    f"{cut:,} 件は長すぎるため一部を省きました。",
                )
            )
        if as_json and output is None:
            common.print_json([_as_json(c) for c in found])
            return
        from bunsan.tasks.completion import completions_table

        common.emit(completions_table(found), as_json=as_json, output=output)
        return
    assert prompt is not None
    given = sys.stdin.read().rstrip("\n") if prompt == "-" else prompt
    generator = generating.open_generator(model, precision)
    if stream:
        _stream(generator, given, settings)
        return
    completion = generator.complete(given, samples=samples, **settings)
    generating.tell_cut(completion.cut, generator.room(max_tokens))
    if as_json:
        common.print_json(_as_json(completion))
        return
    if output is not None:
        from bunsan.tasks.completion import completions_table

        common.emit(completions_table([completion]), as_json=False, output=output)
        return
    for number, one in enumerate(completion.all, start=1):
        if number > 1:
            print("---")
        print(one.text)
        if one.choices:
            _print_choices(one)


def _as_json(completion: "Completion") -> dict[str, object]:
    return {"prompt": completion.prompt, "completions": [one.to_dict() for one in completion.all]}


def _stream(generator: "TextGenerator", prompt: str, settings: dict[str, object]) -> None:
    pieces = generator.stream(prompt, **settings)  # type: ignore[arg-type]
    generating.tell_cut(pieces.cut, generator.room())
    for piece in pieces:
        sys.stdout.write(piece)
        sys.stdout.flush()
    sys.stdout.write("\n")


def _print_choices(completion: "Completion") -> None:
    from math import exp

    for choice in completion.choices:
        others = " ".join(f"{t!r} {exp(p):.3f}" for t, p in choice.alternatives)
        print(f"{choice.token!r}\t{exp(choice.logprob):.3f}\t{others}".rstrip())
