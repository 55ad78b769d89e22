"""What a search gives: documents, why each was found, and a table of them."""

from dataclasses import dataclass, field
from typing import Any

from bunsan.base.language import tr
from bunsan.tasks.passages import Passage
from bunsan.tasks.table import Table, show


@dataclass(frozen=True)
class Hit:
    """A document that was found.

    Attributes
    ----------
    score : BM25's, a cosine, or the sum of reciprocal ranks, as `SearchResult.by` says.
    passages : what to look at: sentences with words of the query; by meaning the nearest passage.
    why : what each word contributed: words of the query to the score of BM25; by the meaning of words
        alone, words of the nearest passage to the cosine, the eight most; empty for an encoder, whose
        vectors are no sums of words.
    ranks : by "keyword" and by "meaning", from 1, where the document was ranked by it.
    cosine : of the nearest passage with the query, where meaning was looked at.
    nearest : that passage.
    """

    score: float
    text: str
    source: str
    row: int
    fields: dict[str, str | None]
    passages: list[Passage]
    why: dict[str, float] = field(default_factory=dict)
    ranks: dict[str, int] = field(default_factory=dict)
    cosine: float | None = None
    nearest: Passage | None = None

    def shown(self) -> list[Passage]:
        """What to look at: sentences that the nearest passage does not have in it, and that."""
        if self.nearest is None or self.nearest in self.passages:
            return self.passages
        near = self.nearest.text
        return [*(p for p in self.passages if p.text not in near), self.nearest]

    def ranked(self) -> str:
        """The ranks in words, "" where there is nothing to tell of them."""
        names = {"keyword": tr("keyword", "語"), "meaning": tr("meaning", "意味")}
        return ", ".join(f"{names[by]} {rank}" for by, rank in self.ranks.items())


@dataclass(frozen=True)
class SearchResult:
    """The best documents.

    Attributes
    ----------
    total : how many match: by keyword those with a word of the query, else all that the filters
        admit and that have a vector.
    missing : words of the query that no document has; by meaning, those without a vector.
    by : "keyword", "meaning" or "both". offset : hits that were passed over.
    representation : what meaning was told by.
    """

    query: str
    hits: list[Hit]
    total: int
    missing: list[str]
    by: str = "keyword"
    representation: str | None = None
    offset: int = 0

    def table(self) -> Table:
        """One row a document."""
        names = dict.fromkeys(n for hit in self.hits for n in hit.fields)
        columns: dict[str, list[Any]] = {
            "rank": list(range(self.offset + 1, self.offset + len(self.hits) + 1)),
            "score": [round(hit.score, 4) for hit in self.hits],
        }
        if self.by == "both":
            columns["rank_keyword"] = [hit.ranks.get("keyword") for hit in self.hits]
            columns["rank_meaning"] = [hit.ranks.get("meaning") for hit in self.hits]
        columns |= {
            "source": [hit.source for hit in self.hits],
            "row": [hit.row for hit in self.hits],
        }
        columns |= {n: [hit.fields.get(n) for hit in self.hits] for n in names if n not in columns}
        columns["passages"] = [" … ".join(p.marked() for p in hit.passages) for hit in self.hits]
        if self.by == "both":
            columns["nearest"] = [p.marked() if (p := h.nearest) else "" for h in self.hits]
        columns["text"] = [hit.text for hit in self.hits]
        columns["why"] = [
            ", ".join(f"{word} {show(part)}" for word, part in hit.why.items()) for hit in self.hits
        ]
        titles = {
            "rank": tr("rank", "順位"),
            "score": tr("score", "スコア"),
            "rank_keyword": tr("rank by keyword", "語による順位"),
            "rank_meaning": tr("rank by meaning", "意味による順位"),
            "source": tr("file", "ファイル"),
            "row": tr("row", "行"),
            "passages": tr("passages", "該当箇所"),
            "nearest": tr("nearest passage", "最も近い箇所"),
            "text": tr("text", "本文"),
            "why": tr("why", "語の寄与"),
        }
        return Table(columns, titles, self.told())

    def told(self) -> str:
        """How many documents there are, and what meaning was told by."""
        if self.by == "keyword":
            return tr(f"{self.total:,} documents match", f"{self.total:,} 文書が該当")
        return tr(
            f"{self.total:,} documents ranked; meaning by {self.representation}",
            f"{self.total:,} 文書を順位づけ。意味: {self.representation}",
        )

    def _repr_html_(self) -> str:
        from html import escape

        parts = [f"<p>{escape(self.query)}: {self.total:,}</p><ol start={self.offset + 1}>"]
        for hit in self.hits:
            fields = " ".join(f"{k}={v}" for k, v in hit.fields.items() if v is not None)
            digits = 4 if self.by == "both" else 2
            parts.append(f"<li><b>{hit.score:.{digits}f}</b> {escape(fields)}")
            if self.by == "both":
                parts.append(f" <small>{escape(hit.ranked())}</small>")
            parts += [p._repr_html_() for p in hit.shown()]
            parts.append("</li>")
        return "".join([*parts, "</ol>"])
