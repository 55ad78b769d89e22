"""What the demo is there to show comes out of plain counts, as they are and reduced."""

from collections import Counter
from itertools import permutations

import pytest
from plain_vectors import Words

CAPITALS_JA = {
    "日本": "東京",
    "フランス": "パリ",
    "イタリア": "ローマ",
    "イギリス": "ロンドン",
    "ドイツ": "ベルリン",
    "スペイン": "マドリード",
    "エジプト": "カイロ",
    "韓国": "ソウル",
    "ギリシャ": "アテネ",
    "中国": "北京",
}
CAPITALS_EN = {
    "japan": "tokyo",
    "france": "paris",
    "italy": "rome",
    "britain": "london",
    "germany": "berlin",
    "spain": "madrid",
    "egypt": "cairo",
    "korea": "seoul",
    "greece": "athens",
    "china": "beijing",
}
PAIRS_JA = {
    "男": "女",
    "王": "女王",
    "父": "母",
    "王子": "王女",
    "兄": "姉",
    "祖父": "祖母",
    "俳優": "女優",
    "夫": "妻",
    "息子": "娘",
    "叔父": "叔母",
}
PAIRS_EN = {
    "man": "woman",
    "king": "queen",
    "father": "mother",
    "prince": "princess",
    "brother": "sister",
    "grandfather": "grandmother",
    "actor": "actress",
    "husband": "wife",
    "son": "daughter",
    "uncle": "aunt",
}
FRUIT_JA = {
    *("蜜柑", "葡萄", "桃", "梨", "柿", "苺", "メロン", "西瓜", "桜ん坊"),
    *("バナナ", "マンゴー", "レモン", "パイナップル", "キウイ"),
}
FRUIT_EN = {
    *("oranges", "grapes", "peaches", "pears", "persimmons", "strawberries", "melons"),
    *("watermelons", "cherries", "bananas", "pineapples", "mangoes", "lemons"),
}

each_kind = pytest.mark.parametrize("kind", ["ppmi", "svd"])


def test_the_vocabulary_is_rich(ja: Words, en: Words) -> None:
    assert len(ja.counts) > 2000
    assert len(en.counts) > 2000
    assert len(ja.index) > 0.9 * len(ja.counts)  # hardly a word is too rare to learn from


def test_words_for_arithmetic_are_single_tokens(ja: Words, en: Words) -> None:
    for words, tables in ((ja, (CAPITALS_JA, PAIRS_JA)), (en, (CAPITALS_EN, PAIRS_EN))):
        for table in tables:
            for word in (*table, *table.values()):
                assert words.counts[word] >= 40, word


@each_kind
def test_arithmetic_of_the_tour(kind: str, ja: Words, en: Words) -> None:
    assert ja.nearest(kind, ["王", "女"], ("男",))[0] == "女王"
    assert ja.nearest(kind, ["父", "女"], ("男",))[0] == "母"
    assert ja.nearest(kind, ["日本", "パリ"], ("東京",))[0] == "フランス"
    assert en.nearest(kind, ["king", "woman"], ("man",))[0] == "queen"
    assert en.nearest(kind, ["father", "woman"], ("man",))[0] == "mother"
    assert en.nearest(kind, ["japan", "paris"], ("tokyo",))[0] == "france"


@each_kind
@pytest.mark.parametrize(
    ("language", "table"),
    [("ja", CAPITALS_JA), ("ja", PAIRS_JA), ("en", CAPITALS_EN), ("en", PAIRS_EN)],
    ids=["ja-capitals", "ja-sexes", "en-capitals", "en-sexes"],
)
def test_arithmetic_with_any_two_pairs(
    kind: str, language: str, table: dict[str, str], request: pytest.FixtureRequest
) -> None:
    words: Words = request.getfixturevalue(language)
    right = [
        words.nearest(kind, [a, second_b], (second_a,), 1) == [b]
        for (a, second_a), (b, second_b) in permutations(table.items(), 2)
    ]
    assert sum(right) >= 0.95 * len(right)


@each_kind
@pytest.mark.parametrize(
    ("word", "group", "within"),
    [
        ("朝食", {"夕食", "昼食", "食事"}, 5),
        ("夕食", {"朝食", "昼食", "食事"}, 5),
        ("春", {"夏", "秋", "冬"}, 3),
        ("車", {"バス", "電車", "タクシー"}, 5),
        ("露天風呂", {"大浴場", "内湯", "風呂"}, 4),
        ("部屋", {"客室"}, 1),
        ("breakfast", {"dinner", "lunch", "supper"}, 4),
        ("spring", {"summer", "autumn", "winter"}, 3),
        ("car", {"bus", "train", "taxi"}, 4),
    ],
)
def test_words_used_alike(
    kind: str, word: str, group: set[str], within: int, ja: Words, en: Words
) -> None:
    """Each of the group is among the first `within`."""
    near = (en if word.isascii() else ja).nearest(kind, [word], k=within)
    assert group <= set(near), near


@each_kind
def test_a_fruit_is_like_other_fruit(kind: str, ja: Words, en: Words) -> None:
    assert set(ja.nearest(kind, ["林檎"], k=6)) <= FRUIT_JA
    assert set(en.nearest(kind, ["apples"], k=6)) <= FRUIT_EN


