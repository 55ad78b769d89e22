"""People are spoken to in their own language."""

import pytest

from bunsan.base.errors import BadInput
from bunsan.base.language import language, tr, use_language


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({"LANG": "ja_JP.UTF-8"}, "ja"),
        ({"LANG": "en_US.UTF-8"}, "en"),
        ({"LANG": "ja_JP.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LANG": "fr_FR.UTF-8", "BUNSAN_LANG": "ja"}, "ja"),
    ],
)
def test_the_environment_decides(monkeypatch, environment: dict[str, str], expected: str) -> None:
    for name in ("BUNSAN_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert language() == expected


def test_a_choice_overrules_the_environment() -> None:
    try:
        use_language("ja")
        assert tr("yes", "はい") == "はい"
    finally:
        use_language(None)
    assert tr("yes", "はい") == "yes"


def test_an_error_names_the_place_and_the_remedy() -> None:
    error = BadInput("is empty.", remedy="Fill it.", file="a.csv", row=3)
    assert str(error) == "a.csv:3: is empty. Fill it."
    assert error.exit_code == 2


def test_readers_of_a_server_are_spoken_to_apart() -> None:
    from threading import Thread

    from bunsan.base.language import speaking

    heard: list[str] = []
    with speaking("ja"):
        with speaking("en"):
            heard.append(tr("yes", "はい"))
        heard.append(tr("yes", "はい"))

        def elsewhere() -> None:
            with speaking("en"):
                heard.append(tr("yes", "はい"))

        thread = Thread(target=elsewhere)
        thread.start()
        thread.join()
        heard.append(tr("yes", "はい"))
    assert heard == ["yes", "はい", "yes", "はい"]
