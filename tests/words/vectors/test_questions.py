"""Files of questions for word vectors."""

from collections import Counter
from pathlib import Path

import pytest

from bunsan.base.errors import BadInput, Missing
from bunsan.words.vectors.evaluate.question_files import (
    Analogy,
    ScoredPair,
    SynonymQuestion,
    read_analogies,
    read_pairs,
    read_synonyms,
    synonyms_from_pairs,
)


def write(folder: Path, data: str, encoding: str = "utf-8") -> Path:
    path = folder / "questions"
    path.write_bytes(data.encode(encoding))
    return path


def test_sections(tmp_path: Path) -> None:
    path = write(tmp_path, "# remark\n: one\na b c d\n\ne f g h\r\n: two\ni j k l\n")
    one, two = read_analogies(path)
    assert (one.name, two.name) == ("one", "two")
    assert one.questions == [Analogy("a", "b", "c", ("d",)), Analogy("e", "f", "g", ("h",))]
    assert two.questions == [Analogy("i", "j", "k", ("l",))]
    (only,) = read_analogies(write(tmp_path, "a b c d\n"))
    assert only.name == "questions"
    with pytest.raises(BadInput) as error:
        read_analogies(write(tmp_path, ": one\na b c d\na b c\n"))
    assert error.value.row == 3


def test_relations(tmp_path: Path) -> None:
    data = "relation\tx\ty\n首都\t日本\t東京\tJP\n首都\t仏\tパリ\n通貨\t独\tユーロ\n通貨\t仏\tユーロ\n通貨\t米\tドル\n"
    capital, currency = read_analogies(write(tmp_path, data, "cp932"), per_relation=None)
    assert set(capital.questions) == {
        Analogy("日本", "東京", "仏", ("パリ",)),
        Analogy("仏", "パリ", "日本", ("東京",)),
    }
    # The euro cannot be the answer where it is in the question.
    assert set(currency.questions) == {
        Analogy("独", "ユーロ", "米", ("ドル",)),
        Analogy("仏", "ユーロ", "米", ("ドル",)),
        Analogy("米", "ドル", "独", ("ユーロ",)),
        Analogy("米", "ドル", "仏", ("ユーロ",)),
    }
    with pytest.raises(BadInput) as error:
        read_analogies(write(tmp_path, "r\ta\tb\nr\ta\n"))
    assert error.value.row == 2


def test_several_right_answers(tmp_path: Path) -> None:
    data = "語\tスイス\tドイツ語\n語\tスイス\tフランス語\n語\t独\tドイツ語\n語\t日本\t日本語\n"
    (section,) = read_analogies(write(tmp_path, data), per_relation=None)
    assert Analogy("日本", "日本語", "スイス", ("ドイツ語", "フランス語")) in section.questions
    assert Analogy("独", "ドイツ語", "スイス", ("フランス語",)) in section.questions


def test_a_sample_of_many(tmp_path: Path) -> None:
    data = "".join(f"r\tx{i}\ty{i}\n" for i in range(60))
    path = write(tmp_path, data)
    (whole,) = read_analogies(path, per_relation=None)
    assert len(set(whole.questions)) == len(whole.questions) == 60 * 59
    (part,) = read_analogies(path, per_relation=100)
    assert len(set(part.questions)) == 100
    assert set(part.questions) < set(whole.questions)
    assert read_analogies(path, per_relation=100) == [part]
    assert read_analogies(path, per_relation=100, seed=1) != [part]
    spread = Counter(question.a for question in part.questions)
    assert len(spread) > 30


@pytest.mark.parametrize(
    "data",
    [
        'word1,word2,mean(x),a1,a2,mean\nlove,sex,9,1,2,6.77\n"a, b",c,9,1,2,3\n',
        "Word 1\tWord 2\tHuman (mean)\textra\nlove\tsex\t6.77\t1\na, b\tc\t3\t2\n",
        "love\tsex\t6.77\na, b\tc\t3\n",
    ],
)
def test_pairs(tmp_path: Path, data: str) -> None:
    assert read_pairs(write(tmp_path, data)) == [
        ScoredPair("love", "sex", 6.77),
        ScoredPair("a, b", "c", 3.0),
    ]


def test_pairs_by_column(tmp_path: Path) -> None:
    path = write(tmp_path, "a b 1 2 3\nc d 4 5 6\n")
    assert [pair.score for pair in read_pairs(path)] == [3, 6]
    assert [pair.score for pair in read_pairs(path, 3)] == [1, 4]
    path = write(tmp_path, "x y POS SimLex999 SD\na b N 1 9\n")
    assert [pair.score for pair in read_pairs(path)] == [1]
    assert [pair.score for pair in read_pairs(path, "SD")] == [9]
    for column in ("other", "x", 2, 9):
        with pytest.raises(BadInput, match="POS, SimLex999, SD"):
            read_pairs(path, column)
    for data, row in (
        ("a,b,1\nc,d,\n", 2),
        ("a,b,1\nc\n", 2),
        ("a,b,1\nc,d,nan\n", 2),
        ("a b\n", 1),
    ):
        with pytest.raises(BadInput) as error:
            read_pairs(write(tmp_path, data))
        assert error.value.row == row, data
    for data in ("", "x,y,mean\n"):
        with pytest.raises(BadInput, match="no questions"):
            read_pairs(write(tmp_path, data))
    with pytest.raises(Missing):
        read_pairs(tmp_path / "nothing")


def test_synonym_questions(tmp_path: Path) -> None:
    path = write(tmp_path, "enormously,tremendously,appropriately,uniquely\nbig,large,small\n")
    assert read_synonyms(path) == [
        SynonymQuestion("enormously", ("tremendously", "appropriately", "uniquely")),
        SynonymQuestion("big", ("large", "small")),
    ]
    with pytest.raises(BadInput) as error:
        read_synonyms(write(tmp_path, "a b c\na b\n"))
    assert error.value.row == 2


def test_synonyms_of_pairs() -> None:
    pairs = [ScoredPair(f"a{i}", f"b{i}", i) for i in range(20)]
    pairs += [ScoredPair("a19", "b0", 1), ScoredPair("b19", "b1", 1)]
    questions = synonyms_from_pairs(pairs, choices=3, share=0.2, seed=4)
    assert [question.word for question in questions] == ["a19", "a18", "a17", "a16"]
    for question in questions:
        assert question.choices[0] == question.word.replace("a", "b")
        assert len(set(question.choices)) == 3
    assert not {"b0", "b1"} & set(questions[0].choices)
    assert synonyms_from_pairs(pairs, choices=3, share=0.2, seed=4) == questions
    with pytest.raises(ValueError, match="two choices"):
        synonyms_from_pairs(pairs, choices=1)


def test_the_open_sets(shared_data: Path) -> None:
    sections = read_analogies(shared_data / "analogies" / "en_questions_words.txt")
    assert len(sections) == 14
    assert sum(len(section.questions) for section in sections) == 19544
    relations = read_analogies(shared_data / "analogies" / "ja_relations.tsv", per_relation=50)
    assert [len(section.questions) for section in relations] == [50] * 5
    pairs = [
        read_pairs(path) for path in sorted((shared_data / "word_similarity").glob("ja_*.csv"))
    ]
    assert sum(map(len, pairs)) == 4429
    assert pairs[0][0] == ScoredPair("あっけなく", "苦労なく", 6.2)
