"""Pieces by the `tokenizers` library: any tokenizer it can express, on all cores."""

import json
from collections.abc import Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import AddedToken as RustAddedToken
from tokenizers import Tokenizer as RustTokenizer
from tokenizers import processors

from bunsan.base.files import atomic_write, write_json
from bunsan.text.subwords.encoding import Pieces
from bunsan.text.subwords.joining import join_wordpieces
from bunsan.text.subwords.settings import AddedToken
from bunsan.text.subwords.template import FIRST, Part, Template


class RustSegmenter:
    """A `Segmenter` over one `tokenizers.Tokenizer`.

    Parameters
    ----------
    class_name : the class under which transformers opens what `save` writes.
    """

    def __init__(
        self, tokenizer: RustTokenizer, class_name: str = "PreTrainedTokenizerFast"
    ) -> None:
        tokenizer.no_padding()
        tokenizer.no_truncation()
        self.tokenizer = tokenizer
        self.class_name = class_name
        self.kind = type(tokenizer.model).__name__
        self._wordpiece = self.kind == "WordPiece"

    def vocabulary(self) -> dict[str, int]:
        return self.tokenizer.get_vocab(with_added_tokens=True)

    def pieces(self, texts: Sequence[str]) -> Pieces:
        found = self.tokenizer.encode_batch(list(texts), add_special_tokens=False)
        start = np.zeros(len(found) + 1, np.int64)
        np.cumsum([len(one) for one in found], out=start[1:])
        rows = chain.from_iterable(one.ids for one in found)
        ids = np.fromiter(rows, np.int32, int(start[-1]))

        def places() -> NDArray[np.int32]:
            pairs = chain.from_iterable(chain.from_iterable(one.offsets for one in found))
            return np.fromiter(pairs, np.int32, 2 * len(ids)).reshape(-1, 2)

        return Pieces(ids, start, places)

    def text_of(self, tokens: Sequence[str]) -> str:
        if self._wordpiece:
            return join_wordpieces(tokens)
        decoder = self.tokenizer.decoder
        return decoder.decode(list(tokens)) if decoder is not None else " ".join(tokens)

    def save(self, folder: Path, settings: Mapping[str, Any]) -> None:
        with atomic_write(folder / "tokenizer.json", "w", encoding="utf-8", newline="\n") as file:
            file.write(self.tokenizer.to_str(pretty=True))
        write_json(
            folder / "tokenizer_config.json", {"tokenizer_class": self.class_name, **settings}
        )


def template_of(tokenizer: RustTokenizer) -> Template:
    """The special tokens that a `tokenizers.Tokenizer` puts around texts.

    Raises
    ------
    ValueError : its post-processor puts one of the texts in twice, or not at all.
    """
    text = tokenizer.to_str()
    whole = json.loads(text).get("post_processor")
    for step in whole["processors"] if whole and whole["type"] == "Sequence" else [whole]:
        kind = step["type"] if step else ""
        if kind == "TemplateProcessing":
            ids = {name: value["ids"] for name, value in step["special_tokens"].items()}
            return Template(_parts(step["single"], ids), _parts(step["pair"], ids))
        if kind in ("BertProcessing", "RobertaProcessing"):
            sep, cls = (step["sep"][1], 0), (step["cls"][1], 0)
            single = (cls, (FIRST, 0), sep)
            if kind == "BertProcessing":
                return Template(single, (*single, (FIRST - 1, 1), (sep[0], 1)))
            return Template(single, (*single, sep, (FIRST - 1, 0), sep))
    return Template()


def _parts(
    steps: Sequence[Mapping[str, Any]], ids: Mapping[str, Sequence[int]]
) -> tuple[Part, ...]:
    parts: list[Part] = []
    for step in steps:
        if "Sequence" in step:
            which = FIRST if step["Sequence"]["id"] == "A" else FIRST - 1
            parts.append((which, step["Sequence"]["type_id"]))
        else:
            one = step["SpecialToken"]
            parts += [(i, one["type_id"]) for i in ids[one["id"]]]
    texts = [identity for identity, _ in parts if identity < 0]
    if len(set(texts)) != len(texts) or FIRST not in texts:
        raise ValueError("a template without the text, or with it twice")
    return tuple(parts)


def processor_of(template: Template, tokens: Mapping[int, str]) -> processors.TemplateProcessing:
    """A post-processor that does what `template` says; `tokens` are ids to spellings."""

    def spelled(parts: Sequence[Part]) -> list[str]:
        names = {FIRST: "$A", FIRST - 1: "$B"}
        return [f"{names.get(i) or tokens[i]}:{kind}" for i, kind in parts]

    used = {i for i, _ in (*template.single, *template.pair) if i >= 0}
    return processors.TemplateProcessing(
        single=spelled(template.single),
        pair=spelled(template.pair),
        special_tokens=[(tokens[i], i) for i in sorted(used)],
    )


def add_tokens(tokenizer: RustTokenizer, tokens: Sequence[AddedToken]) -> None:
    """Make a tokenizer look for tokens before all else."""
    for token in tokens:
        rust = RustAddedToken(
            token.content,
            single_word=token.single_word,
            lstrip=token.lstrip,
            rstrip=token.rstrip,
            normalized=token.normalized,
            special=token.special,
        )
        (tokenizer.add_special_tokens if token.special else tokenizer.add_tokens)([rust])
