"""The studio inside `bunsan serve`: files that are dropped are none of the API's requests."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("gradio", reason="the extra studio is not installed")
pytest.importorskip("prometheus_client", reason="the extra serve is not installed")

_CODE = """
import json, sys
from pathlib import Path
from fastapi.testclient import TestClient
from bunsan.serve.app import make_app
from bunsan.serve.settings import ServeSettings
from bunsan.studio.app import mount_studio
from bunsan.studio.settings import StudioSettings

app = make_app(ServeSettings(models=(sys.argv[1],), max_body=2000))
mount_studio(app, StudioSettings())
large = b"x" * 50_000
with TestClient(app) as client:
    found = [client.get("/studio/ja/").status_code]
    taken = client.post("/studio/ja/gradio_api/upload", files={"files": ("a.txt", large)})
    found += [taken.status_code, Path(taken.json()[0]).read_bytes() == large]
    for path in ("/v1/completions", "/studios/ja", "/nowhere"):
        headers = {"content-type": "application/json"}
        found.append(client.post(path, content=large, headers=headers).status_code)
print(json.dumps(found))
"""


def test_a_large_file_is_taken_and_a_large_request_is_not(writer: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _CODE, str(writer)], capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == [200, 200, True, 413, 413, 413]
