"""The tokenizer people use: texts in, ids and places out, whatever kind of model it was made for."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.text.analyzers.arrays import without_surrogates
from bunsan.text.subwords.encoding import Cut, Encoding, Owner, Packed, Pieces
from bunsan.text.subwords.template import Template

_ROLES = ("pad", "unk", "cls", "sep", "mask", "bos", "eos")
_STREAM = 200_000  # characters of a stream encoded at a time


class Segmenter(Protocol):
    """Cuts texts into pieces; the part of a tokenizer that differs from kind to kind."""

    kind: str  # what it is, in a few words

    def vocabulary(self) -> dict[str, int]:
        """Every piece and special token with its id."""
        ...

    def pieces(self, texts: Sequence[str]) -> Pieces:
        """The pieces of texts that hold no surrogates."""
        ...

    def text_of(self, tokens: Sequence[str]) -> str:
        """The text that a row of pieces spells."""
        ...

    def save(self, folder: Path, settings: Mapping[str, Any]) -> None:
        """Write the files of this kind; `settings` go into tokenizer_config.json."""
        ...


@dataclass(frozen=True)
class Special:
    """What is known of a tokenizer beside its pieces.

    roles : "pad", "unk", "cls", "sep", "mask", "bos", "eos" to the token that plays it.
    ids : ids of all special tokens, left out by `decode`.
    max_length : the longest input its model takes, None if there is no limit.
    """

    roles: Mapping[str, str]
    ids: frozenset[int]
    max_length: int | None = None


class Tokenizer:
    """Texts to ids and back. Made by `open_tokenizer` and `train_tokenizer`.

    Any number of threads may use one.

    Attributes
    ----------
    vocab_size : one more than the highest id, special and added tokens among them: the rows an
        embedding needs.
    pad_id, unk_id, cls_id, sep_id, mask_id, bos_id, eos_id : None where there is no such token.
    max_length : the longest input the model takes, special tokens included; None without a limit.
    """

    def __init__(self, segmenter: Segmenter, template: Template, special: Special) -> None:
        self.segmenter = segmenter
        self.template = template
        self.special = special
        self._vocabulary = segmenter.vocabulary()
        self.vocab_size = max(self._vocabulary.values(), default=-1) + 1
        self._tokens: list[str | None] = [None] * self.vocab_size
        for token, i in self._vocabulary.items():
            self._tokens[i] = token
        ids = {role: self._vocabulary.get(special.roles.get(role, "\0")) for role in _ROLES}
        self.pad_id = ids["pad"]
        self.unk_id = ids["unk"]
        self.cls_id = ids["cls"]
        self.sep_id = ids["sep"]
        self.mask_id = ids["mask"]
        self.bos_id = ids["bos"]
        self.eos_id = ids["eos"]
        self.max_length = special.max_length

    def __len__(self) -> int:
        return self.vocab_size

    def __repr__(self) -> str:
        return f"Tokenizer({self.segmenter.kind}, {self.vocab_size:,})"

    @property
    def special_ids(self) -> frozenset[int]:
        """Ids of all special tokens."""
        return self.special.ids

    def vocabulary(self) -> dict[str, int]:
        """Every piece and special token with its id."""
        return dict(self._vocabulary)

    def token_to_id(self, token: str) -> int | None:
        """The id of a piece as the vocabulary spells it; None if it has no such piece."""
        return self._vocabulary.get(token)

    def id_to_token(self, i: int) -> str:
        """The piece of an id; "" for an id that no piece has.

        Raises
        ------
        IndexError : the id is negative or not below `vocab_size`.
        """
        if not 0 <= i < self.vocab_size:
            raise IndexError(f"{i} is no id of {self.vocab_size:,}")
        return self._tokens[i] or ""

    # Texts to ids

    def encode(
        self,
        text: str,
        pair: str | None = None,
        *,
        add_special_tokens: bool = True,
        max_length: int | None = None,
    ) -> Encoding:
        """One text, or two as one input.

        Parameters
        ----------
        max_length : the longest result, special tokens included; of two texts the longer is cut
            first. None: nothing is cut, whatever the model can take (that is the attribute
            `max_length`).

        Raises
        ------
        BadInput : `max_length` has no room for the special tokens, or is less than 1.
        """
        return self.encode_batch(
            [text],
            None if pair is None else [pair],
            add_special_tokens=add_special_tokens,
            max_length=max_length,
        )[0]

    def encode_batch(
        self,
        texts: Sequence[str],
        pairs: Sequence[str] | None = None,
        *,
        add_special_tokens: bool = True,
        max_length: int | None = None,
    ) -> list[Encoding]:
        """Many texts at once, on all cores; `pairs` are as many second texts. As `encode`."""
        template = self._template(add_special_tokens, max_length, pair=pairs is not None)
        first = self.pieces(texts)
        if pairs is not None:
            if len(pairs) != len(texts):
                raise BadInput(
                    tr(
                        f"{len(texts)} texts, but {len(pairs)} to pair with them.",
                        f"文が {len(texts)} 件に対し、組にする文が {len(pairs)} 件です。",
                    )
                )
            return self._pairs(first, self.pieces(pairs), template, max_length)
        packed, source = _packed(first, template, max_length)
        ids, owner, sources = packed.ids, Owner(self.id_to_token, template), (source,)
        bounds = packed.start.tolist()
        return [
            Encoding(ids[begin:end], owner, sources, i)
            for i, (begin, end) in enumerate(pairwise(bounds))
        ]

    def encode_packed(
        self,
        texts: Sequence[str],
        *,
        add_special_tokens: bool = True,
        max_length: int | None = None,
    ) -> Packed:
        """The ids alone of many texts, in one array: the fastest way to a model. As `encode`."""
        template = self._template(add_special_tokens, max_length, pair=False)
        return _packed(self.pieces(texts), template, max_length)[0]

    def iter_encode(
        self,
        texts: Iterable[str],
        *,
        add_special_tokens: bool = True,
        max_length: int | None = None,
    ) -> Iterator[Encoding]:
        """A stream of texts of any length, in order, some hundred thousand characters at a time."""
        for batch in _batches(texts):
            yield from self.encode_batch(
                batch, add_special_tokens=add_special_tokens, max_length=max_length
            )

    def pieces(self, texts: Sequence[str]) -> Pieces:
        """The pieces of texts without special tokens around them."""
        if isinstance(texts, str):
            raise TypeError("a sequence of texts is wanted, not one text")
        return self.segmenter.pieces([without_surrogates(text) for text in texts])

    def _template(
        self, add_special_tokens: bool, max_length: int | None, *, pair: bool
    ) -> Template:
        template = self.template if add_special_tokens else self.template.bare
        least = max(template.added(pair=pair), 1)
        if max_length is not None and max_length < least:
            raise BadInput(
                tr(
                    f"max_length is {max_length}; it must be at least {least}.",
                    f"max_length が {max_length} です。{least} 以上にしてください。",
                )
            )
        return template

    def _pairs(
        self, first: Pieces, second: Pieces, template: Template, most: int | None
    ) -> list[Encoding]:
        fitted = [
            template.fit(one, two, most)
            for one, two in zip(first.lengths.tolist(), second.lengths.tolist(), strict=True)
        ]
        kept = np.array(fitted, np.int64).reshape(-1, 2)
        cuts: list[Cut] = []
        for i, pieces in enumerate((first, second)):
            begin = pieces.start[:-1]
            if template.side == "left":
                begin = pieces.start[1:] - kept[:, i]
            cuts.append(Cut(pieces, begin, kept[:, i]))
        owner = Owner(self.id_to_token, template)
        found: list[Encoding] = []
        for i in range(len(kept)):
            rows = [c.pieces.ids[c.first[i] : c.first[i] + c.count[i]] for c in cuts]
            found.append(Encoding(template.ids(rows[0], rows[1]), owner, cuts, i))
        return found

    # Ids to texts

    def decode(self, ids: Iterable[int], skip_special_tokens: bool = True) -> str:
        """The text that ids spell, as far as pieces still tell.

        Words of WordPiece are joined without a space wherever a Japanese or Chinese character or
        full-width mark stands on either side.
        """
        hidden = self.special.ids if skip_special_tokens else frozenset[int]()
        tokens = [self.id_to_token(int(i)) for i in ids if int(i) not in hidden]
        return self.segmenter.text_of(tokens)

    # Keeping

    def save(self, folder: str | Path) -> Path:
        """Write the tokenizer where `open_tokenizer` and transformers' AutoTokenizer open it."""
        from bunsan.text.subwords.saving import save_tokenizer

        return save_tokenizer(self, Path(folder))

    def with_max_length(self, max_length: int | None) -> "Tokenizer":
        """The same tokenizer for a model that takes inputs of another length."""
        return Tokenizer(
            self.segmenter, self.template, replace(self.special, max_length=max_length)
        )


