"""What the tests of subwords share: real text with rare characters, and vocabularies made of it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from subword_samples import RARE, SENTENCES, SPECIAL, real_lines


@pytest.fixture(scope="session")
def lines(shared_data: Path) -> list[str]:
    return SENTENCES + real_lines(shared_data, 400)


@pytest.fixture(scope="session")
def vocabulary() -> list[str]:
    """A vocabulary of words and pieces in `SENTENCES` and of common ones, as BERT has it."""
    characters = sorted(
        set("".join(SENTENCES)) | set(RARE) | set("のはをにがでとてしたなれいるもあった年月日")
    )
    visible = [c for c in characters if not c.isspace()]
    common = [
        "東京",
        "タワー",
        "です",
        "ました",
        "ます",
        "する",
        "した",
        "ある",
        "いる",
        "こと",
        "ホテル",
        "朝食",
        "である",
        "とても",
        "京都",
        "温泉",
        "ガラス",
        "日本",
        "大学",
    ]
    inside = ["##" + c for c in visible if ord(c) % 3] + ["##ワー", "##しい", "##ある", "##58"]
    return list(dict.fromkeys([*SPECIAL, *visible, *common, *inside, "to", "Tok", "19", "##yo"]))


Folder = Callable[..., Path]


@pytest.fixture(scope="session")
def japanese_folder(tmp_path_factory: pytest.TempPathFactory, vocabulary: list[str]) -> Folder:
    """Makes the folder of a BertJapaneseTokenizer."""

    def make(tokens: list[str] | None = None, **settings: Any) -> Path:
        folder = tmp_path_factory.mktemp("japanese")
        text = "".join(f"{token}\n" for token in tokens or vocabulary)
        (folder / "vocab.txt").write_text(text, encoding="utf-8")
        settings = {"tokenizer_class": "BertJapaneseTokenizer", **settings}
        (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
        return folder

    return make
