"""Which encoding bytes are in, found by looking, and decoders that mark what they cannot read.

Japanese files of today are UTF-8, CP932 (Excel, Windows), EUC-JP (old Unix and web), ISO-2022-JP
(mail) or UTF-16 (Excel's "Unicode text"). A byte order mark, escapes and strict UTF-8 each tell
for certain; CP932 against EUC-JP is told by how much ordinary Japanese each reading gives.

Python's `shift_jis` and `euc_jp` lack the signs that Windows added (①, ㈱, 髙), of which files are
full. CP932 stands in for the first. For the second, a pair that JIS X 0208 does not have is carried
over to CP932, which has the same rows; the three-byte IBM extensions of eucJP-ms are read too.
"""

import codecs
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from bunsan.base.errors import BadInput
from bunsan.base.language import tr

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer as Buffer

DAMAGED = "\udcff"  # stands for bytes that are no character; no decoder makes it from sound bytes
SAMPLE = 1 << 16  # bytes looked at from the first that is not ASCII on

_BOMS = (  # UTF-32 first: its little-endian mark begins with the one of UTF-16
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_HIGH = bytes(range(0x80, 0x100))
_CONTROLS = bytes(set(range(0x20)) - set(b"\t\n\r\f\x1b"))
_ESCAPE = re.compile(rb"\x1b(?:\$[@B]|\$\(D|\([JI])")

# The 400 kanji most used in novels, encyclopedia articles and reviews together: 70 % of all kanji
# there. A wrong reading hits them hardly more often than any other kanji.
_COMMON = frozenset(
    "人大一年食日行子出見時中思気方事屋来地家本上間分部場用物内楽山利自良近感後入朝生天私的味国高前月道駅代心少三手立料対二下美多実学持名車所動足"
    "何通小理風長言者女最今設泊供合会明親広京和外元体目宿海不十無応度室安当満族文意神色平田同新次知観水使彼皇回作清寺切便光然変特都館世歩現全面正土"
    "夕東書法川着関定要形様素過以園力景呂市話主有古在顔向数先原浴施夜成店金戦教周云氏産身五御治重男式流位取好空初野聞客政機期社品記種開考口業白性類"
    "別四化常木温戸充付置辺町発軍囲旅助義泉信落夫連選公相非母点豊結寄君線第門居必真建酒吉音父郎笑従経王際石快望晴眺説北能院武洋駐西遊問太題電員残帰"
    "死直離麗花声送露両他乗潔府備伝予宮等約江適達雰混富念加八丁葉雑早村売綺交程将六造頭登藤受路語官飲引張画源城仕呼運喜階歌台宗得条表可眼論待島格集"
    "民悪士指史頃共象情頼鉄起調迎移頂若込験華茶制配僕展絶老任命井活決術窓進兵県曲徳娘庭松嬉解段存"
)
_HALF_KANA = re.compile("[ｦ-ﾟ]+")
# Half-width kana as they are written: marks of voicing only after kana that can have them, no
# small kana, long sign or mark at the beginning.
_SOUND_HALF_KANA = re.compile("(?:[ｱ-ﾜﾝｦ](?:(?<=[ｳｶ-ﾄﾊ-ﾎ])ﾞ|(?<=[ﾊ-ﾎ])ﾟ)?[ｧ-ｮ]?[ｰｯ]?)+")

_NAMES = {  # what people type, without case, spaces and punctuation
    "cp932": "cp932 932 ms932 windows31j sjis shiftjis xsjis mskanji csshiftjis ansi",
    "euc-jp": "euc eucjp ujis xeucjp eucjpms eucjpwin cp51932 51932",
    "iso-2022-jp": "jis iso2022jp iso2022jp1 iso2022jp3 iso2022jpext cp50220 cp50221 50220 50221",
    "utf-8": "utf8 utf u8 unicode8 cp65001 65001",
    "utf-8-sig": "utf8sig utf8bom utf8withbom bomutf8",
    "utf-16": "utf16 unicode u16 utf16bom ucs2",
    "utf-16-le": "utf16le utf16lebom unicodelittle",
    "utf-16-be": "utf16be utf16bebom unicodebig",
    "utf-32": "utf32 u32 ucs4",
}
_TYPED = {name: encoding for encoding, names in _NAMES.items() for name in names.split()}
_NOT_FOR_FILES = ("idna", "punycode", "raw-unicode-escape", "unicode-escape", "utf-7")


def encoding_name(typed: str) -> str:
    """The encoding that a person means by `sjis`, `Shift-JIS`, `utf8`, `euc_jp`, ...

    Raises
    ------
    BadInput : no such encoding; the remedy lists the usual ones.
    """
    plain = re.sub(r"[\s_\-.()]", "", typed).lower()
    if plain in _TYPED:
        return _TYPED[plain]
    try:
        found = codecs.lookup(typed.strip()).name
        if found in _NOT_FOR_FILES:
            raise LookupError(found)
        "a".encode(found)  # refuses codecs that are not about text, such as base64
        codecs.getincrementaldecoder(found)
    except (LookupError, UnicodeError, ValueError):
        raise BadInput(
            tr(f"There is no encoding {typed!r}.", f"文字コード {typed!r} はありません。"),
            remedy=tr(
                "Usual ones: utf-8, cp932 (Shift_JIS), euc-jp, utf-16, iso-2022-jp.",
                "よく使うもの: utf-8、cp932(Shift_JIS)、euc-jp、utf-16、iso-2022-jp。",
            ),
        ) from None
    return found


def decoder(encoding: str) -> codecs.IncrementalDecoder:
    """An incremental decoder in which bytes that are no character become `DAMAGED`.

    Only the damaged bytes are replaced; decoding takes up again at the next sound character, so a
    line break after a cut character is still a line break.
    """
    if encoding == "euc-jp":
        return _WindowsSigns("euc_jp", "bunsan-euc")
    if encoding == "iso-2022-jp":
        return _WindowsSigns("iso2022_jp_ext", "bunsan-iso2022")
    if encoding in ("utf-16", "utf-32"):
        return _ByteOrder(encoding)
    return codecs.getincrementaldecoder(encoding)("bunsan-damaged")


def detect(sample: bytes, *, complete: bool = False, start: bool = True) -> str | None:
    """The encoding of a sample, or None when it is text in none of those known here.

    A sample of which all but a stray byte is ASCII counts as UTF-8.

    Parameters
    ----------
    sample : some bytes; they may end within a character unless `complete`.
    start : the sample is the start of its file, so a byte order mark or UTF-16 are possible.
    """
    if start:
        for bom, encoding in _BOMS:
            if sample.startswith(bom):
                return encoding
        if b"\0" in sample:
            if wide := _utf16(sample):
                return wide
            if len(sample.translate(None, _CONTROLS)) < 0.8 * len(sample):
                return None
    if sample.isascii():
        return "iso-2022-jp" if _ESCAPE.search(sample) and _sound_escapes(sample) else "utf-8"
    text = _read(sample, "utf-8", complete)
    damaged = text.count(DAMAGED)
    if not damaged:
        return "utf-8"
    # A few bad bytes do not make UTF-8 something else: by chance alone almost nothing is valid.
    if sum(not c.isascii() for c in text) > 5 * damaged:
        return "utf-8"
    # Half-width kana are single bytes in CP932, so any other reading's bytes give some of them.
    windows = plausibility(_read(sample, "cp932", complete), half_width=0.6)
    unix = plausibility(_read(sample, "euc-jp", complete), half_width=0.9)
    if max(windows, unix) < 0.5 and start and (wide := _utf16(sample)):
        return wide
    if max(windows, unix) < 0.4:
        few = len(sample.translate(None, _HIGH)) > 0.99 * len(sample)
        return "utf-8" if few or not start else None
    return "cp932" if windows >= unix else "euc-jp"


def plausibility(text: str, half_width: float) -> float:
    """How much a text looks like written Japanese: the mean over characters beyond ASCII, up to 1.

    Kana, usual punctuation and the 400 commonest kanji count 1, other kanji less, half-width kana
    `half_width` where they stand as they can; private and control characters and damage count
    against.
    """
    total = 0.0
    size = 0
    for character, count in Counter(text).items():
        if character >= "\x80":
            size += count
            total += count * _weight(character)
    for run in _HALF_KANA.findall(text):
        total += len(run) * (
            half_width if len(run) > 1 and _SOUND_HALF_KANA.fullmatch(run) else 0.1
        )
    return total / size if size else 0.0


@cache
def _weight(character: str) -> float:
    if character == DAMAGED:
        return -2.0
    if (
        "ぁ" <= character <= "ヾ"
        or character in "、。「」『』（）・々〇！？～：　―…"
        or character in _COMMON
    ):
        return 1.0
    if "０" <= character <= "ｚ":
        return 0.8
    if "｡" <= character <= "ﾟ":
        return 0.0  # by the run they stand in
    if "一" <= character <= "\u9fff":
        try:
            row = character.encode("euc_jp")[0] - 0xA0
        except UnicodeEncodeError:
            return 0.0
        return 0.55 if 16 <= row <= 47 else 0.05  # JIS level 1, level 2
    if character < "\xa0" or "\ue000" <= character <= "\uf8ff":
        return -1.0
    return 0.1


def _utf16(sample: bytes) -> str | None:
    """UTF-16 without a mark: the byte order in which nearly all is ASCII or ordinary Japanese."""
    best, found = 0.6, None
    for encoding in ("utf-16-le", "utf-16-be"):
        text = _read(sample[: len(sample) // 2 * 2], encoding, False)
        counts = Counter(text)
        written = sum(n for c, n in counts.items() if " " <= c < "\x7f" or c in "\t\r\n")
        others = sum(n for c, n in counts.items() if c >= "\x80")
        strange = len(text) - written - others
        score = (written - strange + others * plausibility(text, 0.9)) / max(len(text), 1)
        if score > best:
            best, found = score, encoding
    return found


def _sound_escapes(sample: bytes) -> bool:
    text = _read(sample, "iso-2022-jp", False)
    return text.count(DAMAGED) * 5 <= sum(not c.isascii() for c in text)


def _read(sample: bytes, encoding: str, complete: bool) -> str:
    return decoder(encoding).decode(sample, complete)


# The signs at which Python's table of JIS X 0208 differs from the one of Windows (CP932, CP51932)
# and of the Encoding Standard's EUC-JP. One file saved in both encodings must give one text.
_DIFFERING = (("〜", "～"), ("‖", "∥"), ("−", "－"), ("¢", "￠"), ("£", "￡"), ("¬", "￢"))


class _WindowsSigns(codecs.IncrementalDecoder):
    """Decodes by one of Python's codecs, then gives the signs of Windows' table."""

    def __init__(self, codec: str, errors: str) -> None:
        super().__init__(errors)
        self._inner = codecs.getincrementaldecoder(codec)(errors)

    def decode(self, input: "Buffer", final: bool = False) -> str:
        text: str = self._inner.decode(input, final)
        if not text.isascii():
            for ours, theirs in _DIFFERING:
                text = text.replace(ours, theirs)
        return text

    def reset(self) -> None:
        self._inner.reset()


class _ByteOrder(codecs.IncrementalDecoder):
    """UTF-16 or UTF-32 in the order of its mark; without one, in that which makes most code points
    small: little-endian unless the file begins with a zero byte.
    """

    def __init__(self, encoding: str) -> None:
        super().__init__()
        self._encoding = encoding
        self._start = b""
        self._inner: codecs.IncrementalDecoder | None = None

    def decode(self, input: "Buffer", final: bool = False) -> str:
        if self._inner is None:
            self._start += bytes(input)
            if len(self._start) < 4 and not final:
                return ""
            marked = any(
                self._start.startswith(mark) for mark, name in _BOMS if name == self._encoding
            )
            order = "" if marked else "-be" if self._start.startswith(b"\0") else "-le"
            maker = codecs.getincrementaldecoder(self._encoding + order)
            self._inner = maker("bunsan-damaged")
            input, self._start = self._start, b""
        return self._inner.decode(input, final)

    def reset(self) -> None:
        self._inner = None
        self._start = b""


def _windows_pair(row: int, cell: int) -> str | None:
    """The character at a row and cell (1-94) of CP932's plane of double-byte characters."""
    lead = (row + 1) // 2 + (0x80 if row <= 62 else 0xC0)
    trail = cell + 0x9E if row % 2 == 0 else cell + (0x3F if cell <= 63 else 0x40)
    try:
        return bytes((lead, trail)).decode("cp932")
    except UnicodeDecodeError:
        return None


@cache
def _ibm_extensions() -> str:
    """The 106 IBM extensions at 8F F3 F3 - 8F F4 FE of eucJP-ms, in order.

    They are those of CP932 (FA 40 - FC 4B) that JIS X 0212 lacks, in the order of CP932. Three have
    another place in eucJP-ms; № has two.
    """
    signs = []
    for lead in (0xFA, 0xFB, 0xFC):
        for trail in (*range(0x40, 0x7F), *range(0x80, 0xFD)):
            try:
                sign = bytes((lead, trail)).decode("cp932")
            except UnicodeDecodeError:
                continue
            try:
                supplementary = sign.encode("euc_jp")[0] == 0x8F
            except UnicodeEncodeError:
                supplementary = False
            if sign == "№" or (not supplementary and sign not in "￢￤∵"):
                signs.append(sign)
    return "".join(signs)


def read_text(path: str | Path) -> str:
    """The whole text of a small file (a word list, say) in whatever encoding it has.

    Raises
    ------
    BadInput : no encoding fits, or a character is damaged; names the line.
    """
    data = Path(path).read_bytes()
    name = detect(data, complete=True)
    text = "" if name is None else decoder(name).decode(data, True)
    if name is None or DAMAGED in text:
        line = text[: text.index(DAMAGED)].count("\n") + 1 if DAMAGED in text else None
        raise BadInput(
            tr("is not text in an encoding we know.", "の文字コードがわかりません。"),
            remedy=tr("Save it as UTF-8.", "UTF-8 で保存し直してください。"),
            file=path,
            row=line,
        )
    return text


def _damaged(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return DAMAGED, error.end


def _damaged_euc(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    start = error.start
    data = error.object[start : start + 3]
    sign = None
    if len(data) == 3 and data[0] == 0x8F and min(data[1:]) >= 0xA1:
        place = (data[1] - 0xF3) * 94 + data[2] - 0xF3
        if 0 <= place < 106:
            return _ibm_extensions()[place], start + 3
    elif len(data) >= 2 and 0xA1 <= data[0] <= 0xFE and 0xA1 <= data[1] <= 0xFE:
        sign = _windows_pair(data[0] - 0xA0, data[1] - 0xA0)
    return (sign, start + 2) if sign else (DAMAGED, start + 1)


def _damaged_iso2022(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    data = error.object[error.start : error.end]
    # Two bytes of the ASCII range can only fail in double-byte mode.
    if len(data) == 2 and 0x21 <= min(data) <= max(data) <= 0x7E:
        sign = _windows_pair(data[0] - 0x20, data[1] - 0x20)
        if sign:
            return sign, error.end
    return DAMAGED, error.start + 1


codecs.register_error("bunsan-damaged", _damaged)
codecs.register_error("bunsan-euc", _damaged_euc)
codecs.register_error("bunsan-iso2022", _damaged_iso2022)
