"""Word vectors of the demo's texts, made the plain way: tokens, a window, PPMI, an optional SVD."""

import re
from collections import Counter
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.linalg import svds

from bunsan.tasks.demo.world import demo_documents
from bunsan.text.documents import Document

_WINDOW = 5
_LEAST = 3
_CONTENT = {"名詞", "動詞", "形容詞", "形状詞", "副詞"}
_GRAMMAR = frozenset(
    re.findall(
        r"\S+",
        """
        a an the this that these some any no all every each both neither nor or and but so
        if because as than while although when where how i me my we us our you your he him
        his she her it its they them their who whom whose which what one ones am is are was
        were be been being do does did have has had can could will would of in on at by for
        with from to into about over under between through before after off out up down not
        too very just also there here
        """,
    )
)


@dataclass(repr=False)
class Words:
    """The demo in one language: documents, sentences as content words, vectors of both kinds."""

    documents: list[Document]
    sentences: list[list[str]]  # content words of every sentence, in order
    of_document: list[set[str]]
    index: dict[str, int]
    counts: Counter[str]
    vectors: dict[str, NDArray[np.float64]]  # "ppmi" and "svd": words x contexts, rows of length 1

    def nearest(
        self, kind: str, plus: list[str], minus: tuple[str, ...] = (), k: int = 8
    ) -> list[str]:
        """The k words closest to the sum, the words asked about left out (3CosAdd)."""
        rows = self.vectors[kind]
        wanted = sum(rows[self.index[w]] for w in plus) - sum(rows[self.index[w]] for w in minus)
        cosines = rows @ wanted
        cosines[[self.index[w] for w in (*plus, *minus)]] = -np.inf
        names = list(self.index)
        return [names[i] for i in np.argsort(-cosines)[:k]]

    def jaccard(self, column: str, value: str) -> list[str]:
        """The words that mark the documents with a value, by Jaccard's coefficient."""
        inside, everywhere, size = Counter[str](), Counter[str](), 0
        for document, words in zip(self.documents, self.of_document, strict=True):
            everywhere.update(words)
            if document.fields[column] == value:
                inside.update(words)
                size += 1
        return sorted(inside, key=lambda w: -inside[w] / (size + everywhere[w] - inside[w]))


@cache
def words_of(language: str) -> Words:
    documents = list(demo_documents("ja" if language == "ja" else "en"))
    texts = [document.text for document in documents]
    cut = _japanese(texts) if language == "ja" else _english(texts)
    sentences = [sentence for document in cut for sentence in document]
    counts = Counter(word for sentence in sentences for word in sentence)
    index = {w: i for i, w in enumerate(w for w, n in counts.items() if n >= _LEAST)}
    ppmi = _ppmi(sentences, index)
    left, values, _ = svds(csr_array(ppmi), k=100, v0=np.ones(len(index)))
    vectors = {"ppmi": _unit(ppmi), "svd": _unit(left * np.sqrt(values))}
    of_document = [{word for sentence in document for word in sentence} for document in cut]
    return Words(documents, sentences, of_document, index, counts, vectors)


def _japanese(texts: list[str]) -> list[list[list[str]]]:
    import sudachipy

    dictionary = sudachipy.Dictionary(dict="core")
    tokenizer = (getattr(dictionary, "tokenizer", None) or dictionary.create)()
    return [
        [
            [
                m.normalized_form()
                for m in tokenizer.tokenize(sentence, sudachipy.SplitMode.C)
                if m.part_of_speech()[0] in _CONTENT and m.part_of_speech()[1] != "数詞"
            ]
            for sentence in re.findall("[^。]+。", text)
        ]
        for text in texts
    ]


def _english(texts: list[str]) -> list[list[list[str]]]:
    return [
        [
            [w for w in re.findall(r"[a-z][a-z'-]*", sentence.lower()) if w not in _GRAMMAR]
            for sentence in re.split("[.!?]", text)
        ]
        for text in texts
    ]


def _ppmi(sentences: list[list[str]], index: dict[str, int]) -> NDArray[np.float64]:
    """Positive PMI, contexts smoothed by 3/4 (Levy, Goldberg & Dagan 2015, section 3.2)."""
    rows: list[int] = []
    columns: list[int] = []
    for sentence in sentences:
        ids = [index.get(word, -1) for word in sentence]
        for i, a in enumerate(ids):
            for b in ids[i + 1 : i + 1 + _WINDOW]:
                if a != b and min(a, b) >= 0:
                    rows += [a, b]
                    columns += [b, a]
    shape = (len(index), len(index))
    together = coo_array((np.ones(len(rows)), (rows, columns)), shape=shape).toarray()
    word = together.sum(axis=1)
    context = word**0.75
    expected = np.outer(word / word.sum(), context / context.sum()) * together.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.nan_to_num(np.maximum(np.log(together / expected), 0), nan=0.0, neginf=0.0)


def _unit(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return rows / np.where(lengths == 0, 1, lengths)
