"""A browser that reports every request and every complaint, and figures to look at."""

import shutil
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.sparse import csr_array

from bunsan.words.network import Network, network

HOSTILE = [
    "</script><img src=x onerror=alert(1)>",
    "<b>太字</b>",
    "&lt;実体&amp;",
    "\"引用'符",
    "$x^2$ と _下線_",
    "改行\u2028区切り",
]
WORDS = ["温泉", "露天風呂", "部屋", "広い", "朝食", "バイキング", "スタッフ", "親切", "駅", "近い"]


def make_network(words: list[str], *, resamples: int = 40, seed: int = 0) -> Network:
    """Words that meet in pairs (0-1, 2-3, …), and pairs that meet now and then."""
    rng = np.random.default_rng(seed)
    n = len(words)
    dense = rng.random((300, n)) < 0.12
    for k in range(0, n - 1, 2):
        dense[:, k + 1] |= dense[:, k] & (rng.random(300) < 0.8)
    units = csr_array(dense.astype(int))
    pairs = (units.T @ units).toarray()
    counts = np.diag(pairs)
    return network(
        pairs,
        counts,
        300,
        words,
        ids=range(100, 100 + n),
        pos=["名詞"] * n,
        edges=n + 4,
        units=units,
        resamples=resamples,
    )


class Scripts(HTMLParser):
    """The elements of a page as a browser would find them."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.data = ""
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        values = dict(attrs)
        self.addresses += [values[name] or "" for name in ("src", "href") if name in values]
        self._inside = values.get("id") == "data"

    def handle_endtag(self, tag: str) -> None:
        self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.data += data


class Samples:
    """What the tests of this folder share."""

    hostile = HOSTILE
    words = WORDS
    network = staticmethod(make_network)
    page = Scripts


@pytest.fixture
def samples() -> type[Samples]:
    return Samples


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip(
        "playwright.sync_api", reason="looking at pages needs playwright, which is not installed"
    )
    found = next(
        filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None
    )
    if found is None:
        pytest.skip("looking at pages needs Chromium, which is not on this machine")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=found, args=options)
        yield chromium
        chromium.close()


@pytest.fixture
def look(browser: Any) -> Iterator[Callable[..., Any]]:
    """`look(path, width, height, dark=False)` opens a page; at the end nothing may have gone wrong:
    no request but for the file, no error, no dialog."""
    wrong: list[str] = []
    contexts = []

    def open_page(path: Path, width: int = 1440, height: int = 900, *, dark: bool = False) -> Any:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
        )
        contexts.append(context)
        page = context.new_page()

        def requested(request: Any) -> None:
            if request.url != path.as_uri() and not request.url.startswith(("data:", "blob:")):
                wrong.append(f"request {request.url}")

        page.on("request", requested)
        page.on("console", lambda message: wrong.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
        page.on("dialog", lambda dialog: wrong.append(f"dialog: {dialog.message}"))
        page.goto(path.as_uri())
        page.wait_for_selector("#plot .textpoint text", state="attached")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert wrong == []
