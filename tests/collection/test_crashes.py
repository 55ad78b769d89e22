"""Whenever a writer is killed, the old state or the new one opens; two writers keep out of each other's way."""

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from collection_help import SPACES

from bunsan.base.errors import BadInput
from bunsan.collection.folder import Folder
from bunsan.tasks.facade import learn, open_collection

_WRITER = """
import sys
from pathlib import Path
from bunsan.tasks.facade import learn
from bunsan.text.words import WordSettings
print("ready", flush=True)
n = 0
while True:
    n += 1
    rows = [{"text": f"document {i} of round {n}", "g": "ab"[i % 2]} for i in range(200)]
    learn(rows, to=sys.argv[1], text="text", by="g", words=WordSettings(analyzer="spaces"))
    print(n, flush=True)
"""


def test_a_kill_at_any_moment_leaves_a_whole_state(tmp_path: Path) -> None:
    folder = tmp_path / "c.bunsan"
    rng = random.Random(7)
    for _ in range(6):
        process = subprocess.Popen(
            [sys.executable, "-c", _WRITER, str(folder)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        for _ in range(2):  # ready, and one round, so that there is an old state
            process.stdout.readline()
        time.sleep(rng.uniform(0, 0.4))
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        collection = open_collection(folder)
        texts = [
            s.text(d) for s in collection.segments for d in range(s.n_documents) if s.alive()[d]
        ]
        assert len(texts) == collection.n_documents == 200
        rounds = {text.rsplit(" ", 1)[1] for text in texts}
        assert len(rounds) == 1  # all of one state, none of another
        assert collection.search(f"round {rounds.pop()}", k=1).total == 200
    learn([{"text": "last", "g": "a"}], to=folder, text="text", by="g", words=SPACES)
    names = {p.name for p in folder.iterdir()}
    assert not [n for n in names if n.endswith(".part")], "litter of the killed writers"
    assert len([n for n in names if n.startswith("segment-")]) == 4


def test_a_second_writer_waits_and_then_gives_up(tmp_path: Path) -> None:
    storage = Folder(tmp_path / "c.bunsan", patience=0.2)
    with storage.writing(), pytest.raises(BadInput, match="writing"):
        learn(["text"], to=Folder(tmp_path / "c.bunsan", patience=0.2), words=SPACES)
    learn(["some text"], to=Folder(tmp_path / "c.bunsan", patience=0.2), words=SPACES)


def test_a_reader_keeps_what_it_opened(tmp_path: Path) -> None:
    folder = tmp_path / "c.bunsan"
    old = learn(["old words here"], to=folder, words=SPACES)
    learn(["new text there"], to=folder, words=SPACES)
    assert old.search("old").total == 1
    assert open_collection(folder).search("old").total == 0
    old.refresh()
    assert old.search("new").total == 1


@pytest.mark.parametrize("part", ["state.json", "tokens", "postings", "documents", "vocabulary"])
def test_damage_is_named(tmp_path: Path, part: str) -> None:
    folder = tmp_path / "c.bunsan"
    learn(["one two three"], to=folder, words=SPACES)
    for path in folder.iterdir():
        if part in path.name:
            path.write_bytes(path.read_bytes()[:20])
    with pytest.raises(BadInput, match=r"c\.bunsan"):
        open_collection(folder).search("one", b=0.3)
