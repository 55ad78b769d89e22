"""Search by keyword, by meaning and by both: how often the passage that a question was asked about is
found, and how long a search takes.

    python benchmarks/search_meaning.py questions [--model NAME ...] [--queries N]
    python benchmarks/search_meaning.py paraphrases [--model NAME ...] [--queries N]
    python benchmarks/search_meaning.py speed [--documents N] [--dim D]

*questions*: those of JAQuAD's development set, each about one passage of Wikipedia, among all 11,144
passages of the development and the training set. Intervals are of articles drawn again: questions of
one article are drawn together.

*paraphrases*: JSTS's pairs of captions of the validation set that people gave a similarity of 4 or 5;
the first is the query, the second is to be found among the second captions of all pairs, those of the
training set too.

MRR@10 and recall@10, with 95 % intervals. Without --model meaning is told by word2vec, learned from
the same documents (SIF weights), and by the word vectors and the encoder that come with the package
where there are some.

*speed*: one query among N vectors of D numbers, the ten nearest: bunsan's 8-bit rows beside a float32
matrix product in numpy and FAISS's flat index, in turns on one thread; processor times.
"""

import argparse
import gzip
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from common import SHARED_DATA, in_own_process, machine, markdown_table, processor_seconds

K = 10

Queries = list[tuple[str, int, str]]  # what is asked, the row to be found, its group


def questions() -> tuple[list[str], Queries]:
    passages: list[str] = []
    asked: Queries = []
    for part in ("dev", "train"):
        file = SHARED_DATA / "jaquad" / f"{part}.json.gz"
        with gzip.open(file, "rt", encoding="utf-8") as opened:
            articles: list[dict[str, Any]] = json.load(opened)["data"]
        for article in articles:
            for paragraph in article["paragraphs"]:
                passages.append(paragraph["context"])
                if part == "dev":
                    title = article["title"]
                    asked += [(q["question"], len(passages), title) for q in paragraph["qas"]]
    return passages, asked


def paraphrases() -> tuple[list[str], Queries]:
    rows: dict[str, int] = {}  # captions that come twice are one document
    asked: Queries = []
    for part in ("valid", "train"):
        with gzip.open(SHARED_DATA / "jsts" / f"{part}.jsonl.gz", "rt", encoding="utf-8") as lines:
            for pair in map(json.loads, lines):
                row = rows.setdefault(pair["sentence2"], len(rows) + 1)
                if part == "valid" and pair["label"] >= 4:
                    asked.append((pair["sentence1"], row, str(len(asked))))
    return list(rows), asked


def quality(
    documents: list[str], queries: Queries, models: Sequence[str], most: int | None
) -> None:
    import bunsan
    from bunsan.base.shipped import shipped_model
    from bunsan.measure.scores.resampling import limits, resampled_weights

    if most is not None and most < len(queries):
        chosen = np.random.default_rng(0).permutation(len(queries))[:most]
        queries = [queries[i] for i in sorted(chosen.tolist())]
    groups = np.unique([group for _, _, group in queries], return_inverse=True)[1]

    ranks: dict[str, np.ndarray[Any, Any]] = {}
    with tempfile.TemporaryDirectory(suffix=".bunsan") as place:
        collection = bunsan.learn(documents, to=Path(place))
        used: list[Any] = list(models)
        if not used:
            collection.learn_vectors("word2vec")
            used = ["word2vec"]
            words, encoder = shipped_model("words"), shipped_model("encoder")
            used += [] if words is None else [words.name]
            used += [] if encoder is None else [encoder]

        def ranked(by: Any, model: Any = None) -> np.ndarray[Any, Any]:
            found = []
            for question, row, _ in queries:
                hits = collection.search(question.replace('"', " "), by=by, model=model, k=K).hits
                rows = [hit.row for hit in hits]
                found.append(rows.index(row) + 1 if row in rows else 0)
            return np.array(found)

        ranks["keyword (BM25)"] = ranked("keyword")
        for model in used:
            title = collection.search("日本", by="meaning", model=model).representation
            ranks[f"meaning: {title}"] = ranked("meaning", model)
            ranks[f"both: BM25, {title}"] = ranked("both", model)

    n = len(queries)
    gains = {
        name: np.stack([np.where(r > 0, 1 / np.maximum(r, 1), 0), r > 0], axis=1).astype(float)
        for name, r in ranks.items()
    }
    weights = list(resampled_weights(np.arange(n), n, groups=groups))
    base = gains["keyword (BM25)"]

    def told(rows: np.ndarray[Any, Any]) -> list[str]:
        drawn = np.concatenate([(w @ rows) / w.sum(axis=1, keepdims=True) for w in weights])
        low, high = limits(drawn)
        return [
            f"{100 * m:.1f} ({100 * a:.1f} to {100 * b:.1f})"
            for m, a, b in zip(rows.mean(axis=0), low, high, strict=True)
        ]

    table = []
    for name, rows in gains.items():
        more = ["", ""] if rows is base else told(rows - base)
        table.append([name, *told(rows), *more])
    print(f"{len(documents):,} documents, {n:,} queries; percent (95 % interval)\n")
    head = ["", "MRR@10", "recall@10", "MRR@10 more than BM25", "recall@10 more than BM25"]
    print(markdown_table(head, table))


