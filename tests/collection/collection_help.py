"""Small collections for tests: analysed by spaces, so that every count can be worked out by eye."""

import random
from typing import Any

from bunsan.tasks.facade import Collection
from bunsan.text.words import WordSettings

SPACES = WordSettings(analyzer="spaces")
Rows = list[dict[str, Any]]


def random_rows(n: int, seed: int = 0, words: int = 40) -> Rows:
    rng = random.Random(seed)
    vocabulary = [f"w{i}" for i in range(words)]
    rows = []
    for _ in range(n):
        sentences = [
            " ".join(rng.choices(vocabulary, k=rng.randrange(1, 9))) + "."
            for _ in range(rng.randrange(1, 4))
        ]
        rows.append({"text": "\n".join(sentences), "g": rng.choice("abc")})
    return rows


def picture(collection: Collection) -> dict[str, Any]:
    """All that a collection says, in a form that does not depend on how it came to be."""
    vocabulary = collection.vocabulary
    words = {
        (vocabulary.form(i), vocabulary.pos(i)): (
            int(vocabulary.frequency[i]),
            int(vocabulary.document_frequency[i]),
            vocabulary.label(i),
        )
        for i in range(len(vocabulary))
        if vocabulary.frequency[i] > 0
    }
    documents = []
    for segment in collection.segments:
        alive = segment.alive()
        for d in range(segment.n_documents):
            if alive[d]:
                a, b = int(segment.document[d]), int(segment.document[d + 1])
                forms = tuple(vocabulary.form(w) for w in segment.word[a:b].tolist())
                documents.append((segment.text(d), segment.field_of("g", d), forms))
    return {"words": words, "documents": sorted(documents)}
