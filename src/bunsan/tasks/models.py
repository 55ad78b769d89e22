"""Published models: which there are, what each is, whether it is here; fetching and removing them."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bunsan.base.errors import BadInput, Missing
from bunsan.base.hub import (
    CachedModel,
    cached_models,
    is_offline,
    pull,
    remove_cached,
    search_hub,
    shipped_here,
)
from bunsan.base.language import tr
from bunsan.base.shipped import shipped_models
from bunsan.base.untrusted import read_object
from bunsan.models.catalogue import (
    TASKS,
    CatalogueModel,
    catalogue,
    look_up,
    opened_types,
    search,
)
from bunsan.tasks.table import Table

# What config.json calls the same thing in different families.
_IN_CONFIG = {
    "type": ("model_type",),
    "layers": ("num_hidden_layers", "n_layer", "encoder_layers", "num_layers", "n_layers"),
    "decoder_layers": ("decoder_layers", "num_decoder_layers"),
    "width": ("hidden_size", "n_embd", "d_model", "dim"),
    "heads": ("num_attention_heads", "n_head", "encoder_attention_heads", "num_heads", "n_heads"),
    "vocabulary": ("vocab_size",),
    "length": ("max_position_embeddings", "n_positions", "n_ctx"),
}
_TITLES = {
    "name": ("Name", "名前"),
    "called": ("Called", "通称"),
    "kind": ("Kind", "種類"),
    "opens": ("Opens", "開く"),
    "here": ("Here", "手元"),
    "family": ("Family", "系統"),
    "type": ("model_type", "model_type"),
    "size": ("Size", "サイズ"),
    "does": ("Does", "用途"),
    "layers": ("Layers", "層数"),
    "decoder_layers": ("Decoder layers", "デコーダー層数"),
    "width": ("Width", "次元"),
    "heads": ("Heads", "ヘッド数"),
    "vocabulary": ("Vocabulary", "語彙"),
    "length": ("Longest input", "最大長"),
    "tokenizer": ("Tokenizer", "トークン化"),
    "corpus": ("Learned from", "学習データ"),
    "by": ("By", "作成者"),
    "licence": ("Licence", "ライセンス"),
    "where": ("Where", "入手先"),
    "note": ("Note", "備考"),
    "task": ("Task", "用途"),
    "downloads": ("Downloads", "取得数"),
    "folder": ("Folder", "フォルダー"),
    "megabytes": ("MB here", "手元(MB)"),
    "complete": ("Complete", "完全"),
    "sure": ("Sure", "確か"),
    "missing": ("First", "先に"),
    "unverified": ("Not checked", "未確認"),
}
# What to do first, in a table and on a card.
_FIRST = {
    "mecab": (("mecab", "mecab"), ("pip install 'bunsan[mecab]'", "pip install 'bunsan[mecab]'")),
    "jumanpp": (
        ("Juman++", "Juman++"),
        ("pip install rhoknp, and the Juman++ program", "pip install rhoknp と Juman++ 本体"),
    ),
    "spaces": (
        ("cut first", "分かち書き"),
        ("cut the text into words, with spaces between", "本文を分かち書き(語の間に空白)"),
    ),
}


_COLUMNS = (
    *("name", "called", "family", "size", "type", "does", "length", "tokenizer", "licence"),
    *("opens", "sure", "missing", "megabytes", "complete", "unverified"),
)


@dataclass(frozen=True)
class ModelCard:
    """What is known of one model.

    Attributes
    ----------
    facts : field -> value, in the order to show them. unverified : fields that nobody has checked.
    here : the copy on this machine, or None. opens : whether bunsan knows the architecture; None if that is not known.
    sure : False while it is not certain that the published files are what the catalogue says.
    missing : what has to be installed or done before: mecab, jumanpp, spaces.
    """

    name: str
    facts: dict[str, Any]
    unverified: frozenset[str]
    here: CachedModel | None
    opens: bool | None
    sure: bool
    missing: list[str]
    on_hub: bool

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        here = self.here
        return {
            "name": self.name,
            **self.facts,
            "unverified": sorted(self.unverified & {"name", *self.facts}),
            "on_hub": self.on_hub,
            "opens": self.opens,
            "sure": self.sure,
            "missing": self.missing,
            "here": here
            and {
                "folder": str(here.folder),
                "revision": here.revision,
                "bytes": here.size,
                "complete": here.complete,
            },
        }

    def lines(self) -> list[tuple[str, str]]:
        """Titles and values to read; a value that nobody has checked ends in "?"."""
        rows = []
        for field, value in self.facts.items():
            if isinstance(value, list):
                shown = tr(", ", "、").join(tr(*TASKS[one]) for one in value)
            else:
                shown = f"{value:,}" if isinstance(value, int) else str(value)
            rows.append((title(field), shown + (" ?" if field in self.unverified else "")))
        rows.append((title("opens"), opening(self.opens, self.sure, self.missing, long=True)))
        here = tr("no", "なし")
        if self.here is not None:
            part = "" if self.here.complete else tr(" (in part)", "(途中まで)")
            here = f"{self.here.size / 1e6:,.0f} MB{part}"
        rows.append((title("here"), here))
        if self.here is not None:
            rows.append((title("folder"), str(self.here.folder)))
        return rows


def title(field: str) -> str:
    """What people read for a field's name."""
    return tr(*_TITLES[field])


