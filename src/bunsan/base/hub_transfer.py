"""Fetching the files of a model into the hub's cache so that nothing that has come is lost.

The hub's library throws a half-fetched file away; a stopped pull of a 1 GB file would begin anew. So large files
are fetched here into the cache's blobs, continued by byte range and compared with their checksum; then the library
finds them there, and links them, with the small files, into the snapshot.
"""

import hashlib
import os
import re
import shutil
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bunsan.base.errors import BunsanError, Interrupted
from bunsan.base.hub_errors import disk_full
from bunsan.base.language import tr
from bunsan.base.progress import progress

_LARGE = 5_000_000  # bytes from which a file is worth continuing
_CHECKSUM = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def transfer(
    name: str,
    files: Mapping[str, int],
    *,
    commit: str,
    revision: str | None,
    cache: Path,
    endpoint: str | None,
) -> Path:
    """Bring `files` (with their sizes in bytes) of one commit into the cache; gives the snapshot's folder.

    Raises
    ------
    Interrupted : Ctrl-C. BunsanError : no room, or a file arrived damaged. Others : those of the hub's library.
    """
    hub: Any = import_module("huggingface_hub")
    store = cache / ("models--" + name.replace("/", "--"))
    snapshot = store / "snapshots" / commit
    small = [file for file, size in files.items() if size < _LARGE]
    large = [file for file, size in files.items() if size >= _LARGE]
    options = {"cache_dir": cache, "endpoint": endpoint, "library_name": "bunsan"}
    missing = sum(size for file, size in files.items() if not (snapshot / file).exists())
    try:
        with _silent(), _watched(name, store / "blobs", missing):
            hub.snapshot_download(name, revision=revision, allow_patterns=small, **options)
            for file in large:
                if not (snapshot / file).exists():
                    _fetch(hub, name, file, commit, store, endpoint)
            return Path(
                hub.snapshot_download(
                    name, revision=revision, allow_patterns=list(files), **options
                )
            )
    except KeyboardInterrupt as error:
        raise Interrupted(
            tr(
                f"Stopped before all of {name} had come; what has come is kept.",
                f"{name} の取得を中断しました。届いた分は残っています。",
            ),
            remedy=tr(
                f"Go on with: bunsan models pull {name}", f"続きから再開: bunsan models pull {name}"
            ),
        ) from error


def _fetch(hub: Any, name: str, file: str, commit: str, store: Path, endpoint: str | None) -> None:
    """Bring one large file into `store`/blobs, going on with what is there of it."""
    from filelock import FileLock

    url = hub.hf_hub_url(name, file, revision=commit, endpoint=endpoint)
    about = hub.get_hf_file_metadata(url)
    if about.etag is None or about.size is None or not _CHECKSUM.fullmatch(about.etag):
        return  # nothing to go by: the library fetches it in its own way
    headers: dict[str, str] = hub.utils.build_hf_headers(library_name="bunsan")
    if urlsplit(about.location).netloc != urlsplit(url).netloc:
        # The token is for the hub, not for the store it points to.
        headers = {k: v for k, v in headers.items() if k.lower() != "authorization"}
    blob = store / "blobs" / about.etag
    part = blob.with_name(f"{about.etag}.incomplete")
    lock = store.parent / ".locks" / store.name / f"{about.etag}.lock"
    for folder in (blob.parent, lock.parent):
        folder.mkdir(parents=True, exist_ok=True)
    with FileLock(lock):
        if blob.exists():
            return
        have = part.stat().st_size if part.exists() else 0
        if have > about.size:
            part.unlink()
            have = 0
        if shutil.disk_usage(blob.parent).free < about.size - have:
            raise disk_full()
        with part.open("ab") as out:
            get = import_module("huggingface_hub.file_download").http_get
            get(
                about.location,
                out,
                resume_size=have,
                headers=headers,
                expected_size=about.size,
                displayed_filename=file,
            )
            out.flush()
            os.fsync(out.fileno())
        if checksum(part, about.etag) != about.etag:
            part.unlink()
            raise BunsanError(
                tr(
                    f"{file} of {name} arrived damaged (its checksum is wrong).",
                    f"{name} の {file} が壊れて届きました(チェックサム不一致)。",
                ),
                remedy=tr("Pull it again.", "取得し直してください。"),
            )
        part.replace(blob)


def checksum(path: Path, like: str) -> str:
    """The checksum of a file in the hub's two ways: SHA-256 for large files, Git's SHA-1 for others."""
    digest = hashlib.sha256() if len(like) == 64 else hashlib.sha1(usedforsecurity=False)
    if len(like) != 64:
        digest.update(b"blob %d\0" % path.stat().st_size)
    with path.open("rb") as file:
        while block := file.read(1 << 22):
            digest.update(block)
    return digest.hexdigest()


@contextmanager
def _silent() -> Iterator[None]:
    """The library's own bars are off meanwhile; they would be one for each file, beside ours."""
    utils: Any = import_module("huggingface_hub.utils")
    constants: Any = import_module("huggingface_hub.constants")
    # Set in the environment, either way, it cannot be changed, and trying warns.
    ours = constants.HF_HUB_DISABLE_PROGRESS_BARS is None and not utils.are_progress_bars_disabled()
    if ours:
        utils.disable_progress_bars()
    try:
        yield
    finally:
        if ours:
            utils.enable_progress_bars()


@contextmanager
def _watched(name: str, blobs: Path, total: int) -> Iterator[None]:
    """A bar that follows the bytes as they reach the disk, whoever writes them."""
    before = _size(blobs)
    partly = sum(part.stat().st_size for part in blobs.glob("*.incomplete"))
    stop = threading.Event()
    with progress(tr(f"Pulling {name}", f"{name} を取得中"), total=total) as bar:
        bar.advance(partly)
        done = partly

        def watch() -> None:
            nonlocal done
            while not stop.wait(0.25):
                now = partly + _size(blobs) - before
                bar.advance(now - done, f"{now / 1e6:,.0f} / {total / 1e6:,.0f} MB")
                done = now

        follower = threading.Thread(target=watch, daemon=True)
        follower.start()
        try:
            yield
        finally:
            stop.set()
            follower.join()


def _size(folder: Path) -> int:
    size = 0
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                try:
                    size += entry.stat().st_size
                except FileNotFoundError:  # renamed this very moment
                    continue
    except FileNotFoundError:
        pass
    return size
