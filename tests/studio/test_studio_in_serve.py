"""The studio inside `bunsan serve`: files that are dropped are none of the API's requests."""

from pathlib import Path

import pytest

pytest.importorskip("gradio", reason="the extra studio is not installed")
pytest.importorskip("prometheus_client", reason="the extra serve is not installed")


def test_a_large_file_is_taken_and_a_large_request_is_not(writer: Path) -> None:
    from fastapi.testclient import TestClient

    from bunsan.serve.app import make_app
    from bunsan.serve.settings import ServeSettings
    from bunsan.studio.app import mount_studio
    from bunsan.studio.settings import StudioSettings

    app = make_app(ServeSettings(models=(str(writer),), max_body=2000))
    mount_studio(app, StudioSettings())
    large = b"x" * 50_000
    with TestClient(app) as client:
        assert client.get("/studio/ja/").status_code == 200
        taken = client.post("/studio/ja/gradio_api/upload", files={"files": ("a.txt", large)})
        assert taken.status_code == 200
        assert Path(taken.json()[0]).read_bytes() == large
        for path in ("/v1/completions", "/studios/ja", "/nowhere"):
            refused = client.post(path, content=large, headers={"content-type": "application/json"})
            assert refused.status_code == 413, path
