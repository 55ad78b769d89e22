"""Text with rare characters, real and made up, to test tokenizers with."""

import gzip
import json
from pathlib import Path

from hypothesis import strategies as st

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]

# Written by hand, so that there is text to test with on every machine.
SENTENCES = [
    "東京タワーは、１９５８年に完成した高さ333mの電波塔である。",
    "ホテルの朝食がとても美味しかったです!!また来ます♪",
    "ｶﾞﾗｽ張りのﾛﾋﾞｰ、㈱温泉旅館①②③㌔㍻㍿",
    "か\u3099き\u309a と がぎ、e\u0301 と é、한국어, हिन्दी, ไทย",
    "𠮷野家と𩸽、👨‍👩‍👧‍👦🏽と\u200bゼロ幅、\ufeffBOM",
    "改行\nタブ\tと\u3000全角空白  と\u2028行区切り\x0b\x1c\x85。",
    "İstanbul ΑΣ ΣΑΣ. ſ ﬁ ẛ̣ ＡＢＣａｂｃ",
    "「[MASK]」は[CLS]と[SEP]、[UNK]は[PAD]。[mask]",
    "すもももももももものうち",
    "ーーーーーーーーーーーーーーーーーーーーーーーーーーーーーーwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwwww",
    "http://example.com/a?b=c&d=1,234.5 user_name@example.co.jp",
    "",
    " ",
    "\n",
    "\x01\x02\x7f",
    "亜" * 150,
    "ﾊﾟﾋﾟﾌﾟﾍﾟﾎﾟ ﾞﾟ ゙゚ ",
    "\ufffd\ufffd�",
]

RARE = (
    "あいがアガｶﾞﾊﾟー一二東京國亞々〆𠮷𩸽ＡａＢｂAaBbİΣσςſﬁ①㈱㍻㍿㌔１1９9.,、。「」!！?？ \n\t\u3000\u2028\x0b\x1c\x85"
    "\u200b\u200d\ufe0f\ufeff\u0301\u0323\u3099\u309aﾞﾟ각각ा👨👩🏽♪\x01\x7f\ufffd[]#"
)
TEXT = st.lists(
    st.one_of(
        st.sampled_from(list(RARE)),
        st.sampled_from(
            ["[MASK]", "[CLS]", "[SEP]", "東京", "です", "ました", "Tokyo", "##", "12"]
        ),
        st.characters(exclude_categories=["Cs"], exclude_characters="\0"),
    ),
    max_size=30,
).map("".join)


def real_lines(folder: Path, each: int) -> list[str]:
    """Some lines of all kinds of text."""
    found: list[str] = []
    for name in ("kyoto_wiki/articles", "quasi_reviews/reviews", "aozora/works"):
        count = 0
        with gzip.open(folder / f"{name}.jsonl.gz", "rt", encoding="utf-8") as file:
            for row in file:
                text = json.loads(row)["text"]
                lines = [line for line in text.split("\n") if line]
                found += lines[:60]
                found.append(text[:3000])
                count += len(lines[:60]) + 1
                if count >= each:
                    break
    return found
