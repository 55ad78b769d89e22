"""Documents that a search found, drawn: where each stands, its passages, and why it was found."""

from pathlib import Path

from bunsan.base.language import tr
from bunsan.studio import pieces
from bunsan.tasks.search import Hit, SearchResult


def found(result: SearchResult, links: str) -> str:
    """The whole answer; `links` fetch it as files."""
    missing = ""
    if result.missing:
        names = tr(", ", "、").join(result.missing)
        missing = pieces.notice(
            tr(f"Without a vector: {names}", f"ベクトルのない語: {names}")
            if result.by == "meaning"
            else tr(f"In no document: {names}", f"どの文書にもない語: {names}")
        )
    if not result.hits:
        return missing + pieces.empty(
            tr("No document matches", "該当する文書はありません"),
            tr("Try fewer words, or all documents.", "語を減らすか、対象を広げてみてください。"),
        )
    best = max(hit.score for hit in result.hits) or 1.0
    hits = [
        _hit(number, hit, best, result.by)
        for number, hit in enumerate(result.hits, start=result.offset + 1)
    ]
    return (
        missing
        + pieces.heading(_counted(result), _ranked_by(result))
        + pieces.element("ol", *hits, class_="b-hits")
        + links
    )


def _counted(result: SearchResult) -> str:
    if result.by == "keyword":
        return tr(f"{result.total:,} documents match", f"{result.total:,} 文書が該当")
    return tr(f"{result.total:,} documents ranked", f"{result.total:,} 文書を順位づけ")


def _ranked_by(result: SearchResult) -> str:
    if result.by == "keyword":
        return tr("by BM25", "BM25 による順位")
    by = result.representation
    if result.by == "meaning":
        return tr(f"by cosine: {by}", f"コサインによる順位: {by}")
    return tr(
        f"ranks by BM25 and by cosine ({by}), fused",
        f"BM25 とコサイン({by})の順位を融合",
    )


def _hit(number: int, hit: Hit, best: float, by: str) -> str:
    place = Path(hit.source).name
    head = pieces.div(
        "b-hit-head",
        pieces.element("span", f"{number}", class_="b-rank"),
        pieces.fields_line(hit.fields),
        pieces.element(
            "cite", pieces.words(tr(f"{place}, row {hit.row}", f"{place} {hit.row} 行目"))
        ),
    )
    near = hit.nearest if by == "both" else None
    tag = pieces.element("span", pieces.words(tr("nearest", "最も近い箇所")), class_="b-tag")
    shown = [(tag if p == near else "") + pieces.passage(p, place=False) for p in hit.shown()]
    whole = pieces.element(
        "details",
        pieces.element("summary", pieces.words(tr("Whole text", "全文"))),
        pieces.element("p", pieces.words(hit.text)),
    )
    return pieces.element("li", head, *shown, _why(hit, best, by), whole, class_="b-hit")


def _why(hit: Hit, best: float, by: str) -> str:
    """The score, the ranks it came of, and what each word gave."""
    said = [
        tr(f"cosine {hit.score:.3f}", f"コサイン {hit.score:.3f}")
        if by == "meaning"
        else tr(f"score {hit.score:.2f}", f"スコア {hit.score:.2f}")
    ]
    if by == "both":
        names = {
            "keyword": tr("keyword: rank {}", "語: {} 位"),
            "meaning": tr("meaning: rank {}", "意味: {} 位"),
        }
        said = [
            names[name].format(hit.ranks[name]) if name in hit.ranks else _unranked(name)
            for name in names
        ]
        if hit.cosine is not None:
            said.append(tr(f"cosine {hit.cosine:.3f}", f"コサイン {hit.cosine:.3f}"))
    top = max(hit.why.values(), default=1.0) if by == "both" else best
    parts = [
        pieces.element(
            "span",
            pieces.words(word),
            pieces.element("i", style=f"--w:{max(part, 0) / top:.3f}"),
            pieces.words(f"{part:.2f}"),
            class_="b-part",
        )
        for word, part in sorted(hit.why.items(), key=lambda pair: -pair[1])
    ]
    facts = [pieces.element("span", pieces.words(one)) for one in said]
    return pieces.div("b-why", *facts, *parts)


def _unranked(name: str) -> str:
    if name == "keyword":
        return tr("keyword: none of the words", "語: 該当なし")
    return tr("meaning: no vector", "意味: ベクトルなし")
