"""What a room shows as a command and as Python gives, in an empty folder, what the room showed."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from bunsan.studio import twins
from bunsan.studio.sessions import Session

# Commands and Python one after the other, in one process: libraries are loaded once.
_TELL = """
import contextlib, io, json, shlex, sys
from bunsan.cli.main import main
found = []
for kind, text in json.load(sys.stdin):
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        if kind == "python":
            exec(text, {})
        else:
            for line in text.splitlines():
                words = shlex.split(line, comments=True)
                if words:
                    assert words.pop(0) == "bunsan", line
                    assert main(words) == 0, line
    found.append(printed.getvalue())
sys.__stdout__.write(json.dumps(found))
"""


def twin(tab: Any, place: str) -> tuple[str, str]:
    """The command and the Python below what is seen somewhere."""
    block = tab.page.locator(f"{place} .b-twin").last
    block.wait_for()
    command, python = block.locator("pre").all_text_contents()
    return command, python


def told(folder: Path, *scripts: tuple[str, str]) -> list[str]:
    """What some commands (kind "command") and some Python (kind "python") print in a folder."""
    environment = os.environ | {"BUNSAN_LANG": "ja", "PYTHONUTF8": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", _TELL], cwd=folder, env=environment, capture_output=True,
        timeout=600, input=json.dumps(scripts).encode(),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr.decode()
    return [str(one) for one in json.loads(done.stdout)]


@pytest.fixture(scope="module")
def demo_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("twins")


def fill(tab: Any, field: str, text: str) -> None:
    tab.page.locator(f"{field} textarea, {field} input").first.fill(text)


def words_in(tab: Any, place: str) -> list[str]:
    found = tab.page.locator(f"{place} [data-word]").all_text_contents()
    assert found
    return [str(word) for word in found]


def test_rooms_say_the_same_in_code(visit: Any, demo_folder: Path) -> None:
    tab = visit("ja")
    tab.page.locator("#b-demo-ja").click()
    tab.wait("#b-overview .b-tiles")
    seen: dict[str, list[str]] = {}
    said: dict[str, tuple[str, str]] = {"collection": twin(tab, "#b-overview")}
    documents = tab.text("#b-overview .b-tile dd").replace(",", "")

    tab.room("語")
    tab.wait("#b-frequent [data-word]")
    said["words"], seen["words"] = twin(tab, "#b-frequent"), words_in(tab, "#b-frequent")
    tab.room("語のまわり")
    fill(tab, "#b-word", "朝食")
    tab.page.locator("#b-look").click()
    tab.wait("#b-kwic .b-kwic li")
    said["around"] = twin(tab, "#b-kwic")
    seen["around"] = words_in(tab, "#b-similar") + words_in(tab, "#b-related")
    tab.room("語の計算")
    fill(tab, "#b-sum", "王 - 男 + 女")
    tab.page.locator("#b-work-out").click()
    tab.wait("#b-sum-result [data-word]")
    said["sum"], seen["sum"] = twin(tab, "#b-sum-result"), words_in(tab, "#b-sum-result")
    tab.room("語の地図")
    tab.page.locator("#b-draw-words").click()
    said["word map"] = twin(tab, "#b-word-map")

    tab.room("共起ネットワーク")
    tab.page.locator("#b-draw-network").click()
    said["network"] = twin(tab, "#b-network")
    tab.room("対応分析")
    tab.page.locator("#b-draw-map").click()
    said["map"], said["features"] = twin(tab, "#b-map"), twin(tab, "#b-features")
    seen["features"] = tab.page.locator("#b-features .b-name").all_text_contents()
    tab.room("モデル")
    tab.wait("#b-models [data-word]")
    said["models"], seen["models"] = twin(tab, "#b-models"), words_in(tab, "#b-models")
    assert tab.complaints == []

    # Whole files are drawn by both, so the first must be out of the way of the second.
    saved = ("word map", "network", "map")
    files = [demo_folder / name for name in ("words.html", "network.html", "map.html")]
    scripts = [("command", said["collection"][0]), ("python", said["collection"][1])]
    scripts += [
        (kind, said[name][i]) for name in seen for i, kind in enumerate(("command", "python"))
    ]
    scripts += [("command", said[name][0]) for name in saved]
    printed = told(demo_folder, *scripts)
    assert all(documents in one.replace(",", "") for one in printed[:2])
    for place, name in enumerate(seen, start=1):
        by_command, by_python = printed[2 * place : 2 * place + 2]
        assert [word for word in seen[name] if word not in by_command] == [], name
        # A table in Python shows its first rows.
        assert [word for word in seen[name][:5] if word not in by_python] == [], name
    by_command_ = [file.read_bytes() for file in files]
    for file in files:
        file.unlink()
    told(demo_folder, *(("python", said[name][1]) for name in saved))
    assert [file.read_bytes() for file in files] == by_command_


def test_a_prompt_is_a_command_too(writer: Path, tmp_path: Path) -> None:
    from bunsan.studio.presets import Preset, as_code

    code = dict(
        as_code(Preset('The river is "wide"', str(writer), 12, 0.7, stop=("\n\n",), seed=3))
    )
    command = next(code[name] for name in code if name not in ("curl", "OpenAI", "Python"))
    plain = command.replace(" --logprobs 5", "")
    by_command, by_python = told(tmp_path, ("command", plain), ("python", code["Python"]))
    assert by_command.strip()
    assert by_command.strip() == by_python.strip()


def test_options_are_left_out_where_nothing_was_said() -> None:
    line = twins.command(
        "network",
        "a b.bunsan",
        where={"地域": "箱 根"},
        pos=("NOUN", "VERB"),
        tree=None,
        k=3,
        all=True,
    )
    assert line == "bunsan network 'a b.bunsan' --where '地域=箱 根' --pos NOUN,VERB -n 3 --all"
    assert twins.call("f", "x", k=3, pos=None) == "f('x', k=3)"


def test_a_learned_file_is_learned_again_by_its_twin(reviews: Path, tmp_path: Path) -> None:
    import shutil

    shutil.copyfile(reviews, tmp_path / reviews.name)
    origin = twins.learned(reviews.name, "口コミ.bunsan", text="コメント", by=("地域",))
    assert origin.twin is not None
    session = Session(tmp_path, origin=origin)
    asked = twins.asked(session, "search", "海が見える", k=3)
    opened = f"import bunsan\ncollection = bunsan.open({origin.folder!r})\n{asked.python}"
    _, by_command, by_python = told(
        tmp_path, ("command", origin.twin.command), ("command", asked.command), ("python", opened)
    )
    assert "窓から【海】が【見える】" in by_command
    assert "口コミ.xlsx" in by_python
