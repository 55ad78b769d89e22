"""`bunsan evaluate`: how well vectors agree with people."""

from pathlib import Path
from typing import Annotated

import typer

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.cli import common

HELP = tr(
    "Score word vectors: analogies by section, word similarity (Spearman), synonyms; with 95 % intervals "
    "and what could not be asked.",
    "語のベクトルを採点する: 類推(区分別)、語の類似度(順位相関)、同義語。95% 信頼区間と未知語の数も示す。",
)
EXAMPLES = [
    "bunsan evaluate vectors.safetensors --analogies questions-words.txt --lower",
    "bunsan evaluate vectors.safetensors --similarity noun.csv --similarity verb.csv",
    "bunsan evaluate reviews.bunsan --vectors fasttext --similarity pairs.tsv --column human",
]

_Files = list[Path] | None


def command(
    vectors: common.VectorsPath,
    analogies: Annotated[
        _Files,
        typer.Option(
            help=tr(
                "Lines 'a b c d' in ': sections', or a table of relation, x, y; repeatable.",
                "「: 区分」と「a b c d」の行、または 関係,x,y の表。くり返し可。",
            )
        ),
    ] = None,
    similarity: Annotated[
        _Files,
        typer.Option(
            help=tr(
                "A table of two words and people's score; repeatable.",
                "2 語と人の評定の表。くり返し可。",
            )
        ),
    ] = None,
    synonyms: Annotated[
        _Files,
        typer.Option(
            help=tr(
                "A table of word, synonym, other choices; repeatable.",
                "語、同義語、ほかの選択肢の表。くり返し可。",
            )
        ),
    ] = None,
    name: common.VectorsName = None,
    method: common.Arithmetic = "3cosadd",
    restrict: Annotated[
        int,
        typer.Option(
            min=0,
            help=tr(
                "Analogies among the first so many words; 0 for all.",
                "類推に使う語を先頭から何語に限るか。0 で全部。",
            ),
        ),
    ] = 30_000,
    per_relation: Annotated[
        int,
        typer.Option(
            min=0,
            help=tr(
                "Pairs of rows drawn from each relation of a table; 0 for all.",
                "表の各関係から引く組の数。0 で全部。",
            ),
        ),
    ] = 1000,
    lower: Annotated[
        bool, typer.Option("--lower", help=tr("Questions in lower case.", "問題を小文字にする。"))
    ] = False,
    unseen: Annotated[
        bool,
        typer.Option(
            "--unseen",
            help=tr("Let n-grams stand in for unknown words.", "未知語を n-gram で補う。"),
        ),
    ] = False,
    column: Annotated[
        str | None,
        typer.Option(
            help=tr("The score's column; the last if left out.", "評定の列。省略時は最後。")
        ),
    ] = None,
    totals: Annotated[
        bool, typer.Option("--totals", help=tr("Leave sections out.", "区分別を省く。"))
    ] = False,
    seed: common.Seed = 0,
    as_json: common.AsJson = False,
    output: common.Output = None,
) -> None:
    from bunsan.tasks.vectors import evaluate, vectors_at

    if not (analogies or similarity or synonyms):
        raise BadInput(
            tr("No questions were given.", "問題集が指定されていません。"),
            remedy=tr(
                "Give --analogies, --similarity or --synonyms FILE.",
                "--analogies、--similarity、--synonyms のどれかにファイルを指定してください。",
            ),
        )
    result = evaluate(
        vectors_at(vectors, name),
        analogies=analogies or (),
        similarity=similarity or (),
        synonyms=synonyms or (),
        method=common.arithmetic(method),
        restrict=restrict or None,
        lower=lower,
        unseen=unseen,
        column=column,
        per_relation=per_relation or None,
        seed=seed,
    )
    common.emit(result.table(sections=not totals), as_json=as_json, output=output)