def list_models(
    words: Sequence[str] = (),
    *,
    task: str | None = None,
    family: str | None = None,
    local: bool = False,
    hub: bool = False,
) -> Table:
    """Published models for Japanese, and those on this machine.

    Parameters
    ----------
    words : only models in whose description each of them occurs.
    task : only models for this: encode, fill-mask, detect, complete, reconstruct, converse, match-images, train.
    family : only models of this family, e.g. BERT or GPT-2.
    local : only what is on this machine, whether the catalogue knows it or not.
    hub : search the hub instead of the catalogue.

    Returns
    -------
    One row a model. `opens` tells whether bunsan knows the architecture, `missing` what is wanted first (mecab,
    jumanpp, spaces), `unverified` the columns whose value nobody has checked, `megabytes` the room it takes here.

    Raises
    ------
    BadInput : unknown task or family. Missing : the hub is asked for and cannot be reached; with `local`, the
        package that keeps the cache is not installed.
    """
    if hub:
        return _from_hub(words)
    models = search(words)
    if task is not None:
        _check(task, list(TASKS), tr("task", "用途"))
        models = [model for model in models if task in model.does]
    if family is not None:
        known = list(dict.fromkeys(model.family for model in catalogue()))
        _check(family, known, tr("family", "系統"))
        models = [model for model in models if model.family.lower() == family.lower()]
    # Without the library that keeps the cache nothing can be said of it: an error, not an empty list.
    here = {m.name: m for m in (*shipped_here(), *cached_models())} if local else _here()
    rows = [
        _row(model, here.get(model.name)) for model in models if not local or model.name in here
    ]
    if local and task is None and family is None:
        listed = {model.name for model in catalogue()}
        low = [word.lower() for word in words]
        rows += [
            _stranger(model)
            for name, model in here.items()
            if name not in listed and all(word in name.lower() for word in low)
        ]
    return Table({c: [row.get(c) for row in rows] for c in _COLUMNS}, _titles(_COLUMNS))


def describe_model(name: str | Path) -> ModelCard:
    """What is known of a model: of the catalogue, on this machine, or in a folder.

    A model's own config.json, where it is here, is believed more than the catalogue.

    Raises
    ------
    Missing : none of these; the remedy names models that are called alike.
    """
    entry = None if Path(name).is_dir() else look_up(str(name))
    full = entry.name if entry else str(name)
    here = _folder_here(Path(name)) if Path(name).is_dir() else _here().get(full)
    if entry is None and here is None:
        raise Missing(
            tr(
                f"{name} is neither in the catalogue nor on this machine.",
                f"{name} は目録にも手元にもありません。",
            ),
            remedy=_alike(full) + _try_hub(),
        )
    facts = {} if entry is None else _facts(entry)
    unverified = frozenset() if entry is None else entry.unverified
    own = {} if here is None else _from_config(here.folder)
    facts = {key: own.get(key, facts.get(key)) for key in (*facts, *own.keys() - facts.keys())}
    order = [key for key in _TITLES if facts.get(key) is not None]
    return ModelCard(
        name=full,
        facts={key: facts[key] for key in order},
        unverified=unverified - own.keys() - ({"name"} if here else set()),
        here=here,
        opens=_opens(str(facts.get("type", "")), entry),
        sure=entry is None or here is not None or entry.sure,
        missing=[] if entry is None else entry.missing,
        on_hub=entry is None or entry.on_hub,
    )


def pull_model(name: str) -> Path:
    """Fetch a model from the hub, or what is new of it; gives its folder. Stopped, it goes on when called again.

    Parameters
    ----------
    name : owner/name, owner/name@revision, or the part after the owner of a model in the catalogue.

    Raises
    ------
    Missing : the hub has no such model, cannot be reached, or the model is given out elsewhere.
    Interrupted : Ctrl-C; what has come is kept.
    """
    if name in shipped_models():
        return shipped_models()[name]
    stem, at, revision = name.partition("@")
    entry = look_up(stem)
    if entry is not None and not entry.on_hub:
        raise Missing(
            tr(f"{entry.name} is not on the hub.", f"{entry.name} はハブにありません。"),
            remedy=tr(f"Get it from {entry.where}.", f"入手先: {entry.where}。"),
        )
    try:
        return pull((stem if entry is None else entry.name) + at + revision)
    except Missing as error:
        if entry is None and not is_offline() and (alike := _alike(stem)):
            raise Missing(error.problem, remedy=alike + (error.remedy or "")) from error
        raise


def remove_model(name: str) -> int:
    """Take a model off this machine; gives the bytes freed.

    Raises
    ------
    Missing : it is not here. BadInput : it comes with the package.
    """
    entry = look_up(name)
    if name in shipped_models():
        raise BadInput(
            tr(f"{name} comes with bunsan.", f"{name} は bunsan に同梱のモデルです。"),
            remedy=tr("It goes when bunsan does.", "bunsan を削除すると一緒に消えます。"),
        )
    return remove_cached(name if entry is None else entry.name)


