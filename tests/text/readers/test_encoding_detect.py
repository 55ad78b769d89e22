"""Detection: realistic short texts in all encodings, and bytes that are no Japanese."""

import codecs
import gzip
import json
from pathlib import Path

import pytest

from bunsan.text.encoding import detect

TEXTS = [
    "駅から近くて便利でした。また利用したいです。",
    "スタッフの対応がとても良かった",
    "本文,性別\nとても良い,男\n普通,女\n",
    "朝食◎ 部屋△",
    "氏名\t住所\n山田太郎\t東京都千代田区\n",
    "①駅から徒歩５分\r\n②㈱山田商店\r\n",
    "アンケート結果",
    "特になし\n",
    "はい\nいいえ\nはい\n",
    "温泉",
    "良い\n悪い\n",
    '{"text": "雨が降っている", "n": 1}\n',
    "ID,コメント\n1,まあまあ\n2,ﾄﾞﾘﾝｸﾊﾞｰが安い\n",
    "髙橋さんと﨑山さんの感想です。",
    "〒100-0001 東京都千代田区千代田1-1",
    "「国境の長いトンネルを抜けると雪国であった。」",
    "部署,人数\n営業部,12\n総務部,3\n経理課,5\n",
]


def encoded(text: str, encoding: str) -> bytes:
    if encoding == "euc-jp":  # by way of CP932, since Python's codec lacks ① and 髙
        return b"".join(euc(character) for character in text)
    return text.encode(encoding)


def euc(character: str) -> bytes:
    code = character.encode("cp932")
    if len(code) == 1:
        return code if code[0] < 0x80 else b"\x8e" + code
    leads = [*range(0x81, 0xA0), *range(0xE0, 0xFD)]
    trails = [*range(0x40, 0x7F), *range(0x80, 0xFD)]
    if code[0] >= 0xFA:  # IBM's extensions: the same sign among NEC's selection
        for lead in range(0xED, 0xEF):
            for trail in trails:
                try:
                    same = bytes((lead, trail)).decode("cp932") == character
                except UnicodeDecodeError:
                    continue
                if same:
                    code = bytes((lead, trail))
    number = leads.index(code[0]) * 188 + trails.index(code[1])
    return bytes((0xA1 + number // 94, 0xA1 + number % 94))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp932", "euc-jp", "utf-16"])
@pytest.mark.parametrize("text", TEXTS)
def test_realistic_texts(text: str, encoding: str) -> None:
    assert detect(encoded(text, encoding), complete=True) == encoding


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", [text for text in TEXTS if "\n" in text])
def test_utf_16_without_a_mark(text: str, encoding: str) -> None:
    assert detect(text.encode(encoding), complete=True) == encoding


@pytest.mark.parametrize("text", [text for text in TEXTS if not set(text) & set("①②㈱髙﨑")])
def test_iso_2022_jp(text: str) -> None:
    data = text.encode("iso2022_jp_ext")
    assert detect(data, complete=True) == "iso-2022-jp"


@pytest.mark.parametrize("mark", [codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE])
def test_utf_32_by_its_mark(mark: bytes) -> None:
    codec = "utf-32-le" if mark == codecs.BOM_UTF32_LE else "utf-32-be"
    assert detect(mark + "本文".encode(codec), complete=True) == "utf-32"


@pytest.mark.parametrize("encoding", ["utf-8", "cp932", "euc-jp"])
@pytest.mark.parametrize("cut", [1, 2, 3, 4, 5])
def test_a_sample_may_end_within_a_character(encoding: str, cut: int) -> None:
    data = ("部屋がきれいで朝食もおいしかった。" * 10).encode(encoding)
    assert detect(data[:-cut]) == encoding


def test_a_few_bad_bytes_do_not_change_utf_8() -> None:
    good = "部屋がきれいで朝食もおいしかった。\n".encode()
    assert detect(good * 5 + b"\x82\xff\n" + good * 5, complete=True) == "utf-8"


@pytest.mark.parametrize("encoding", ["cp932", "euc-jp"])
def test_a_few_bad_bytes_do_not_change_the_others(encoding: str) -> None:
    good = "部屋がきれいで朝食もおいしかった。\n".encode(encoding)
    assert detect(good * 5 + b"\x81\n\xff\n" + good * 5, complete=True) == encoding


def test_one_bad_byte_in_ascii_is_no_reason_to_give_up() -> None:
    assert detect(b"The room was clean and quiet.\n" * 20 + b"\xe9\n", complete=True) == "utf-8"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Le café était fermé à l'été, j'étais déçu. Où êtes-vous né?", "cp1252"),
        ("“It’s fine”, he said – “really”.", "cp1252"),
        ("我喜歡這個酒店，房間很乾淨，服務員很友好", "big5"),
        ("我喜欢这个酒店，房间很干净，服务员很友好。早餐也不错。", "gbk"),
        ("Отель очень чистый и персонал дружелюбный", "cp1251"),
    ],
)
def test_other_languages_are_not_taken_for_japanese(text: str, encoding: str) -> None:
    assert detect(text.encode(encoding), complete=True) is None


def test_binary_data_is_no_text() -> None:
    noise = bytes((i * i * 7 + i * 13 + 31) % 256 for i in range(4096))
    assert detect(noise, complete=True) is None
    assert detect(b"\x89PNG\r\n\x1a\n" + noise, complete=True) is None


def test_nul_bytes_alone_do_not_make_utf_16() -> None:
    assert detect("本文\0,性別\nとても良い\0,男\n".encode(), complete=True) == "utf-8"
    assert detect("本文\0,性別\nとても良い\0,男\n".encode("cp932"), complete=True) == "cp932"
    assert detect(b"\0" * 100, complete=True) is None
    assert detect(bytes((0, 0, 8, 1, 0, 0, 39, 16, 7, 2, 1, 0, 4, 1, 4, 9)), complete=True) is None


def test_sentences_of_real_corpora(shared_data: Path) -> None:
    wrong = total = 0
    with gzip.open(shared_data / "jsts" / "train.jsonl.gz", "rt", encoding="utf-8") as file:
        for line, _ in zip(file, range(1500), strict=False):
            text = json.loads(line)["sentence1"]
            for encoding in ("utf-8", "cp932", "euc-jp"):
                try:
                    data = text.encode(encoding)
                except UnicodeEncodeError:
                    continue
                total += 1
                wrong += detect(data, complete=True) != encoding
    assert total > 4000
    assert wrong == 0
