"""What is said of nouns: by hand on plain sentences, and against people's annotations."""

import gzip
from pathlib import Path

import numpy as np
import pytest

from bunsan.text.analyze import Analyzer
from bunsan.text.words import WordSettings
from bunsan.words.predicates import RELATIONS, count_predicates, word_classes

ANALYZER = Analyzer(WordSettings(analyzer="sudachi"))


def triples(*texts: str) -> set[tuple[str, str, str]]:
    analysis = ANALYZER.analyze(list(texts))
    found = count_predicates(
        [(analysis.entry, analysis.sentence, None)], word_classes(analysis.forms, analysis.pos)
    )
    assert (found["count"] > 0).all()
    bases = analysis.bases
    return {
        (bases[n], RELATIONS[r], bases[p])
        for n, r, p in zip(found["noun"], found["relation"], found["predicate"], strict=True)
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("りんごを食べる。", {("りんご", "を", "食べる")}),
        ("私がりんごを食べた。", {("私", "が", "食べる"), ("りんご", "を", "食べる")}),
        ("朝食が美味しい。", {("朝食", "が", "美味しい")}),
        ("朝食は美味しい。", {("朝食", "は", "美味しい")}),
        ("ホテルで英語を勉強した。", {("ホテル", "で", "勉強"), ("英語", "を", "勉強")}),
        ("赤いりんごを食べる。", {("りんご", "連体", "赤い"), ("りんご", "を", "食べる")}),
        (
            "母に赤いりんごを送る。",
            {("りんご", "連体", "赤い"), ("りんご", "を", "送る"), ("母", "に", "送る")},
        ),
        ("りんごとバナナを食べる。", {("バナナ", "を", "食べる")}),
        ("料理について話す。", set()),
        ("子供が走り始めた。", {("子供", "が", "走る")}),
        ("窓には雪が積もる。", {("窓", "に", "積もる"), ("雪", "が", "積もる")}),
        ("りんごだけを食べる。", {("りんご", "を", "食べる")}),
        (
            "海が見える部屋に泊まる。",
            {("海", "が", "見える"), ("部屋", "連体", "見える"), ("部屋", "に", "泊まる")},
        ),
        ("パンを。食べる。", set()),
    ],
)
def test_by_hand(text: str, expected: set[tuple[str, str, str]]) -> None:
    assert triples(text) == expected


def test_segments_add_up_and_removed_sentences_do_not_count() -> None:
    analysis = ANALYZER.analyze(["りんごを食べる。桃を食べる。りんごを食べる。"])
    classes = word_classes(analysis.forms, analysis.pos)
    part = (analysis.entry, analysis.sentence, None)
    once, twice = count_predicates([part], classes), count_predicates([part, part], classes)
    assert (twice["count"] == 2 * once["count"]).all()
    assert sorted(once["count"]) == [1, 2]
    some = (analysis.entry, analysis.sentence, np.array([True, False, False]))
    assert count_predicates([some], classes)["count"].tolist() == [1]
    assert len(count_predicates([], classes)["count"]) == 0


def test_against_annotated_dependencies(shared_data: Path) -> None:
    """UD Japanese GSD, dev: a noun with が, を or に and the word it depends on."""
    gold: set[tuple[int, int, str, int]] = set()
    forms: list[str] = []
    tags: list[str] = []
    offsets = [0]
    at: dict[tuple[int, int], int] = {}
    tag = {"CCONJ": "CCONJ", "SCONJ": "SCONJ"}
    sentences: list[list[list[str]]] = [[]]
    with gzip.open(
        shared_data / "ud_japanese_gsd" / "dev.ne.conllu.gz", "rt", encoding="utf-8"
    ) as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                sentences[-1].append(line.rstrip("\n").split("\t"))
            elif not line.strip() and sentences[-1]:
                sentences.append([])
    light = {"する", "為る", "できる", "出来る"}
    for number, rows in enumerate(s for s in sentences if s):
        for k, row in enumerate(rows):
            pos = tag.get(row[3], row[3])
            lemma = row[2]
            if pos in ("VERB", "AUX") and lemma in light:
                pos = "LIGHT"
            at[number, k] = len(forms)
            forms.append(lemma)
            tags.append(pos)
        offsets.append(len(forms))
        for k, row in enumerate(rows):
            if row[3] == "ADP" and row[1] in ("が", "を", "に") and row[7] == "case":
                noun = int(row[6]) - 1
                head = int(rows[noun][6]) - 1
                nominal = rows[noun][3] in ("NOUN", "PROPN", "PRON")
                if nominal and head > k and rows[head][3] in ("VERB", "ADJ", "NOUN"):
                    gold.add((number, noun, row[1], head))
    # Every token is a word of its own here, so that triples can be told apart by place.
    classes = word_classes(forms, tags)
    word = np.arange(len(forms), dtype=np.int32)
    found = count_predicates([(word, np.array(offsets), None)], classes)
    place = {token: key for key, token in at.items()}
    said = {
        (*place[int(n)], RELATIONS[r], place[int(p)][1])
        for n, r, p in zip(found["noun"], found["relation"], found["predicate"], strict=True)
        if RELATIONS[r] in ("が", "を", "に")
    }
    right = len(said & gold)
    precision, recall = right / len(said), right / len(gold)
    print(
        f"{len(gold)} in the annotation, {len(said)} found: precision {precision:.3f}, recall {recall:.3f}"
    )
    assert precision > 0.7
    assert recall > 0.6
