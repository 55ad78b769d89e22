"""A real studio, started by its command line, and a real browser that visits it."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

_BROWSERS = (
    os.environ.get("BUNSAN_CHROMIUM", ""),
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)


@contextmanager
def started(home: Path, port: int = 0) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The address of a studio, without a slash at the end, and its process."""
    pytest.importorskip("gradio", reason="the extra studio is not installed")
    pytest.importorskip("uvicorn", reason="the extra studio is not installed")
    log = home / "log.txt"
    environment = os.environ | {"BUNSAN_LANG": "en", "PYTHONUNBUFFERED": "1"}
    with log.open("w", encoding="utf-8") as errors:
        process = subprocess.Popen(
            [sys.executable, "-m", "bunsan", "studio", "--no-browser", "--port", str(port)],
            cwd=home,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        )
        assert process.stdout is not None
        url = process.stdout.readline().strip().rstrip("/")
        try:
            assert url.startswith("http://127.0.0.1:"), log.read_text(encoding="utf-8")
            yield url, process
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            process.stdout.close()


@pytest.fixture(scope="session")
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a running studio."""
    with started(tmp_path_factory.mktemp("studio")) as (url, _):
        yield url


@pytest.fixture
def short_lived(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A studio of its own for a test that ends it."""
    with started(tmp_path) as found:
        yield found


@pytest.fixture
def tab() -> type["Visit"]:
    """What a tab is made of."""
    return Visit


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A browser without a window."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = next((p for p in _BROWSERS if p and shutil.which(p)), None)
    if found is None:
        pytest.skip("no Chromium here: set BUNSAN_CHROMIUM to one")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield browser
        browser.close()


class Visit:
    """A tab in a profile of its own, which notes what it asks for and complains of."""

    def __init__(self, browser: Any, url: str, language: str, **options: Any) -> None:
        locale = "ja-JP" if language == "ja" else "en-US"
        self.context = browser.new_context(locale=locale, **options)
        self.page = self.context.new_page()
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._hear)
        self.url = url
        self.page.set_default_timeout(60_000)
        self.page.goto(url + "/")
        self.page.wait_for_selector("#b-head .b-brand")
        # The page has said who it is: from now on nothing that is typed or pressed is lost.
        self.page.wait_for_function("sessionStorage.getItem('bunsan-studio')")

    def _hear(self, message: Any) -> None:
        if message.type == "error":
            self.complaints.append(message.text)

    def room(self, name: str) -> None:
        """Go to a room by its title."""
        tab = self.page.get_by_role("tab", name=name, exact=True).first
        item = f'.overflow-dropdown button:text-is("{name}")'
        menu = self.page.locator(f".overflow-menu:has({item}) > button").first
        tab.or_(menu).filter(
            visible=True
        ).first.wait_for()  # rooms are laid out some time after the page's head
        if not tab.is_visible():  # a narrow page keeps the last rooms in a menu
            menu.click()
            tab = self.page.locator(item).first
        tab.click()

    def text(self, selector: str) -> str:
        """What a person reads there."""
        return str(self.page.locator(selector).first.inner_text())

    def wait(self, selector: str, *, timeout: float = 120_000) -> Any:
        """The first such element, visible."""
        found = self.page.locator(selector).first
        found.wait_for(timeout=timeout)
        return found

    @property
    def outside(self) -> list[str]:
        """Requests that went to another machine."""
        local = (self.url + "/", "data:", "blob:", self.url.replace("http", "ws", 1) + "/")
        return [one for one in self.requests if not one.startswith(local)]


@pytest.fixture
def visit(studio: str, chromium: Any) -> Iterator[Any]:
    """Open a tab: `visit("ja")`; each has a profile of its own."""
    open_ones: list[Visit] = []

    def go(language: str = "ja", **options: Any) -> Visit:
        open_ones.append(Visit(chromium, studio, language, **options))
        return open_ones[-1]

    yield go
    for one in open_ones:
        one.context.close()


@pytest.fixture(scope="session")
def reviews(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workbook of reviews in two areas, one row without a text."""
    import xlsxwriter

    path = tmp_path_factory.mktemp("files") / "口コミ.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["番号", "地域", "コメント"])
        for i in range(60):
            area = "海辺" if i % 2 else "高原"
            seen = ("窓から海が見える", "波の音が聞こえる", "魚の料理が新鮮") if i % 2 else (
                "窓から山が見える", "朝の空気が澄んでいる", "野菜の料理が新鮮"
            )  # fmt: skip
            text = f"{seen[i % 3]}宿でした。朝食の{'魚' if i % 2 else '野菜'}が美味しい。"
            sheet.write_row(1 + i, 0, [i + 1, area, "" if i == 7 else text])
    return path


@pytest.fixture(scope="session")
def writer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model that writes nonsense."""
    pytest.importorskip("torch", reason="the extra models is not installed")
    from bunsan.serve.untrained import make_decoder

    return make_decoder(tmp_path_factory.mktemp("models") / "writer")
