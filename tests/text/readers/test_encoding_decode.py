"""Decoders: every sign of Windows' tables, and damage that stays where it is."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bunsan.base.errors import BadInput
from bunsan.text.encoding import DAMAGED, decoder, encoding_name

PAIRS = [bytes((row, cell)) for row in range(0xA1, 0xFF) for cell in range(0xA1, 0xFF)]


def all_at_once(data: bytes, encoding: str) -> str:
    return decoder(encoding).decode(data, True)


def shift_jis_pair(euc: bytes) -> bytes:
    """The Shift_JIS code of an EUC-JP pair, by JIS X 0208:1997, annex 1, as one walks the rows."""
    number = (euc[0] - 0xA1) * 94 + euc[1] - 0xA1
    leads = [*range(0x81, 0xA0), *range(0xE0, 0xFD)]
    trails = [*range(0x40, 0x7F), *range(0x80, 0xFD)]
    return bytes((leads[number // 188], trails[number % 188]))


def test_euc_jp_is_cp932_in_other_bytes() -> None:
    known = 0
    for pair in PAIRS:
        try:
            expected = shift_jis_pair(pair).decode("cp932")
        except UnicodeDecodeError:
            assert DAMAGED in all_at_once(pair, "euc-jp")
        else:
            known += 1
            assert all_at_once(pair, "euc-jp") == expected
    assert known == 6879 + 83 + 374  # JIS X 0208; NEC's row 13; NEC's selection of IBM's extensions


@pytest.mark.parametrize(
    ("code", "sign"),
    [
        ("ada1", "①"),
        ("adea", "㈱"),
        ("fce2", "髙"),
        ("f9a1", "纊"),
        ("8ff4fb", "髙"),  # eucJP-ms puts IBM's extensions behind JIS X 0212
        ("8ff3f3", "ⅰ"),
        ("8ff4ac", "№"),
        ("8ff4fe", "黑"),
        ("8fb0a1", "丂"),  # JIS X 0212
        ("8eb1", "ｱ"),
        ("a1c1", "～"),
    ],
)
def test_euc_jp_signs_of_real_files(code: str, sign: str) -> None:
    assert all_at_once(bytes.fromhex(code), "euc-jp") == sign


@pytest.mark.parametrize("sign", "①㈱髙﨑ⅲ～－～∥纊")
def test_windows_signs_in_every_encoding(sign: str) -> None:
    lead, trail = sign.encode("cp932")
    assert all_at_once(bytes((lead, trail)), "cp932") == sign


def test_iso_2022_jp_reads_windows_signs_and_half_width_kana() -> None:
    data = b'\x1b$B-!-j\x1b(B ok \x1b(I6E\x1b(B\n\x1b$B$"!A\x1b(B'
    assert all_at_once(data, "iso-2022-jp") == "①㈱ ok ｶﾅ\nあ～"


SAMPLES = {
    "utf-8": "株式会社①と𠮷野家",
    "cp932": "株式会社①と髙島屋ｶﾅ",
    "euc-jp": "株式会社と山田ｶﾅ～",
    "iso-2022-jp": "日本語とabc",
    "utf-16-le": "日本𠮷",
}


@pytest.mark.parametrize("encoding", SAMPLES)
def test_bytes_may_come_one_at_a_time(encoding: str) -> None:
    codec = {"iso-2022-jp": "iso2022_jp"}.get(encoding, encoding)
    data = SAMPLES[encoding].replace("～", "〜" if encoding == "euc-jp" else "～").encode(codec)
    data += {"euc-jp": b"\xad\xa1\x8f\xf4\xfe"}.get(encoding, b"")
    piecewise = decoder(encoding)
    text = "".join(piecewise.decode(data[i : i + 1]) for i in range(len(data)))
    assert text + piecewise.decode(b"", True) == all_at_once(data, encoding)
    expected = SAMPLES[encoding] + {"euc-jp": "①黑"}.get(encoding, "")
    assert all_at_once(data, encoding) == expected


@pytest.mark.parametrize("encoding", ["utf-8", "cp932", "euc-jp"])
@pytest.mark.parametrize("bad", [b"\x81", b"\xe3\x81", b"\xff", b"\xa4", b"\x8f\xa4", b"\xfe\xfe"])
def test_damage_ends_before_the_next_line(encoding: str, bad: bytes) -> None:
    first, last = "前の行".encode(encoding), "後の行".encode(encoding)
    lines = all_at_once(first + b"\n" + bad + b"\n" + last, encoding).split("\n")
    assert [lines[0], lines[2]] == ["前の行", "後の行"]
    assert len(lines) == 3
    try:
        bad.decode(encoding)
    except UnicodeDecodeError:
        assert DAMAGED in lines[1]
    else:
        assert lines[1] == bad.decode(encoding)


@given(st.binary(max_size=60), st.sampled_from([*SAMPLES, "utf-16", "utf-32", "ascii", "cp1252"]))
def test_any_bytes_decode_the_same_in_any_pieces(data: bytes, encoding: str) -> None:
    piecewise = decoder(encoding)
    text = "".join(piecewise.decode(data[i : i + 3]) for i in range(0, len(data), 3))
    assert text + piecewise.decode(b"", True) == all_at_once(data, encoding)


@given(st.text(), st.sampled_from(["utf-8", "utf-16-le", "utf-32-be"]))
def test_sound_text_is_untouched(text: str, encoding: str) -> None:
    assert all_at_once(text.encode(encoding), encoding) == text


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32"])
@pytest.mark.parametrize("order", ["-le", "-be"])
def test_a_missing_mark_is_no_obstacle(encoding: str, order: str) -> None:
    assert all_at_once("a,本文".encode(encoding + order), encoding) == "a,本文"
    assert all_at_once("\ufeffa,本文".encode(encoding + order), encoding) == "a,本文"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("sjis", "cp932"),
        ("SJIS", "cp932"),
        ("shift_jis", "cp932"),
        ("Shift-JIS", "cp932"),
        ("Shift JIS", "cp932"),
        ("Windows-31J", "cp932"),
        ("CP932", "cp932"),
        ("utf8", "utf-8"),
        ("UTF-8", "utf-8"),
        ("utf-8-sig", "utf-8-sig"),
        ("utf_8_bom", "utf-8-sig"),
        ("EUC_JP", "euc-jp"),
        ("eucJP-ms", "euc-jp"),
        ("euc", "euc-jp"),
        ("UTF-16LE", "utf-16-le"),
        ("utf16", "utf-16"),
        ("iso-2022-jp", "iso-2022-jp"),
        ("latin-1", "iso8859-1"),
        ("windows-1252", "cp1252"),
    ],
)
def test_names_that_people_type(typed: str, meant: str) -> None:
    assert encoding_name(typed) == meant
    codecs.lookup(meant)


@pytest.mark.parametrize(
    "typed", ["", "nihongo", "base64", "rot13", "utf-7", "idna", "unicode_escape", "utf-9", "x\0y"]
)
def test_names_of_no_encoding(typed: str) -> None:
    with pytest.raises(BadInput, match="no encoding") as caught:
        encoding_name(typed)
    assert "cp932" in str(caught.value)
