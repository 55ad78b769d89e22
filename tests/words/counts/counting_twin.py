"""Random segments for the tests of counting, and slow, obvious ways to cut them."""

from dataclasses import dataclass

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from numpy.typing import NDArray


@dataclass(frozen=True)
class Tokens:
    """Documents of sentences of word ids, and the arrays they become."""

    documents: list[list[list[int]]]

    @property
    def sentences(self) -> list[list[int]]:
        return [sentence for document in self.documents for sentence in document]

    @property
    def word(self) -> NDArray[np.int32]:
        return np.array([w for sentence in self.sentences for w in sentence], np.int32)

    @property
    def sentence(self) -> NDArray[np.int64]:
        return np.cumsum([0, *map(len, self.sentences)]).astype(np.int64)

    @property
    def document(self) -> NDArray[np.int64]:
        return np.cumsum([0, *(sum(map(len, d)) for d in self.documents)]).astype(np.int64)

    def sentences_of(self, documents: list[bool]) -> NDArray[np.bool_]:
        """bool[S]: the sentences of these documents."""
        pairs = zip(self.documents, documents, strict=True)
        return np.array([chosen for d, chosen in pairs for _ in d], np.bool_)


# The first example of a test may wait for a kernel to be compiled.
compiled = settings(deadline=None)

# Ids far apart: the kernels must not depend on small or dense ids.
IDS = [0, 1, 2, 3, 63, 64, 65, 4095, 4096, 4097, 70_000]
V = 70_001

words = st.sampled_from(IDS)
sentences = st.lists(words, min_size=1, max_size=12)
documents = st.lists(sentences, max_size=4)
tokens = st.builds(Tokens, st.lists(documents, max_size=5))


@st.composite
def masked(draw: st.DrawFn) -> tuple[Tokens, NDArray[np.bool_]]:
    """Tokens, and bool[V]: which words are countable."""
    drawn = draw(tokens)
    countable = np.zeros(V, np.bool_)
    countable[draw(st.lists(words, unique=True))] = True
    return drawn, countable
