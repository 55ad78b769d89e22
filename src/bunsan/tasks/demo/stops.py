"""The tour: what the demo asks of its collection, and one sentence each on what to see there."""

from dataclasses import dataclass, field
from typing import Any

from bunsan.base.language import Language, tr
from bunsan.tasks.demo.world import STAYS


@dataclass(frozen=True)
class Stop:
    """One request: a method of a collection, what it is given, and what to see in its answer."""

    verb: str
    arguments: tuple[str, ...]
    why: str
    options: dict[str, Any] = field(default_factory=dict)


def tour(language: Language) -> list[Stop]:
    """The stops through the world in `language`; the sentences are in the reader's language."""
    words = _JA if language == "ja" else _EN
    stays = {"topic": STAYS[language]}
    return [
        Stop(
            "search",
            (words["view"],),
            tr(
                "The sentence need not occur as it was typed. Look twice, though: a complaint that "
                "nothing can be seen has the same words.",
                "文がそのままなくても、語が合えば見つかります。"
                "ただし「見えると聞いていたのに」という苦情も同じ語を含みます。",
            ),
            {"k": 5},
        ),
        Stop(
            "search",
            (words["narrow"],),
            tr(
                "A phrase in quotation marks has to occur, a word after a minus sign may not: "
                "the complaints are gone.",
                "引用符の句は必ず含み、マイナスを付けた語は含まない。これで苦情が外れます。",
            ),
            {"k": 5},
        ),
        Stop(
            "search",
            (words["spelling"],),
            tr(words["spelling_why_en"], words["spelling_why_ja"]),
            {"k": 3},
        ),
        Stop(
            "similar",
            (words["meal"],),
            tr(
                "Words used alike: other meals, found from the company that each word keeps.",
                "使われ方の似た語。辞書なしで、ほかの食事の名が並びます。",
            ),
            {"k": 8},
        ),
        Stop(
            "similar",
            (words["vehicle"],),
            tr(
                "Other vehicles come together in the same way.",
                "乗り物の名も同じように集まります。",
            ),
            {"k": 8},
        ),
        Stop(
            "similar",
            (words["season"],),
            tr(
                "The other three seasons come first, then the weather and flowers of this one.",
                "残りの三つの季節が先に並び、その季節の天気や花が続きます。",
            ),
            {"k": 8},
        ),
        Stop(
            "similar",
            (words["royal"],),
            tr(
                "Arithmetic with words: leave out what is male, put in what is female.",
                "語の足し算と引き算。男らしい文脈を引き、女らしい文脈を足します。",
            ),
            {"k": 5},
        ),
        Stop(
            "similar",
            (words["parent"],),
            tr(
                "The same step leads from one parent to the other.",
                "同じ引き算で、父から母へ移れます。",
            ),
            {"k": 5},
        ),
        Stop(
            "similar",
            (words["capital"],),
            tr(
                "From a capital to its country, by the example of another pair.",
                "ある国と首都の組を手がかりに、別の首都からその国を当てます。",
            ),
            {"k": 5},
        ),
        Stop(
            "similar",
            (words["opposite"],),
            tr(
                "A fault to know: opposites stand in the same sentences and come out as alike.",
                "知っておきたい弱点。反対の語は同じ文に現れるので、似た語として出てきます。",
            ),
            {"k": 5},
        ),
        Stop(
            "similar",
            (words["senses"],),
            tr(words["senses_why_en"], words["senses_why_ja"]),
            {"k": 12},
        ),
        Stop(
            "nearest",
            (words["royal"],),
            tr(
                "Learned vectors (word2vec) are short and dense; the arithmetic works on them, too.",
                "学習したベクトル(word2vec)は短く密です。足し算と引き算はここでも成り立ちます。",
            ),
            {"vectors": "word2vec", "k": 5},
        ),
        Stop(
            "nearest",
            (words["opposite"],),
            tr(
                "And so do the faults: learned or counted, opposites keep the same company.",
                "弱点も同じです。数えても学んでも、反対の語は同じ語に囲まれています。",
            ),
            {"vectors": "word2vec", "k": 5},
        ),
        Stop(
            "kwic",
            (words["senses"],),
            tr(
                "Occurrences in their sentences tell the senses apart; sorted by what follows, "
                "those of one sense come together.",
                "用例を見れば意味は見分けられます。後に続く語の順に並べると、意味ごとにまとまります。",
            ),
            {"limit": 12, "sort": "right"},
        ),
        Stop(
            "related",
            (words["meal"],),
            tr(
                "Not words used alike but words of the same sentence: what is said of this meal.",
                "似た語ではなく、同じ文に出る語。この食事の何が語られるかが分かります。",
            ),
            {"k": 10, "where": stays},
        ),
        Stop(
            "features",
            (),
            tr(
                "The words that mark each area: its sights, its food and its baths.",
                "地域ごとの特徴語。名所や食べ物や湯の名が並びます。",
            ),
            {"by": "area", "k": 6},
        ),
        Stop(
            "features",
            (),
            tr(
                "The words that mark each rating, from delight to anger.",
                "評価ごとの特徴語。満足から怒りまでの言葉の違いが見えます。",
            ),
            {"by": "rating", "k": 6},
        ),
    ]


_JA = {
    "view": "部屋から海が見える",
    "narrow": '"部屋から海が見える" -聞く',
    "spelling": "キレイなお部屋",
    "spelling_why_en": "Spellings are counted as one word: きれい and 綺麗 are found, too.",
    "spelling_why_ja": "表記の違いはまとめて数えます。「きれい」も「綺麗」も見つかります。",
    "meal": "朝食",
    "vehicle": "車",
    "season": "春",
    "royal": "王 - 男 + 女",
    "parent": "父 - 男 + 女",
    "capital": "日本 - 東京 + パリ",
    "opposite": "合格",
    "senses": "首",
    "senses_why_en": "Another fault: one vector for two senses. The neck (parts of the body) mixes "
    "with the sack (losing one's job).",
    "senses_why_ja": "もう一つの弱点。意味が二つあっても一つに混ざります。"
    "体の「首」と、会社を「首」になる話です。",
}
_EN = {
    "view": "we could see the sea from our room",
    "narrow": '"see the sea from the room" -promised',
    "spelling": "fellow TRAVELLERS",
    "spelling_why_en": "Capital letters do not matter, spelling does: travelers is another word.",
    "spelling_why_ja": "大文字と小文字は区別しませんが、travelers というつづりは別の語です。",
    "meal": "breakfast",
    "vehicle": "car",
    "season": "spring",
    "royal": "king - man + woman",
    "parent": "father - man + woman",
    "capital": "Japan - Tokyo + Paris",
    "opposite": "passed",
    "senses": "flat",
    "senses_why_en": "Another fault: one vector for all senses. Flat tyres mix with rented flats.",
    "senses_why_ja": "もう一つの弱点。意味がいくつあっても一つに混ざります。"
    "タイヤの flat と住まいの flat です。",
}
