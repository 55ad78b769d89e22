"""From a model's name to a folder on this machine: as given, from the hub's cache, or fetched into it.

The cache is the one that huggingface_hub keeps and other libraries share. What is there is used without asking the
network; `pull` asks. Which host the hub is, is the library's business (its HF_ENDPOINT); none is named here.
"""

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bunsan.base.errors import BadInput, Missing
from bunsan.base.hub_errors import explain
from bunsan.base.hub_files import choose_files, is_complete
from bunsan.base.hub_transfer import transfer
from bunsan.base.language import tr
from bunsan.base.optional import optional
from bunsan.base.shipped import shipped_models

_NAME = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?", re.ASCII)
_TIMEOUT = 15.0  # seconds for one answer of the hub


@dataclass(frozen=True)
class CachedModel:
    """A model in the cache.

    Attributes
    ----------
    name : owner/name. revision : the commit. folder : its files. size : bytes on disk, of all its revisions.
    complete : False if a download stopped before its end.
    """

    name: str
    revision: str
    folder: Path
    size: int
    complete: bool


@dataclass(frozen=True)
class HubModel:
    """A model that a search on the hub found; what the hub does not tell is None."""

    name: str
    task: str | None
    downloads: int | None
    licence: str | None


def is_offline() -> bool:
    """True if the network is forbidden: `--offline` (BUNSAN_OFFLINE) or HF_HUB_OFFLINE."""
    names = ("BUNSAN_OFFLINE", "HF_HUB_OFFLINE")
    return any(os.environ.get(name, "").upper() in ("1", "ON", "YES", "TRUE") for name in names)


def local_folder(
    name_or_path: str | Path,
    *,
    revision: str | None = None,
    offline: bool | None = None,
    allow: Sequence[str] | None = None,
    cache: str | Path | None = None,
    endpoint: str | None = None,
) -> Path:
    """The folder of a model.

    Parameters
    ----------
    name_or_path : a folder, which is used as it is, or the name of a model that comes with the package, or owner/name
        on the hub, or owner/name@revision.
    revision : branch, tag or commit; None is the default branch.
    offline : True forbids the network; None does what `is_offline` says.
    allow : patterns of the files to fetch; None chooses configuration, tokenizer and weights.
    cache, endpoint : None is what huggingface_hub takes (HF_HOME, HF_ENDPOINT).

    Raises
    ------
    Missing : not here and not to be had: no such model, no network, a proxy, a certificate, offline.
    BadInput : no name and no folder.
    """
    path = Path(name_or_path).expanduser()
    if path.is_dir():
        return path
    if (shipped := shipped_models().get(str(name_or_path))) is not None:
        return shipped
    name, revision = _split(name_or_path, path, revision)
    folder = cached_folder(name, revision=revision, allow=allow, cache=cache)
    if folder is not None:
        return folder
    if is_offline() if offline is None else offline:
        raise _not_here(name, cache)
    return pull(name, revision=revision, allow=allow, cache=cache, endpoint=endpoint)


def cached_folder(
    name: str,
    *,
    revision: str | None = None,
    allow: Sequence[str] | None = None,
    cache: str | Path | None = None,
) -> Path | None:
    """The folder of a model that is wholly in the cache, else None; the network is not asked."""
    hub = _hub()
    # Whatever `allow` names may be all there is: a repository of one file has no configuration.
    files = ["config.json", "modules.json"] if allow is None else [p for p in allow if "*" not in p]
    for file in files:
        found = hub.try_to_load_from_cache(name, file, cache_dir=cache, revision=revision)
        if isinstance(found, str):
            folder = Path(found)
            for _ in Path(file).parts:
                folder = folder.parent
            return folder if allow is not None or is_complete(folder) else None
    return None


