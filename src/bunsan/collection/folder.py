"""A collection in a folder of the local disk: `state.json`, `*.safetensors`, `*.arrow`.

The folder can be copied, moved, mailed and opened by other programs: arrays are safetensors, tables
are Arrow IPC files, the state is JSON.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import filelock
import pyarrow as pa
from numpy.typing import NDArray

from bunsan.base.errors import BadInput
from bunsan.base.files import atomic_write, open_arrays, read_json, save_arrays, write_json
from bunsan.base.language import tr
from bunsan.collection.storage import State

FORMAT = "bunsan-collection"
VERSION = 1


class Folder:
    """`Storage` in a folder. The folder is made when something is first written.

    Parameters
    ----------
    path : the folder, `reviews.bunsan` by custom.
    patience : seconds to wait for another writer before giving up.
    """

    def __init__(self, path: str | Path, *, patience: float = 10.0) -> None:
        self.path = Path(path)
        self.patience = patience

    @property
    def location(self) -> str:
        return str(self.path)

    def state(self) -> State | None:
        path = self.path / "state.json"
        if not path.exists():
            if self.path.exists() and not self.path.is_dir():
                raise BadInput(
                    tr("is a file, not a collection.", "はコレクションではなくファイルです。"),
                    file=self.path,
                )
            return None
        state = read_json(path)
        if not isinstance(state, dict) or state.get("format") != FORMAT:
            raise BadInput(
                tr(
                    "is not the state of a collection.",
                    "はコレクションの状態ファイルではありません。",
                ),
                file=path,
            )
        if state.get("version") != VERSION:
            raise BadInput(
                tr(
                    f"was written in format {state.get('version')}; this bunsan reads format {VERSION}.",
                    f"は形式 {state.get('version')} です。この bunsan が読めるのは形式 {VERSION} です。",
                ),
                remedy=tr("Learn the documents again.", "もう一度 learn してください。"),
                file=path,
            )
        return state

    def commit(self, state: State) -> None:
        write_json(self.path / "state.json", {"format": FORMAT, "version": VERSION, **state})

    @contextmanager
    def writing(self) -> Iterator[None]:
        self.path.mkdir(parents=True, exist_ok=True)
        lock = filelock.FileLock(self.path / "write.lock", timeout=self.patience)
        try:
            lock.acquire()
        except filelock.Timeout as error:
            raise BadInput(
                tr(
                    "Another program is writing to this collection.",
                    "別のプログラムが書き込み中です。",
                ),
                remedy=tr(
                    "Wait until it has finished, or stop it.", "終わるのを待つか、止めてください。"
                ),
                file=self.path,
            ) from error
        try:
            yield
        finally:
            lock.release()

    def has(self, name: str) -> bool:
        return self._arrays(name).exists() or self._table(name).exists()

    def arrays(self, name: str) -> Mapping[str, NDArray[Any]]:
        return open_arrays(self._arrays(name))

    def put_arrays(self, name: str, arrays: Mapping[str, NDArray[Any]]) -> None:
        save_arrays(self._arrays(name), arrays)

    def table(self, name: str) -> pa.Table:
        path = self._table(name)
        try:
            with pa.memory_map(str(path)) as source:
                return pa.ipc.open_file(source).read_all()
        except pa.ArrowInvalid as error:
            raise BadInput(
                tr(f"is damaged ({error}).", f"壊れています({error})。"),
                remedy=tr("Learn the documents again.", "もう一度 learn してください。"),
                file=path,
            ) from error

    @contextmanager
    def put_table(self, name: str, schema: pa.Schema) -> Iterator[pa.ipc.RecordBatchFileWriter]:
        with (
            atomic_write(self._table(name)) as file,
            pa.ipc.new_file(pa.PythonFile(file, "w"), schema) as writer,
        ):
            yield writer

    def keep_only(self, prefixes: Iterable[str]) -> None:
        keep = ("state.json", "write.lock", *prefixes)
        for path in self.path.iterdir():
            if path.suffix in (".safetensors", ".arrow", ".part") and not path.name.startswith(
                keep
            ):
                # Windows refuses while a reader holds it open; the next writer tries again.
                with suppress(PermissionError):
                    path.unlink(missing_ok=True)

    def size(self) -> int:
        return sum(path.stat().st_size for path in self.path.iterdir() if path.is_file())

    def _arrays(self, name: str) -> Path:
        return self.path / f"{name}.safetensors"

    def _table(self, name: str) -> Path:
        return self.path / f"{name}.arrow"
