"""Japanese can be read whatever fonts a machine has, and however late the studio's own font comes."""

from collections.abc import Callable
from typing import Any

import pytest

# A character that no font has would come from one of these.
_BOXES = {"DejaVu Sans", "Liberation Sans", "Arial", "Last Resort"}
_SEEN = ("#b-rooms [role=tab]", ".b-heading", "#b-demo-ja", "#b-open", ".b-empty strong")


class Fonts:
    """Which fonts a page draws its Japanese with."""

    def __init__(self, page: Any) -> None:
        self.page, self.look = page, page.context.new_cdp_session(page)
        self.look.send("DOM.enable")
        self.look.send("CSS.enable")

    def used(self) -> dict[str, set[str]]:
        """The families by what they draw."""
        root = self.look.send("DOM.getDocument", {"depth": -1})["root"]["nodeId"]
        found: dict[str, set[str]] = {}
        for selector in _SEEN:
            asked = {"nodeId": root, "selector": selector}
            for node in self.look.send("DOM.querySelectorAll", asked)["nodeIds"]:
                shown = self.look.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]
                found[f"{selector} {node}"] = {font["familyName"] for font in shown}
        return found

    def wait(self, right: Callable[[dict[str, set[str]]], bool]) -> dict[str, set[str]]:
        """Look until they are so, a minute at most."""
        for _ in range(600):
            found = self.used()
            if right(found):
                return found
            self.page.wait_for_timeout(100)
        return found


def _boxes(found: dict[str, set[str]]) -> set[str]:
    return {place for place, families in found.items() if families & _BOXES}


def _all_read(found: dict[str, set[str]]) -> bool:
    return any(found.values()) and not _boxes(found)


def test_no_japanese_text_is_boxes(visit: Any) -> None:
    found = Fonts(visit("ja").page).wait(_all_read)
    assert any(found.values())
    assert _boxes(found) == set()


def test_a_font_that_comes_late_is_taken_by_every_text(chromium: Any, studio: str) -> None:
    context = chromium.new_context(locale="ja-JP")
    try:
        page = context.new_page()
        page.set_default_timeout(60_000)
        held: list[Any] = []
        page.route("**/fallback.ttf", lambda route: held.append(route))
        page.goto(studio + "/", wait_until="commit")  # it has loaded when the font has
        page.wait_for_selector("#b-demo-ja")
        if not held:
            pytest.skip("this machine has fonts for Japanese")
        fonts = Fonts(page)
        # After three seconds a browser shows what it has in the meantime: boxes.
        assert _boxes(fonts.wait(lambda found: len(_boxes(found)) > 5))
        held[0].continue_()
        found = fonts.wait(_all_read)
        assert any(found.values())
        assert _boxes(found) == set()
        assert page.locator("html").get_attribute("lang").startswith("ja")
    finally:
        context.close()