def pull(
    name: str,
    *,
    revision: str | None = None,
    allow: Sequence[str] | None = None,
    cache: str | Path | None = None,
    endpoint: str | None = None,
) -> Path:
    """Fetch a model into the cache, or what is new of it; a pull that was stopped goes on where it was.

    Only what is needed is fetched: configuration, tokenizer, and the weights once (safetensors if there are any).
    Large files are compared with the checksum that the hub gives.

    Raises
    ------
    Missing : see `local_folder`. Interrupted : Ctrl-C; what has come is kept.
    """
    name, revision = _split(name, Path(name), revision)
    if is_offline():
        raise _not_here(name, cache)
    hub = _hub()
    place = Path(hub.constants.HF_HUB_CACHE if cache is None else cache).expanduser()
    try:
        api = hub.HfApi(endpoint=endpoint, library_name="bunsan")
        about = api.model_info(name, revision=revision, files_metadata=True, timeout=_TIMEOUT)
        sizes = {file.rfilename: file.size or 0 for file in about.siblings or []}
        chosen = choose_files(sizes, allow)
        if not chosen:
            raise _nothing_to_use(name, sizes)
        return transfer(
            name,
            {file: sizes[file] for file in chosen},
            commit=about.sha,
            revision=revision,
            cache=place,
            endpoint=endpoint,
        )
    except Exception as error:
        raise explain(error, name, revision) from error


def cached_models(cache: str | Path | None = None) -> list[CachedModel]:
    """The models in the cache, by name; the network is not asked."""
    hub = _hub()
    try:
        info = hub.scan_cache_dir(cache)
    except hub.CacheNotFound:
        return []
    models = []
    for repo in info.repos:
        if repo.repo_type != "model" or not repo.revisions:
            continue
        newest = max(repo.revisions, key=lambda r: ("main" in r.refs, r.last_modified))
        parts = (repo.repo_path / "blobs").glob("*.incomplete")
        models.append(
            CachedModel(
                name=repo.repo_id,
                revision=newest.commit_hash,
                folder=newest.snapshot_path,
                size=repo.size_on_disk + sum(part.stat().st_size for part in parts),
                complete=is_complete(newest.snapshot_path),
            )
        )
    return sorted(models, key=lambda model: model.name.lower())


def shipped_here() -> list[CachedModel]:
    """The models that come with the package."""
    return [_shipped(name) for name in shipped_models()]


def _shipped(name: str) -> CachedModel:
    folder = shipped_models()[name]
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return CachedModel(name, "", folder, size, True)


def remove_cached(name: str, cache: str | Path | None = None) -> int:
    """Take a model, all its revisions, out of the cache; gives the bytes freed.

    Raises
    ------
    Missing : it is not there.
    """
    hub = _hub()
    here = {model.name: model for model in cached_models(cache)}
    if name not in here:
        raise _not_here(name, cache, fetch=False)
    info = hub.scan_cache_dir(cache)
    for repo in info.repos:
        if repo.repo_id == name and repo.repo_type == "model":
            # Copies of a repository share commits: with all of the cache before it, the library
            # would delete whichever of them it meets first.
            alone = replace(info, repos=frozenset({repo}))
            alone.delete_revisions(*(r.commit_hash for r in repo.revisions)).execute()
    return here[name].size


def search_hub(
    words: str, *, limit: int = 20, language: str | None = "ja", endpoint: str | None = None
) -> list[HubModel]:
    """Models on the hub whose names hold `words`, the most fetched first.

    Raises
    ------
    Missing : offline, or the hub cannot be reached.
    """
    if is_offline():
        raise Missing(
            tr("The hub cannot be searched offline.", "オフラインではハブを検索できません。"),
            remedy=tr(
                "Leave out --hub to search the catalogue.",
                "--hub を付けなければ同梱の目録を検索します。",
            ),
        )
    hub = _hub()
    try:
        api = hub.HfApi(endpoint=endpoint, library_name="bunsan")
        found = api.list_models(search=words, filter=language, sort="downloads", limit=limit)
        return [_found(model) for model in found]
    except Exception as error:
        raise explain(error, words, None) from error