def _here() -> dict[str, CachedModel]:
    """What came with the package, and what the cache holds where the library that keeps it is installed."""
    try:
        return {model.name: model for model in (*shipped_here(), *cached_models())}
    except Missing:
        return {model.name: model for model in shipped_here()}


def _folder_here(folder: Path) -> CachedModel:
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    return CachedModel(str(folder), "", folder, size, True)


def _row(model: CatalogueModel, here: CachedModel | None) -> dict[str, Any]:
    facts = {column: getattr(model, column, None) for column in _COLUMNS}
    facts["does"], facts["missing"] = " ".join(model.does), " ".join(model.missing)
    facts["unverified"] = " ".join(sorted(model.unverified & set(_COLUMNS)))
    return facts | _place(here)


def _stranger(model: CachedModel) -> dict[str, Any]:
    own = _from_config(model.folder)
    opens = _opens(str(own.get("type", "")), None)
    own = {field: own.get(field) for field in ("type", "length")}
    return {"name": model.name, **own, "opens": opens, "sure": True, **_place(model)}


def _place(here: CachedModel | None) -> dict[str, Any]:
    if here is None:
        return {"megabytes": None, "complete": None}
    return {"megabytes": round(here.size / 1e6, 1), "complete": here.complete}


def _facts(model: CatalogueModel) -> dict[str, Any]:
    fields = [field for field in _TITLES if field not in ("name", "opens", *_COLUMNS[10:])]
    return {field: getattr(model, field, None) for field in fields} | {"does": list(model.does)}


def _from_config(folder: Path) -> dict[str, Any]:
    """The facts that config.json tells; none where it is not there or cannot be read."""
    try:
        config = read_object(folder / "config.json")
    except BadInput:
        return {}
    facts = {
        field: config[key]
        for field, keys in _IN_CONFIG.items()
        for key in keys[::-1]
        if isinstance(config.get(key), (int, str))
    }
    if config.get("model_type") in ("roberta", "xlm-roberta", "camembert") and "length" in facts:
        facts["length"] -= 2  # the first two places are never used
    return facts


def _opens(kind: str, entry: CatalogueModel | None) -> bool | None:
    if not kind:
        return False if entry is not None else None
    return kind in opened_types()


def opening(opens: bool | None, sure: bool, missing: Sequence[str], *, long: bool = False) -> str:
    """Whether a model opens, and what to do first: a word for a table, or (`long`) in full."""
    if opens is None:
        return "?"
    if not opens:
        return tr("not possible yet", "まだ開けません") if long else tr("not yet", "未対応")
    first = [tr(*_FIRST[need][long]) for need in missing]
    mark = "" if sure else " ?"
    if long and first:
        return tr("first: ", "先に: ") + tr("; ", "、").join(first) + mark
    if long:
        return tr("nothing more is needed", "ほかに準備は要りません") + mark
    return (", ".join(first) or tr("yes", "可")) + mark


def room(megabytes: float | None, complete: bool | None) -> str:
    """The room that a model takes here; … after it where a pull stopped before its end."""
    return "" if megabytes is None else f"{megabytes:,.0f} MB" + ("" if complete else "…")


def _check(value: str, known: Sequence[str], what: str) -> None:
    if value.lower() not in [one.lower() for one in known]:
        raise BadInput(
            tr(f"There is no {what} {value!r}.", f"{what} {value!r} はありません。"),
            remedy=tr("Known are: ", "使えるもの: ") + ", ".join(known),
        )


def _alike(name: str) -> str:
    names = [model.name for model in catalogue()]
    short = {n.rpartition("/")[2].lower(): n for n in names} | {n.lower(): n for n in names}
    near = difflib.get_close_matches(name.lower(), short, n=6, cutoff=0.7)
    found = list(dict.fromkeys(short[one] for one in near))[:3]
    return (
        tr(f"Perhaps: {', '.join(found)}. ", f"もしかして: {', '.join(found)}。") if found else ""
    )


def _try_hub() -> str:
    return tr(
        "`bunsan models` lists the catalogue, `bunsan models search WORDS --hub` asks the hub.",
        "`bunsan models` で目録を一覧し、`bunsan models search 語 --hub` でハブを検索できます。",
    )


def _from_hub(words: Sequence[str]) -> Table:
    found = search_hub(" ".join(words))
    here = _here()
    places = [_place(here.get(model.name)) for model in found]
    columns: dict[str, list[Any]] = {
        "name": [model.name for model in found],
        "task": [model.task for model in found],
        "downloads": [model.downloads for model in found],
        "licence": [model.licence for model in found],
        "megabytes": [place["megabytes"] for place in places],
        "complete": [place["complete"] for place in places],
    }
    return Table(columns, _titles(columns))


def _titles(columns: Iterable[str]) -> dict[str, str]:
    return {column: title(column) for column in columns if column in _TITLES}
