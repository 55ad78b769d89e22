"""What a page says when its studio is no more."""

import subprocess
from typing import Any

import pytest


@pytest.mark.parametrize(("language", "said"), [("ja", "終了しています"), ("en", "has ended")])
def test_a_page_tells_that_its_studio_has_ended(
    short_lived: tuple[str, subprocess.Popen[str]],
    chromium: Any,
    tab: Any,
    language: str,
    said: str,
) -> None:
    url, process = short_lived
    page = tab(chromium, url, language)
    try:
        page.page.wait_for_load_state("load")
        assert page.page.locator("#b-gone").count() == 0
        process.kill()
        process.wait()
        note = page.wait("#b-gone")
        assert said in note.inner_text()
        assert "bunsan studio" in note.inner_text()
        assert note.evaluate("one => one.getBoundingClientRect().right <= innerWidth")
    finally:
        page.context.close()