def alone(documents: int, dim: int) -> None:
    from bunsan.tasks.searching.fusion import best_first
    from bunsan.words.vectors.matrix import Matrix
    from bunsan.words.vectors.nearest import products_of_bytes

    rng = np.random.default_rng(0)
    rows = rng.standard_normal((documents, dim), np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    query = rows[7] + 0.5 * rows[11]
    query /= np.linalg.norm(query)
    bytes_ = Matrix(rows).to("int8")
    assert bytes_.scale is not None
    scale, entry = bytes_.scale, np.arange(documents)

    def ours() -> Any:
        cosines = products_of_bytes(bytes_.values, query)
        cosines *= scale
        best = np.maximum.reduceat(cosines, entry)[entry]  # of each document its best passage
        return best_first(best, K)

    def numpy() -> Any:
        return best_first(rows @ query, K)

    candidates = {"bunsan (int8)": ours, "numpy (float32)": numpy}
    try:
        import faiss
    except ImportError:
        print("faiss-cpu is not installed: left out.", file=sys.stderr)
    else:
        faiss.omp_set_num_threads(1)
        flat = faiss.IndexFlatIP(dim)
        flat.add(rows)
        candidates["FAISS IndexFlatIP (float32)"] = lambda: flat.search(query[None], K)[1][0]
    times: dict[str, float] = {}
    best: dict[str, set[int]] = {}
    for _ in range(15):  # in turns, so that what else the machine does disturbs all alike
        for name, work in candidates.items():
            seconds, found = processor_seconds(work)
            times[name] = min(times.get(name, seconds), seconds)
            best[name] = set(np.asarray(found).tolist())
    exact = best["numpy (float32)"]
    told = {name: [seconds, len(best[name] & exact)] for name, seconds in times.items()}
    print(json.dumps(told))


def speed(documents: int, dim: int) -> None:
    arguments = ("alone", "--documents", str(documents), "--dim", str(dim))
    found = in_own_process(Path(__file__), *arguments)
    ours = found["bunsan (int8)"][0]
    table = [
        [name, f"{1e3 * seconds:.1f}", f"{seconds / ours:.1f}", f"{same} of {K}"]
        for name, (seconds, same) in found.items()
    ]
    print(f"{documents:,} vectors of {dim} numbers; one thread\n")
    print(markdown_table(["", "ms a query", "times bunsan's", "of the exact ten"], table))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", choices=["questions", "paraphrases", "speed", "alone"])
    parser.add_argument("--model", action="append", default=[])
    parser.add_argument("--queries", type=int)
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--dim", type=int, default=384)
    given = parser.parse_args()
    if given.what == "alone":
        alone(given.documents, given.dim)
    else:
        print(machine())
        if given.what == "speed":
            speed(given.documents, given.dim)
        else:
            data = questions() if given.what == "questions" else paraphrases()
            quality(*data, given.model, given.queries)