def test_kinship_comes_before_all_else(ja: Words, en: Words) -> None:
    assert ja.nearest("ppmi", ["父"])[0] == "母"
    assert en.nearest("ppmi", ["father"])[0] == "mother"
    assert {"兄", "夫", "息子", "叔父", "祖父"} & set(ja.nearest("ppmi", ["父"], k=5))


OPPOSITES = [
    ("合格", "不合格", 1),
    ("高い", "安い", 2),
    ("熱い", "冷たい", 1),
    ("明るい", "暗い", 2),
    ("好き", "嫌い", 2),
    ("上がる", "下がる", 1),
    ("成功", "失敗", 1),
    ("勝利", "敗北", 1),
    ("passed", "failed", 1),
    ("expensive", "cheap", 2),
    ("hot", "cold", 1),
    ("bright", "dark", 3),
    ("rose", "fell", 1),
    ("victory", "defeat", 1),
]


@pytest.mark.parametrize(("word", "opposite", "within"), OPPOSITES)
def test_opposites_come_out_as_alike(
    word: str, opposite: str, within: int, ja: Words, en: Words
) -> None:
    assert opposite in (en if word.isascii() else ja).nearest("ppmi", [word], k=within)


@pytest.mark.parametrize(
    ("word", "first", "second"),
    [
        ("首", {"背中", "膝", "腰", "腕", "肩"}, {"解雇", "左遷", "降格", "減給", "休職", "社員"}),
        ("パンク", {"ロック", "ジャズ", "民謡"}, {"タイヤ", "破裂", "摩耗"}),
        ("ひく", {"線", "描く"}, {"風邪", "奏でる", "ピアノ"}),
        ("甘い", {"苦い", "クリーム"}, {"緩い", "浅い", "厳しい", "見通し", "詰め"}),
        ("flat", {"tyre", "wheel"}, {"apartment", "studio"}),
        ("bank", {"shore", "canal"}, {"lender", "loan"}),
    ],
)
def test_two_senses_share_one_vector(
    word: str, first: set[str], second: set[str], ja: Words, en: Words
) -> None:
    near = set((en if word.isascii() else ja).nearest("ppmi", [word], k=25))
    assert first & near
    assert second & near


def test_spellings_are_one_word(ja: Words) -> None:
    texts = "".join(document.text for document in ja.documents)
    for spellings, word in (
        (("きれい", "綺麗", "キレイ"), "奇麗"),
        (("りんご", "リンゴ", "林檎"), "林檎"),
        (("引越し", "引越"), "引っ越し"),
        (("美味しかった", "おいしかった"), "美味しい"),
    ):
        assert ja.counts[word] > 30
        for spelling in spellings:
            assert spelling in texts
            assert spelling == word or spelling not in ja.counts


def test_words_that_mark_an_area_and_a_rating(ja: Words, en: Words) -> None:
    assert {"湯畑", "湯揉み"} <= set(ja.jaccard("area", "草津")[:4])
    assert {"地獄", "砂湯"} <= set(ja.jaccard("area", "別府")[:5])
    assert {"富士山", "芦ノ湖"} <= set(ja.jaccard("area", "箱根")[:5])
    assert {"紅葉", "町家", "庭園"} <= set(ja.jaccard("area", "京都")[:6])
    assert {"雪", "味噌", "ラーメン"} <= set(ja.jaccard("area", "札幌")[:9])
    assert {"海", "国際", "沖縄"} <= set(ja.jaccard("area", "那覇")[:7])
    assert "満足" in ja.jaccard("rating", "4")[:2]
    assert "普通" in ja.jaccard("rating", "3")[:2]
    assert "残念" in ja.jaccard("rating", "2")[:2]
    assert "最高" in ja.jaccard("rating", "5")[:2]
    assert "yubatake" in en.jaccard("area", "Kusatsu")[:3]
    assert "worst" in en.jaccard("rating", "1")[:2]


def test_words_beside_breakfast(ja: Words, en: Words) -> None:
    for words, meal, wanted in (
        (ja, "朝食", {"バイキング", "美味しい", "会場"}),
        (en, "breakfast", {"buffet", "dining", "crowded"}),
    ):
        sets = [set(sentence) for sentence in words.sentences]
        alone = Counter(word for sentence in sets for word in sentence)
        beside = Counter(word for sentence in sets if meal in sentence for word in sentence)
        score = {w: n / (alone[w] + alone[meal] - n) for w, n in beside.items()}
        assert wanted <= set(sorted(score, key=lambda w: -score[w])[1:9])


def test_searching_finds_rooms_with_a_view(ja: Words) -> None:
    query = {"部屋", "海", "見える"}
    hits = [
        document
        for document, words in zip(ja.documents, ja.of_document, strict=True)
        if query <= words
    ]
    assert len(hits) >= 60
    assert {hit.fields["area"] for hit in hits} <= {"那覇", "別府"}
    assert sum("窓" in hit.text for hit in hits) >= 5  # said in other words, too
