"""BM25: bunsan beside bm25s, tantivy and rank_bm25, on one thread.

    python benchmarks/bm25.py [--documents N] [--text PATH | --japanese]

All index the same documents, words divided by spaces (tantivy and bunsan get them as text, the
others as lists made before the clock starts), and answer the same two sets of queries with their 10
best: *natural* ones, six words in a row from a document, frequent ones among them; and *content*
ones, three words of a document that at most 3 % of the documents have. Each candidate runs in a
process of its own. Times are processor times, without the time to compile or import. Looking query
words up in a vocabulary is part of every query, building the vocabulary part of indexing.
"""

import argparse
import gc
import gzip
import itertools
import json
import tempfile
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from common import (
    SHARED_DATA,
    in_own_process,
    machine,
    markdown_table,
    peak_memory,
    processor_seconds,
)

K = 10
K1, B = 1.5, 0.75
WIKI = SHARED_DATA / "wiki_en" / "paragraphs_17m.txt.gz"
KYOTO = SHARED_DATA / "kyoto_wiki" / "articles.jsonl.gz"


class Bunsan:
    """The product's index, over a vocabulary made batch by batch; all queries in one call."""

    wants_text = True

    def __init__(self, documents: list[str]) -> None:
        import pyarrow as pa
        import pyarrow.compute as pc

        from bunsan.words.bm25.formulas import Bm25Parameters
        from bunsan.words.bm25.impacts import compute_impacts
        from bunsan.words.bm25.postings import build_postings
        from bunsan.words.bm25.search import Bm25, SegmentIndex
        from bunsan.words.bm25.statistics import Statistics

        self.ids: dict[str, int] = {}
        word, length = [], []
        for batch in (documents[i : i + 50_000] for i in range(0, len(documents), 50_000)):
            lists = pc.split_pattern(pa.array(batch), " ")
            length.append(pc.list_value_length(lists).to_numpy())
            encoded = lists.flatten().dictionary_encode()
            entries = encoded.dictionary.to_pylist()
            ids = [self.ids.setdefault(entry, len(self.ids)) for entry in entries]
            word.append(np.array(ids, np.int32)[encoded.indices.to_numpy()])
        document = np.cumsum(np.concatenate([[0], *length]), dtype=np.int64)
        parameters, statistics = Bm25Parameters("lucene", K1, B), Statistics(len(self.ids))
        searchable = np.ones(len(self.ids), bool)
        postings = build_postings(np.concatenate(word), document, searchable)
        statistics.add(postings)
        impacts = compute_impacts(postings, statistics, parameters)
        self.ranking = Bm25([SegmentIndex.of(postings, impacts)], statistics, parameters)

    def word_ids(self, query: list[str]) -> list[int]:
        return [self.ids.get(word, -1) for word in query]

    def search(self, queries: list[list[str]]) -> list[list[float]]:
        return self.ranking.search_many([self.word_ids(query) for query in queries], K)[2].tolist()


class BunsanOneByOne(Bunsan):
    """The product, called once for each query."""

    def search(self, queries: list[list[str]]) -> list[list[float]]:
        return [self.ranking.search(self.word_ids(query), K)[2].tolist() for query in queries]


class Bm25s:
    backend = "numpy"

    def __init__(self, documents: list[list[str]]) -> None:
        import bm25s

        self.index = bm25s.BM25(method="lucene", k1=K1, b=B, backend=self.backend)
        self.index.index(documents, show_progress=False)

    def search(self, queries: list[list[str]]) -> list[list[float]]:
        return self.index.retrieve(
            queries, k=K, show_progress=False, n_threads=0, backend_selection=self.backend
        ).scores.tolist()


class Bm25sNumba(Bm25s):
    backend = "numba"


class RankBm25:
    def __init__(self, documents: list[list[str]]) -> None:
        import rank_bm25

        self.index = rank_bm25.BM25Okapi(documents, k1=K1, b=B)

    def search(self, queries: list[list[str]]) -> None:
        for query in queries:
            scores = self.index.get_scores(query)
            np.argpartition(scores, -K)[-K:]


class Tantivy:
    """The library of that name; its k1 is 1.2 and it rounds lengths, so scores are its own."""

    wants_text = True

    def __init__(self, documents: list[str]) -> None:
        import tantivy

        builder = tantivy.SchemaBuilder()
        builder.add_text_field(
            "body", stored=False, tokenizer_name="whitespace", index_option="freq"
        )
        self.schema = builder.build()
        index = tantivy.Index(self.schema)
        writer = index.writer(heap_size=500_000_000, num_threads=1)
        for text in documents:
            document = tantivy.Document()
            document.add_text("body", text)
            writer.add_document(document)
        writer.commit()
        writer.wait_merging_threads()
        index.reload()
        self.searcher = index.searcher()

    def search(self, queries: list[list[str]]) -> None:
        from tantivy import Occur, Query

        for query in queries:
            words = [(Occur.Should, Query.term_query(self.schema, "body", word)) for word in query]
            _ = self.searcher.search(Query.boolean_query(words), K, count=False).hits


CANDIDATES: dict[str, Any] = {
    "bunsan": Bunsan,
    "bunsan, query by query": BunsanOneByOne,
    "bm25s (numba)": Bm25sNumba,
    "bm25s (numpy)": Bm25s,
    "tantivy": Tantivy,
    "rank_bm25": RankBm25,
}
FEWER_QUERIES = {"rank_bm25": 20, "bm25s (numpy)": 500}  # the slow ones answer only these many


