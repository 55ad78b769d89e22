"""How the families number the pieces of a SentencePiece model, and what they put around texts."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from bunsan.base.errors import BadInput, Missing
from bunsan.base.language import tr
from bunsan.text.subwords.building import template
from bunsan.text.subwords.sentencepiece import (
    Preparation,
    SentencePieceSegmenter,
    charwise,
    without_accents,
)
from bunsan.text.subwords.sentencepiece_file import (
    CONTROL,
    SentencePieceModel,
    read_sentencepiece,
)
from bunsan.text.subwords.settings import Settings
from bunsan.text.subwords.template import FIRST, SECOND, Template
from bunsan.text.subwords.tokenizer import Special, Tokenizer
from bunsan.text.subwords.vocab_files import read_vocab_json

_FILES = ("spiece.model", "sentencepiece.bpe.model", "tokenizer.model", "spm.model")
# fairseq puts its own tokens first, and SentencePiece's <unk>, <s>, </s> are not among the rest.
_FAIRSEQ = {"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3}
_MBART = [
    "ar_AR",
    "cs_CZ",
    "de_DE",
    "en_XX",
    "es_XX",
    "et_EE",
    "fi_FI",
    "fr_XX",
    "gu_IN",
    "hi_IN",
    "it_IT",
    "ja_XX",
    "kk_KZ",
    "ko_KR",
    "lt_LT",
    "lv_LV",
    "my_MM",
    "ne_NP",
    "nl_XX",
    "ro_RO",
    "ru_RU",
    "si_LK",
    "tr_TR",
    "vi_VN",
    "zh_CN",
]
_MBART50 = [
    "af_ZA",
    "az_AZ",
    "bn_IN",
    "fa_IR",
    "he_IL",
    "hr_HR",
    "id_ID",
    "ka_GE",
    "km_KH",
    "mk_MK",
    "ml_IN",
    "mn_MN",
    "mr_IN",
    "pl_PL",
    "ps_AF",
    "pt_XX",
    "sv_SE",
    "sw_KE",
    "ta_IN",
    "te_IN",
    "th_TH",
    "tl_XX",
    "uk_UA",
    "ur_PK",
    "xh_ZA",
    "gl_ES",
    "sl_SI",
]


def open_sentencepiece(settings: Settings, *, target: bool = False) -> Tokenizer:
    """The tokenizer of a folder with a SentencePiece model.

    Parameters
    ----------
    target : of a translation model with two, the one of the language it translates into.

    Raises
    ------
    BadInput : a file is damaged. Missing : vocab.json is absent beside source.spm.
    """
    folder = settings.folder
    marian = (folder / "source.spm").is_file() and (
        settings.family == "marian" or not any((folder / name).is_file() for name in _FILES)
    )
    if marian:
        return _marian(settings, target=target)
    path = next(folder / name for name in _FILES if (folder / name).is_file())
    model = read_sentencepiece(path)
    family = settings.family or _guess(model)
    plain = {piece: i for i, (piece, _, _) in enumerate(model.pieces)}
    if family in ("xlm-roberta", "mbart"):
        ids, vocabulary = _fairseq(model, settings, family)
    else:
        ids, vocabulary = np.arange(len(plain), dtype=np.int32), dict(plain)
    extra = settings.get("extra_ids", 100) if family == "t5" else 0
    if isinstance(extra, int) and "<extra_id_0>" not in vocabulary:
        last = max(vocabulary.values()) + max(extra, 0)
        vocabulary.update({f"<extra_id_{i}>": last - i for i in range(max(extra, 0))})
    return _finished(settings, family, path, model, ids, vocabulary)


def _guess(model: SentencePieceModel) -> str:
    tokens = {piece for piece, _, _ in model.pieces[:10]}
    if "[CLS]" in tokens:
        return "albert"
    return "t5" if "</s>" in tokens else ""


def _fairseq(
    model: SentencePieceModel, settings: Settings, family: str
) -> tuple["np.ndarray[tuple[int], np.dtype[np.int32]]", dict[str, int]]:
    names = [piece for piece, _, _ in model.pieces]
    if names[:3] != ["<unk>", "<s>", "</s>"]:
        plain = {name: i for i, name in enumerate(names)}
        return np.arange(len(names), dtype=np.int32), plain
    ids = np.arange(len(names), dtype=np.int32) + 1
    ids[:3] = _FAIRSEQ["<unk>"], _FAIRSEQ["<s>"], _FAIRSEQ["</s>"]
    vocabulary = dict(_FAIRSEQ)
    vocabulary.update({name: i + 1 for i, name in enumerate(names) if i >= 3})
    following = len(names) + 1
    if family == "mbart":
        codes = _MBART + (_MBART50 if "50" in settings.class_name else [])
        for code in codes:
            vocabulary[code] = following
            following += 1
    vocabulary["<mask>"] = following
    return ids, vocabulary


def _finished(
    settings: Settings,
    family: str,
    path: Path,
    model: SentencePieceModel,
    ids: "np.ndarray[tuple[int], np.dtype[np.int32]]",
    vocabulary: dict[str, int],
) -> Tokenizer:
    roles = settings.roles(family)
    added = {token.content: i for i, token in settings.added.items()}
    following = max([*vocabulary.values(), *added.values()]) + 1
    for token in (*roles.values(), *settings.special):
        if token not in vocabulary and token not in added:
            added[token] = following
            following += 1
    vocabulary.update(added)
    control = [piece for piece, _, kind in model.pieces if kind == CONTROL]
    found = {*roles.values(), *settings.special, *added, *control}
    found |= {t for t in vocabulary if t.startswith("<extra_id_") or (t in _MBART + _MBART50)}
    special = {token: vocabulary[token] for token in found if token in vocabulary}
    segmenter = SentencePieceSegmenter(
        model,
        path,
        ids,
        vocabulary,
        special,
        prepare=_preparation(settings, family),
        files={path.name: path.read_bytes()},
        settings=_saved(settings, family),
    )
    form = template(family, vocabulary, roles)
    if family == "mbart":
        form = _mbart(settings, vocabulary)
    return _tokenizer(settings, segmenter, form, roles, special)


def _mbart(settings: Settings, vocabulary: Mapping[str, int]) -> Template:
    """mBART: a </s> language; mBART-50: language a </s>."""
    end = vocabulary["</s>"]
    code = str(settings.get("src_lang") or "en_XX")
    language = vocabulary.get(code)
    if language is None:
        raise BadInput(
            tr(f"src_lang is “{code}”.", f"src_lang の値「{code}」は使えません。"),
            file=settings.folder / "tokenizer_config.json",
            remedy=tr("Known are ja_XX, en_XX, ...", "ja_XX、en_XX などを指定してください。"),
        )
    before = ((language, 0),) if "50" in settings.class_name else ()
    after = ((end, 0),) if before else ((end, 0), (language, 0))
    return Template((*before, (FIRST, 0), *after), (*before, (FIRST, 0), (SECOND, 0), *after))


def _preparation(settings: Settings, family: str) -> Preparation | None:
    if family != "albert":
        return None
    lower = bool(settings.get("do_lower_case", True))
    accents = bool(settings.get("keep_accents", False))

    def change(character: str) -> str:
        form = character if accents else without_accents(character)
        return form.lower() if lower else form

    return lambda text: charwise(text, change)


def _saved(settings: Settings, family: str) -> dict[str, object]:
    names = ("do_lower_case", "keep_accents", "remove_space", "src_lang", "tgt_lang", "extra_ids")
    kept: dict[str, object] = {n: settings.raw[n] for n in names if n in settings.raw}
    classes = {"t5": "T5Tokenizer", "xlm-roberta": "XLMRobertaTokenizer", "mbart": "MBartTokenizer"}
    classes |= {"albert": "AlbertTokenizer", "marian": "MarianTokenizer"}
    name = settings.class_name or classes.get(family, "")
    if name:
        kept["tokenizer_class"] = name
    return kept


def _marian(settings: Settings, *, target: bool) -> Tokenizer:
    """Marian: two models that share one vocabulary, vocab.json."""
    folder = settings.folder
    path = folder / ("target.spm" if target else "source.spm")
    for needed in (path, folder / "vocab.json"):
        if not needed.is_file():
            raise Missing(
                tr(
                    f"There is no {needed.name} in {folder}.",
                    f"{folder} に {needed.name} がありません。",
                ),
                remedy=tr(
                    "Fetch the model's files again.", "モデルのファイルを取り直してください。"
                ),
            )
    model = read_sentencepiece(path)
    vocabulary = read_vocab_json(folder / "vocab.json")
    roles = settings.roles("marian")
    unknown = vocabulary.get(roles.get("unk", "<unk>"))
    if unknown is None:
        raise BadInput(
            tr("has no token for unknown pieces.", "未知語を表すトークンがありません。"),
            file=folder / "vocab.json",
            remedy=tr("Add <unk> to it.", "<unk> を加えてください。"),
        )
    ids = np.array([vocabulary.get(piece, unknown) for piece, _, _ in model.pieces], np.int32)
    ids[model.unknown] = unknown
    languages = [t for t in vocabulary if t.startswith(">>") and t.endswith("<<")]
    found = {*roles.values(), *settings.special, *languages}
    special = {token: vocabulary[token] for token in found if token in vocabulary}
    names = ("source.spm", "target.spm", "vocab.json")
    files = {n: (folder / n).read_bytes() for n in names if (folder / n).is_file()}
    saved = _saved(settings, "marian")
    segmenter = SentencePieceSegmenter(
        model, path, ids, vocabulary, special, files=files, settings=saved
    )
    form = template("marian", vocabulary, roles)
    return _tokenizer(settings, segmenter, form, roles, special)


def _tokenizer(
    settings: Settings,
    segmenter: SentencePieceSegmenter,
    form: Template,
    roles: Mapping[str, str],
    special: Mapping[str, int],
) -> Tokenizer:
    if settings.get("truncation_side") == "left":
        form = replace(form, side="left")
    vocabulary = segmenter.vocabulary()
    played = {role: token for role, token in roles.items() if token in vocabulary}
    return Tokenizer(
        segmenter, form, Special(played, frozenset(special.values()), settings.max_length)
    )
