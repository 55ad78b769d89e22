"""The studio's server: who may ask, in which language, and what goes wrong before it opens."""

import socket
import subprocess
import sys
import urllib.error
import urllib.request

import pytest


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


def ask(url: str, **headers: str) -> tuple[int, dict[str, str], bytes]:
    """The answer to one request, without following where it leads."""
    request = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.build_opener(_Stay).open(request, timeout=60) as answer:
            return answer.status, dict(answer.headers), answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), error.read()


@pytest.mark.parametrize(
    ("said", "kept", "expected"),
    [
        ("ja,en;q=0.5", "", "ja"),
        ("en-GB,ja", "", "en"),
        ("fr-FR,ja;q=0.3", "", "ja"),
        ("fr", "", "en"),  # as BUNSAN_LANG has it
        ("en", "bunsan=ja", "ja"),
    ],
)
def test_the_language_is_the_browsers_or_the_one_chosen(
    studio: str, said: str, kept: str, expected: str
) -> None:
    headers = {"Accept-Language": said} | ({"Cookie": kept} if kept else {})
    status, answer, _ = ask(studio + "/studio/", **headers)
    assert status in (302, 303, 307)
    assert answer["location"].endswith(f"/studio/{expected}/")


def test_a_foreign_name_for_this_machine_is_refused(studio: str) -> None:
    port = studio.rpartition(":")[2]
    assert ask(studio + "/studio/ja/", Host=f"localhost:{port}")[0] == 200
    assert ask(studio + "/studio/ja/", Host=f"evil.example:{port}")[0] == 400


def test_the_page_asks_nobody_else_and_says_its_language(studio: str) -> None:
    _, headers, body = ask(studio + "/studio/ja/")
    page = body.decode()
    assert 'lang="ja"' in page
    assert "connect-src 'self'" in headers["content-security-policy"]
    assert "og:image" not in page


@pytest.mark.parametrize(
    "path",
    ["figures/guessed.html", "figures/x.py", "assets/app.py", "assets/..%2fapp.py"],
)
def test_what_was_not_made_for_a_visitor_is_not_there(studio: str, path: str) -> None:
    assert ask(f"{studio}/studio/{path}")[0] == 404


def bunsan(*arguments: str, before: str = "") -> subprocess.CompletedProcess[str]:
    code = f"import sys; {before}\nfrom bunsan.cli.main import run\nrun()"
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=240
    )


def test_without_gradio_the_remedy_is_told() -> None:
    done = bunsan("studio", "--no-browser", before="sys.modules['gradio'] = None")
    assert done.returncode == 3
    assert "bunsan[studio]" in done.stderr
    assert done.stdout == ""


def test_a_collection_that_is_not_there_is_told_before_anything_opens(tmp_path: object) -> None:
    done = bunsan("studio", f"{tmp_path}/none.bunsan", "--no-browser")
    assert done.returncode == 3
    assert "none.bunsan" in done.stderr


def test_a_port_that_is_taken_is_told() -> None:
    pytest.importorskip("gradio", reason="the extra studio is not installed")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = bunsan("studio", "--no-browser", "--port", str(port))
    assert done.returncode == 2
    assert str(port) in done.stderr


@pytest.mark.slow
def test_a_program_opens_and_closes_a_studio(tmp_path: object) -> None:
    pytest.importorskip("gradio", reason="the extra studio is not installed")
    code = (
        "import urllib.request, bunsan\n"
        f"made = bunsan.learn(['朝の海は静か'] * 5, to=r'{tmp_path}/few.bunsan', by=())\n"
        "studio = bunsan.open_studio(made, language='ja')\n"
        "page = urllib.request.urlopen(studio.url).read().decode()\n"
        "assert 'lang=\"ja\"' in page\n"
        "assert studio.url in studio._repr_html_()\n"
        "studio.close()\n"
        "try:\n"
        "    urllib.request.urlopen(studio.url)\n"
        "except OSError:\n"
        "    print('closed')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=240)
    assert done.stdout.strip() == "closed", done.stderr
