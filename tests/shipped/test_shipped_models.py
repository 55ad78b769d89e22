"""The models that come with the package: small, described, found by name, of use with no network."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import bunsan
from bunsan.base.errors import BadInput
from bunsan.base.hub import local_folder
from bunsan.base.shipped import shipped_model, shipped_models
from bunsan.cli.main import main
from bunsan.models.catalogue import look_up
from bunsan.tasks.models import describe_model, pull_model, remove_model

ROOT = Path(__file__).resolve().parents[2]


def test_they_are_small_and_described() -> None:
    assert shipped_models()
    sizes = [
        file.stat().st_size for folder in shipped_models().values() for file in folder.rglob("*")
    ]
    assert sum(sizes) <= 45e6
    for name, folder in shipped_models().items():
        card = (folder / "README.md").read_text(encoding="utf-8")
        for part in (f"# {name}", "licence", "CC BY-SA", "made with", "Limits", "## 日本語"):
            assert part in card, (name, part)
        entry = look_up(name)
        assert entry is not None
        assert not entry.on_hub
        assert describe_model(name).here is not None


def test_names_stand_for_folders_and_stay(tmp_path: Path) -> None:
    for name, folder in shipped_models().items():
        assert local_folder(name, offline=True) == folder == pull_model(name)
        with pytest.raises(BadInput, match="comes with bunsan"):
            remove_model(name)
        assert folder.is_dir()


def test_word_vectors_know_what_is_alike(capsys: pytest.CaptureFixture[str]) -> None:
    assert shipped_model("words") is not None
    vectors = bunsan.open_vectors("bunsan-ja-words")
    assert len(vectors) == 50_000
    pairs = [("京都", "大阪", "寿司"), ("電車", "列車", "料理"), ("おいしい", "美味しい", "難しい")]
    for word, near, far in pairs:
        assert vectors.similarity(word, near) > vectors.similarity(word, far) + 0.15
    assert main(["similar", "bunsan-ja-words", "美味しい", "--top", "3"]) == 0
    assert "おいしい" in capsys.readouterr().out


@pytest.mark.slow
def test_they_are_in_the_wheel(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-deps",
        "-q",
        "-w",
        str(tmp_path),
        str(ROOT),
    ]
    subprocess.run(command, check=True)
    [wheel] = tmp_path.glob("*.whl")
    inside = set(zipfile.ZipFile(wheel).namelist())
    for name, folder in shipped_models().items():
        for file in folder.rglob("*"):
            if file.is_file():
                assert f"bunsan/shipped/{name}/{file.relative_to(folder).as_posix()}" in inside