def _packed(pieces: Pieces, template: Template, most: int | None) -> tuple[Packed, Cut]:
    """Special tokens put around every text at once; and which pieces of each are in."""
    parts = template.single
    at = next((i for i, (identity, _) in enumerate(parts) if identity < 0), len(parts))
    before = np.array([i for i, _ in parts[:at]], np.int32)
    after = np.array([i for i, _ in parts[at + 1 :]], np.int32)
    begin, kept = pieces.start[:-1], pieces.lengths
    if most is not None:
        kept = np.minimum(kept, max(most - len(before) - len(after), 0))
        if template.side == "left":
            begin = pieces.start[1:] - kept
    start = np.zeros(len(kept) + 1, np.int64)
    np.cumsum(kept + len(before) + len(after), out=start[1:])
    ids = np.empty(start[-1], np.int32)
    body = np.ones(len(ids), bool)
    for j, identity in enumerate(before.tolist()):
        ids[start[:-1] + j] = identity
        body[start[:-1] + j] = False
    for j, identity in enumerate(after[::-1].tolist()):
        ids[start[1:] - 1 - j] = identity
        body[start[1:] - 1 - j] = False
    if most is None:
        ids[body] = pieces.ids
    else:
        shift = np.repeat(begin - np.concatenate([[0], np.cumsum(kept)[:-1]]), kept)
        ids[body] = pieces.ids[np.arange(len(shift)) + shift]
    return Packed(ids, start), Cut(pieces, begin, kept)


def _batches(texts: Iterable[str]) -> Iterator[list[str]]:
    source = iter(texts)
    while batch := list(islice(source, 1)):
        size = len(batch[0]) + 1
        while size < _STREAM:
            text = next(source, None)
            if text is None:
                break
            batch.append(text)
            size += len(text) + 1
        yield batch
