"""A training put down on disk, and taken up again exactly.

`checkpoint.json` names a file of tensors and holds its digest; it is replaced in one step after that
file is safely there, so whenever the process or the machine ends, the last checkpoint is whole.
"""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from bunsan.base.errors import BadInput, BunsanError
from bunsan.base.files import write_json
from bunsan.base.language import tr
from bunsan.base.untrusted import read_object
from bunsan.nn.weights_safetensors import SafetensorsFile, save_safetensors

_FORMAT = 1
_STATE = "checkpoint.json"


def save_checkpoint(
    folder: Path, tensors: Mapping[str, Tensor], state: Mapping[str, Any], mark: str, name: str
) -> None:
    """Write a checkpoint of the training whose fingerprint is `mark`; the one before it goes.

    `name` tells it from the one before.

    Raises
    ------
    BunsanError : the disk is full or gone; the checkpoint before is still there.
    """
    file = folder / f"{name}.safetensors"
    about = {
        "format": _FORMAT,
        "training": mark,
        "file": file.name,
        "digest": digest(tensors),
        **state,
    }
    try:
        save_safetensors(file, tensors, {"training": mark})
        write_json(folder / _STATE, about)
    except OSError as error:
        raise BunsanError(
            tr(
                f"The checkpoint could not be saved ({error.strerror or error}).",
                f"途中経過を保存できません({error.strerror or error})。",
            ),
            remedy=tr(
                "Make room; the same command then goes on from the last checkpoint that was saved.",
                "空きを作ってから同じコマンドを実行すると、最後に保存できた途中経過から再開します。",
            ),
            file=file,
        ) from error
    for old in folder.glob("step-*.safetensors"):
        if old != file:
            old.unlink(missing_ok=True)


def open_checkpoint(folder: Path, mark: str) -> tuple[dict[str, Tensor], dict[str, Any]] | None:
    """Tensors and state of the checkpoint in `folder`; None where there is none.

    Raises
    ------
    BadInput : it is damaged, or belongs to another training.
    """
    path = folder / _STATE
    if not path.exists():
        return None
    state = read_object(path)
    if state.get("format") != _FORMAT or state.get("training") != mark:
        raise BadInput(
            tr(
                "holds a training of another corpus or with other settings.",
                "には、別のコーパスまたは別の設定による学習の途中経過が入っています。",
            ),
            remedy=tr(
                "Give the same ones to go on with it, or delete the folder to begin anew.",
                "続けるには同じものを指定し、最初からやり直すにはフォルダーを消してください。",
            ),
            file=path,
        )
    file = folder / Path(str(state.get("file"))).name
    tensors = read_tensors(file, state.get("digest"))
    return tensors, state


def read_tensors(file: Path, wanted: Any) -> dict[str, Tensor]:
    """The tensors of a file whose digest is known.

    Raises
    ------
    BadInput : the file is not there or not what was written.
    """
    if not file.is_file():
        raise _damaged(file, tr("is not there.", "がありません。"))
    opened = SafetensorsFile(file)
    tensors = {name: opened.tensor(name).clone() for name in opened.names()}
    if digest(tensors) != wanted:
        raise _damaged(file, tr("is damaged.", "が壊れています。"))
    return tensors


def digest(tensors: Mapping[str, Tensor]) -> str:
    """Differs when a name, a shape or a single bit differs."""
    found = hashlib.blake2b(digest_size=16)
    for name in sorted(tensors):
        tensor = tensors[name]
        found.update(json.dumps([name, str(tensor.dtype), list(tensor.shape)]).encode())
        if tensor.numel():
            plain = tensor.detach().contiguous().cpu().reshape(-1)
            found.update(plain.view(torch.uint8).numpy().data)
    return found.hexdigest()


def _damaged(file: Path, problem: str) -> BadInput:
    return BadInput(
        problem,
        remedy=tr(
            "This checkpoint cannot be used: delete the folder to begin anew.",
            "この途中経過は使えません。最初からやり直すにはフォルダーを消してください。",
        ),
        file=file,
    )
