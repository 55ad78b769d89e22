"""What the studio is made of, without a browser."""

import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from bunsan.base.errors import BadInput, Missing
from bunsan.base.language import speaking
from bunsan.base.progress import progress
from bunsan.studio import pieces
from bunsan.studio.jobs import Job
from bunsan.studio.presets import (
    Preset,
    as_code,
    from_template,
    read_preset,
    stops,
    typed_stops,
)
from bunsan.studio.sessions import Sessions
from bunsan.tasks.kwic import Concordance, Line
from bunsan.tasks.passages import Passage
from bunsan.tasks.table import Table


def test_a_job_tells_how_far_it_is_and_ends() -> None:
    go = threading.Event()

    def work() -> str:
        with progress("Reading", 4) as bar:
            bar.advance(1, "one")
            go.wait(5)
            bar.advance(3)
        return "done"

    job = Job("Waiting", work)
    deadline = time.monotonic() + 5
    while job.note != "one" and time.monotonic() < deadline:
        time.sleep(0.01)
    assert (job.title, job.share, job.running) == ("Reading", 0.25, True)
    assert "25 %" in pieces.progress(job)
    go.set()
    assert job.wait(5)
    assert (job.result, job.error, job.stopped, job.share) == ("done", None, False, 1.0)


def test_a_job_is_stopped_at_its_next_step() -> None:
    steps: list[int] = []

    def work() -> None:
        with progress("Counting", 1000) as bar:
            for i in range(1000):
                steps.append(i)
                time.sleep(0.01)
                bar.advance()

    job = Job("Counting", work)
    job.stop()
    assert job.wait(5)
    assert job.stopped
    assert len(steps) < 1000


def test_a_job_speaks_the_language_it_was_begun_in() -> None:
    from bunsan.tasks.prompting import open_prompt

    with speaking("ja"):
        job = Job("x", lambda: open_prompt("no-such"))
    assert job.wait(5)
    assert isinstance(job.error, Missing)
    assert "ありません" in str(job.error)


def test_visitors_are_apart() -> None:
    sessions = Sessions()
    try:
        one, two = sessions.arrive("page 1", ""), sessions.arrive("page 2", "never given out")
        first, second = sessions.of("page 1"), sessions.of("page 2")
        assert one != two
        assert first is not second
        assert first.folder != second.folder
        # The same tab, loaded anew, is the same visitor; who only knows a page's name is not.
        assert sessions.arrive("page 3", one) == one
        assert sessions.of("page 3") is first
        assert sessions.of("page 4") is not first
        # Who acts before the page has said who it is, keeps what was done.
        quick = sessions.of("page 5")
        quick.upload = Path("x.csv")
        assert sessions.arrive("page 5", one) not in (one, two)
        assert sessions.of("page 5") is quick
        with pytest.raises(Missing):
            _ = first.open
        key = sessions.publish(first, Preset(), "x", "ja")
        found = sessions.result(key)
        assert found is not None
        assert found[0] is first
        assert sessions.result("guessed") is None
        begun = first.begin("x", "a", lambda: time.sleep(0.3))
        with pytest.raises(BadInput):
            first.begin("x", "b", lambda: None)
        second.begin("x", "c", lambda: None)  # another visitor need not wait
        first.begin("y", "d", lambda: None)  # nor need other work
        assert begun.wait(5)
    finally:
        sessions.close()
    assert not first.folder.exists()


EVIL = "<img src=x onerror=alert(1)>\"'&"


def test_what_data_say_is_never_markup() -> None:
    table = Table({"word": [EVIL], "n": [1.5]}, {"word": EVIL, "n": "n"})
    line = Line(EVIL, EVIL, EVIL, EVIL, 1, {"a": EVIL})
    made = [
        pieces.word_table(table, ("word", "n"), bar="n"),
        pieces.concordance(Concordance("x", 1, [line], table)),
        pieces.passage(Passage(EVIL, [(0, 4)], EVIL, 1, {EVIL: EVIL})),
        pieces.sheet((EVIL,), [(EVIL,)], [1]),
        pieces.chips([EVIL], "act", label=EVIL),
        pieces.bars([(EVIL, 1.0)], label=EVIL),
        pieces.mistake(BadInput(EVIL, remedy=EVIL, file=EVIL, row=3)),
        pieces.downloads("", "key", EVIL, [("csv", EVIL)]),
    ]
    for one in made:
        assert "<img" not in one
        assert 'onerror=alert(1)>"' not in one


def test_mistakes_name_the_place_in_the_words_of_the_page() -> None:
    error = BadInput("is empty.", remedy="Lower --min-count.", file="/tmp/x/my.csv", row=3)
    with speaking("en"):
        said = pieces.mistake(error)
    assert "my.csv, row 3: is empty." in said
    assert "Minimum count" in said
    assert "/tmp/" not in said


def test_a_preset_comes_back_from_its_file(tmp_path: Path) -> None:
    preset = Preset("春は\nあけぼの", "gpt2", 12, 0.5, 0.9, ("\n", "。"), 1.2, 0.1, -0.1, 3, 7)
    preset.save(tmp_path / "p.json")
    assert read_preset(tmp_path / "p.json") == preset
    assert stops(typed_stops(preset.stop)) == preset.stop


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", '{"kind": "other"}', '{"kind": "bunsan-preset", "top_p": "high"}',
     '{"kind": "bunsan-preset", "stop": "."}', '{"kind": "bunsan-preset", "seed": 1.5}'],
)  # fmt: skip
def test_a_file_that_is_no_preset_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "p.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(BadInput):
        read_preset(path)


def test_a_template_becomes_a_prompt_that_ends_with_its_question() -> None:
    preset = from_template("arithmetic.en", Preset(temperature=0.3))
    assert preset.prompt.endswith("Q: 74 + 18\nA:")
    assert "A: 19" in preset.prompt
    assert "92" not in preset.prompt
    assert (preset.stop, preset.max_tokens, preset.temperature) == (("\n",), 12, 0.3)


def test_code_says_the_same_thing() -> None:
    import ast
    import json
    import shlex

    preset = Preset('It\'s "so"\n続き', "/models/my gpt", 9, stop=("\n",), seed=4)
    code = dict(as_code(preset))
    words = shlex.split(code["curl"].replace("\\\n", " "), comments=True)
    body = json.loads(words[words.index("-d") + 1])
    assert (body["prompt"], body["max_tokens"], body["stop"]) == (preset.prompt, 9, ["\n"])
    for name in ("OpenAI", "Python"):
        constants = {
            n.value for n in ast.walk(ast.parse(code[name])) if isinstance(n, ast.Constant)
        }
        assert {preset.prompt, 9, "\n", 4} <= constants


def test_the_command_line_stays_light() -> None:
    code = (
        "import sys, bunsan.cli.main, bunsan.studio.opening, bunsan\n"
        "bunsan.open_studio\n"
        "heavy = {'gradio', 'fastapi', 'torch', 'numpy', 'pandas'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