def _found(model: Any) -> HubModel:
    licences = [tag[8:] for tag in model.tags or [] if tag.startswith("license:")]
    licence = licences[0] if licences else None
    return HubModel(model.id, model.pipeline_tag, model.downloads, licence)


def _hub() -> Any:
    hub = optional(
        "huggingface_hub",
        "huggingface_hub",
        "models",
        en="Opening published models",
        ja="公開モデルを開く機能",
    )
    optional("huggingface_hub.constants", "huggingface_hub", "models", en="", ja="")
    return hub


def _split(given: str | Path, path: Path, revision: str | None) -> tuple[str, str | None]:
    """The name and the revision of what was given; a path that is not there is told as such."""
    text = str(given)
    if path.is_file():
        raise BadInput(
            tr(
                "is a file, not the folder of a model.",
                "はファイルで、モデルのフォルダーではありません。",
            ),
            remedy=tr(
                f"Give its folder: {path.parent}", f"フォルダーを指定してください: {path.parent}"
            ),
            file=path,
        )
    name, _, tagged = text.partition("@")
    if _NAME.fullmatch(name) and ".." not in name and "--" not in name and len(name) <= 96:
        return name, revision or tagged or None
    if isinstance(given, Path) or text.startswith((".", "/", "~")) or "\\" in text:
        problem = tr("There is no such folder.", "そのようなフォルダーはありません。")
        raise Missing(problem, remedy=_list_remedy(), file=given)
    raise BadInput(
        tr(
            f"{text[:200]!r} is no name of a model.",
            f"{text[:200]!r} はモデルの名前ではありません。",
        ),
        remedy=tr(
            "A name is OWNER/NAME or OWNER/NAME@REVISION; `bunsan models` lists some.",
            "名前は 所有者/名前 か 所有者/名前@版 の形です。`bunsan models` で一覧できます。",
        ),
    )


def _not_here(name: str, cache: str | Path | None, *, fetch: bool = True) -> Missing:
    models = cached_models(cache)
    part = any(model.name == name and not model.complete for model in models)
    state = (
        tr("is on this machine only in part", "はこのコンピューターに途中までしかありません")
        if part
        else tr("is not on this machine", "はこのコンピューターにありません")
    )
    why = tr(", and the network is off (--offline)", "(オフライン指定中)") if fetch else ""
    get = tr(
        f"Fetch it with a network: bunsan models pull {name}",
        f"ネットワークのあるところで取得: bunsan models pull {name}",
    )
    return Missing(
        tr(f"{name} {state}{why}.", f"{name} {state}{why}。"),
        remedy=" ".join(
            [
                _here([*shipped_models(), *(m.name for m in models if m.complete)]),
                get if fetch else "",
            ]
        ).strip(),
    )


def _here(names: Iterable[str]) -> str:
    listed = list(names)
    if not listed:
        return tr("No models are here yet.", "まだ一つもモデルがありません。")
    return tr("Here are: ", "あるモデル: ") + ", ".join(listed[:20]) + ("…" if listed[20:] else ".")


def _list_remedy() -> str:
    return tr(
        "`bunsan models` lists models by name; `bunsan models --local` those on this machine.",
        "`bunsan models` でモデルの名前を、`bunsan models --local` で手元のモデルを一覧できます。",
    )


def _nothing_to_use(name: str, files: Iterable[str]) -> Missing:
    some = ", ".join(sorted(files)[:8])
    return Missing(
        tr(
            f"{name} holds no weights that bunsan reads (it holds: {some}).",
            f"{name} には bunsan の読める重みがありません(あるもの: {some})。",
        ),
        remedy=tr(
            "model.safetensors or pytorch_model.bin is needed; convert it with its own tools.",
            "model.safetensors か pytorch_model.bin が必要です。配布元のツールで変換してください。",
        ),
    )
