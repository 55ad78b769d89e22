"""`bunsan antonyms`: a known fault of word vectors, measured."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from bunsan.base.language import tr
from bunsan.cli import common

HELP = tr(
    "How near opposites lie: vectors learned from the words around put 高い beside 安い. Cosines and ranks "
    "of antonyms, synonyms and random words, and how well cosine tells synonyms from antonyms (AUC, 95 % "
    "interval; 0.5 is chance).",
    "対義語がどれほど近いか: 周りの語から学ぶベクトルでは「高い」の近くに「安い」が来る。対義語・同義語・"
    "無作為な語のコサインと順位、同義語と対義語をコサインで区別できる度合い(AUC と 95% 区間、0.5 は偶然)を示す。",
)
EXAMPLES = [
    "bunsan antonyms vectors.safetensors",
    "bunsan antonyms vectors.safetensors -o antonyms.html",
    "bunsan antonyms reviews.bunsan --vectors word2vec --pairs",
    "bunsan antonyms vectors.safetensors --antonyms opposites.tsv --synonyms same.tsv",
]

_File = Path | None


def command(
    vectors: common.VectorsPath,
    antonyms: Annotated[
        _File,
        typer.Option(
            help=tr(
                "Pairs of your own, a pair a line (a third column names the part of speech).",
                "自分の対義語の表。1 行に 1 組(3 列目に品詞を書ける)。",
            )
        ),
    ] = None,
    synonyms: Annotated[
        _File, typer.Option(help=tr("Likewise for synonyms.", "同じく同義語の表。"))
    ] = None,
    language: Annotated[
        str | None,
        typer.Option(
            "--list",
            help=tr(
                "ja or en: bunsan's own lists; chosen by the words there are.",
                "bunsan の表の言語: ja か en。省略時はベクトルの語から決める。",
            ),
        ),
    ] = None,
    by_pos: Annotated[
        bool,
        typer.Option("--by-pos", help=tr("AUC by part of speech.", "AUC を品詞別に示す。")),
    ] = False,
    pairs: Annotated[
        bool, typer.Option("--pairs", help=tr("List all pairs.", "すべての組を一覧する。"))
    ] = False,
    name: common.VectorsName = None,
    seed: common.Seed = 0,
    as_json: common.AsJson = False,
    output: common.FigureOutput = None,
) -> None:
    from bunsan.tasks.antonyms import antonyms_at

    found = antonyms_at(
        vectors, name, antonyms=antonyms, synonyms=synonyms, language=language, seed=seed
    )
    if output is not None:
        found.save(output)
        common.written(output)
    if output is None or as_json:
        table = found.rows() if pairs else found.by_kind() if by_pos else found.table()
        common.emit(table, as_json=as_json, output=None, more=found.facts())
    if not as_json and (output is not None or pairs or by_pos or not sys.stdout.isatty()):
        common.say(found.finding)