def measure(name: str, folder: Path) -> dict[str, Any]:
    """One candidate, in this process: seconds, queries a second, MB, scores of some queries."""
    candidate = CANDIDATES[name]
    with (folder / "documents.txt").open(encoding="utf-8") as file:
        lines = file.read().splitlines()
    queries = json.loads((folder / "queries.json").read_text(encoding="utf-8"))
    documents: list[Any] = lines
    if not hasattr(candidate, "wants_text"):
        known: dict[
            str, str
        ] = {}  # one object a word: the lists then take little more than ids would
        documents = [[known.setdefault(word, word) for word in line.split()] for line in lines]
        del known
    del lines
    gc.freeze()  # the collector need not walk the documents again and again
    before = peak_memory()
    small = candidate(documents[:50])  # compiles and imports
    small.search([query[:2] for query in queries["content"][:2]])
    seconds, index = processor_seconds(lambda: candidate(documents))
    result: dict[str, Any] = {"index": seconds}
    for kind in ("natural", "content"):
        some = queries[kind][: FEWER_QUERIES.get(name)]
        index.search(some[:5])
        repeat = 1 if name in FEWER_QUERIES else 3
        seconds, scores = processor_seconds(partial(index.search, some), repeat)
        result[kind] = len(some) / seconds
        result[f"{kind} scores"] = scores and scores[:100]
    return {**result, "documents": before, "peak": peak_memory()}


def wiki_lines(path: Path) -> Iterator[str]:
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt", encoding="utf-8") as file:
        yield from (line.strip() for line in file)


def kyoto_lines() -> Iterator[str]:
    """The sentences of the articles, split by MeCab with the IPA dictionary."""
    import fugashi
    import ipadic

    tagger = fugashi.GenericTagger(f"{ipadic.MECAB_ARGS} -Owakati")
    with gzip.open(KYOTO, "rt", encoding="utf-8") as file:
        for line in file:
            for sentence in json.loads(line)["text"].splitlines():
                yield tagger.parse(sentence).strip()


def prepare(lines: Iterator[str], n_documents: int, n_queries: int, folder: Path) -> str:
    """Write documents.txt and queries.json; returns a description."""
    documents = list(itertools.islice((line for line in lines if line), n_documents))
    (folder / "documents.txt").write_text("\n".join(documents), encoding="utf-8")
    df: Counter[str] = Counter()
    n_words = 0
    for text in documents:
        words = text.split()
        n_words += len(words)
        df.update(set(words))
    rng = np.random.default_rng(5)
    natural: list[list[str]] = []
    content: list[list[str]] = []
    while len(natural) < n_queries:
        words = documents[rng.integers(len(documents))].split()
        if len(words) >= 6:
            start = int(rng.integers(len(words) - 5))
            natural.append(words[start : start + 6])
    while len(content) < n_queries:
        words = sorted(set(documents[rng.integers(len(documents))].split()))
        words = [word for word in words if 5 <= df[word] <= 0.03 * len(documents)]
        if len(words) >= 3:
            content.append([words[i] for i in rng.choice(len(words), 3, replace=False)])
    queries = json.dumps({"natural": natural, "content": content}, ensure_ascii=False)
    (folder / "queries.json").write_text(queries, encoding="utf-8")
    return f"{len(documents):,} documents, {n_words:,} words, {n_queries:,} queries of each kind"


def table(results: dict[str, dict[str, Any]]) -> str:
    ours = results["bunsan"]
    rows = []
    for name, result in results.items():
        mark = "*" if name in FEWER_QUERIES else ""
        index = f"{result['index']:.1f} ({result['index'] / ours['index']:.1f})"
        speeds = [
            f"{result[kind]:,.0f}{mark} ({result[kind] / ours[kind]:.3f})"
            for kind in ("natural", "content")
        ]
        rows.append([name, index, *speeds, f"{result['peak'] - result['documents']:,.0f}"])
    headings = ["", "index s", "natural queries/s", "content queries/s", "memory MB"]
    return markdown_table(headings, rows)


def greatest_difference(results: dict[str, dict[str, Any]], peer: str) -> float:
    differences = []
    for kind in ("natural scores", "content scores"):
        ours, theirs = results["bunsan"][kind], results[peer][kind]
        differences.append(np.abs(np.array(ours) - np.array(theirs)).max())
    return float(max(differences))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--documents", type=int, default=200_000)
    parser.add_argument("--queries", type=int, default=2_000)
    parser.add_argument(
        "--text", type=Path, default=WIKI, help="one document a line, words by spaces"
    )
    parser.add_argument("--japanese", action="store_true", help="sentences of articles on Kyoto")
    parser.add_argument("--only", nargs="*", default=list(CANDIDATES), choices=CANDIDATES)
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print(json.dumps(measure(arguments.measure[0], Path(arguments.measure[1]))))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lines = kyoto_lines() if arguments.japanese else wiki_lines(arguments.text)
        described = prepare(lines, arguments.documents, arguments.queries, folder)
        print(f"{described}; top {K}; {machine()}\n", flush=True)
        results = {}
        for candidate in dict.fromkeys(["bunsan", *arguments.only]):
            results[candidate] = in_own_process(__file__, "--measure", candidate, name)
    print(table(results), "\n")
    print(
        "In brackets: relative to bunsan's. Memory: what libraries, indexing and searching added at"
    )
    print("most to that of the documents. *: fewer queries.", *sorted(FEWER_QUERIES.items()))
    for peer in ("bm25s (numba)", "bm25s (numpy)"):
        if peer in results:
            difference = greatest_difference(results, peer)
            print(f"Greatest difference of a score to {peer}: {difference:.1e}")


if __name__ == "__main__":
    main()
