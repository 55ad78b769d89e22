"""bunsan's own endpoints: questions to collections, and choosing among labels."""

from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Any, TypeVar

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from bunsan.serve.asking import too_long, too_many
from bunsan.serve.openai import vectors_of
from bunsan.serve.replies import (
    ERRORS,
    ClassifyReply,
    CollectionsReply,
    KwicReply,
    RowsReply,
    SearchReply,
)
from bunsan.serve.searching import meaning_model, search_in
from bunsan.serve.served import ServedCollection, Service, TextEncoder, Writer
from bunsan.serve.shapes import (
    ClassifyRequest,
    CollectionRequest,
    FeaturesRequest,
    KwicRequest,
    RelatedRequest,
    SearchRequest,
    SimilarRequest,
    WordsRequest,
)
from bunsan.serve.sse import unless_left
from bunsan.tasks.facade import Collection
from bunsan.tasks.table import Table
from bunsan.words.vectors.nearest import unit_rows

T = TypeVar("T")


def router(service: Service) -> APIRouter:
    """The endpoints, of these collections and models."""
    routes = APIRouter(prefix="/bunsan", responses=ERRORS)

    async def ask(
        body: CollectionRequest, request: Request, deed: Callable[[Collection], T]
    ) -> tuple[str, T]:
        """What a deed answers, in the collection's own thread."""
        served = service.get(body.collection, ServedCollection, "collection")
        call = served.worker.call(lambda: deed(served.collection))
        return served.name, await unless_left(request.receive, call)

    @routes.get("/collections", response_model=CollectionsReply, tags=["collections"])
    async def list_collections() -> JSONResponse:
        """The collections that are served."""
        found = [one for one in service.found.values() if isinstance(one, ServedCollection)]
        cards = [
            {
                "name": one.name,
                "documents": one.collection.n_documents,
                "fields": one.collection.fields,
            }
            for one in found
        ]
        return JSONResponse({"collections": cards})

    @routes.post("/search", response_model=SearchReply, tags=["collections"])
    async def search(body: SearchRequest, request: Request) -> JSONResponse:
        """Documents that match best: by keyword (BM25), by meaning (vectors), or both."""
        model = meaning_model(service, body)

        def deed(collection: Collection) -> dict[str, Any]:
            found = search_in(collection, body, model)
            return {
                "by": found.by,
                "representation": found.representation,
                "total": found.total,
                "missing": found.missing,
                "hits": [asdict(hit) for hit in found.hits],
            }

        name, found = await ask(body, request, deed)
        return JSONResponse({"collection": name, **found})

    @routes.post("/kwic", response_model=KwicReply, tags=["collections"])
    async def kwic(body: KwicRequest, request: Request) -> JSONResponse:
        """Occurrences of a word between their neighbours."""

        def deed(collection: Collection) -> dict[str, Any]:
            found = collection.kwic(
                body.word, sort=body.sort, width=body.width, limit=body.limit, where=body.where
            )
            return {"total": found.total, "lines": [asdict(line) for line in found.lines]}

        name, found = await ask(body, request, deed)
        return JSONResponse({"collection": name, **found})

    @routes.post("/similar", response_model=RowsReply, tags=["collections"])
    async def similar(body: SimilarRequest, request: Request) -> JSONResponse:
        """Words used like a word, or like a sum of words."""

        def deed(collection: Collection) -> dict[str, Any]:
            found = collection.similar(
                body.word, k=body.k, contexts=body.contexts, min_count=body.min_count
            )
            return _table(found.table())

        name, found = await ask(body, request, deed)
        return JSONResponse({"collection": name, **found})

    @routes.post("/related", response_model=RowsReply, tags=["collections"])
    async def related(body: RelatedRequest, request: Request) -> JSONResponse:
        """Words that occur together with a word."""

        def deed(collection: Collection) -> dict[str, Any]:
            found = collection.related(
                body.word, k=body.k, measure=body.measure, unit=body.unit, where=body.where,
                min_count=body.min_count,
            )  # fmt: skip
            return _table(found.table())

        name, found = await ask(body, request, deed)
        return JSONResponse({"collection": name, **found})

    @routes.post("/features", response_model=RowsReply, tags=["collections"])
    async def features(body: FeaturesRequest, request: Request) -> JSONResponse:
        """The words that mark each group of documents."""

        def deed(collection: Collection) -> dict[str, Any]:
            return _table(collection.features(body.by, k=body.k, where=body.where).table())

        name, found = await ask(body, request, deed)
        return JSONResponse({"collection": name, **found})

    @routes.post("/words", response_model=RowsReply, tags=["collections"])
    async def words(body: WordsRequest, request: Request) -> JSONResponse:
        """Words by frequency."""
        name, found = await ask(body, request, lambda c: _table(c.words(k=body.k)))
        return JSONResponse({"collection": name, **found})

    @routes.post("/classify", response_model=ClassifyReply, tags=["generation"])
    async def classify(body: ClassifyRequest, request: Request) -> JSONResponse:
        """Which of given labels fits a text."""
        model = service.get(body.model, (Writer, TextEncoder), "model")
        texts = [body.texts] if isinstance(body.texts, str) else body.texts
        if len(texts) > service.settings.max_texts:
            raise too_many("texts", len(texts), service.settings.max_texts)
        work = (
            _chosen(service, model, body, texts)
            if isinstance(model, Writer)
            else _nearest(service, model, body, texts)
        )
        results = await unless_left(request.receive, work)
        by = "probability" if isinstance(model, Writer) else "cosine"
        return JSONResponse({"model": model.name, "by": by, "results": results})

    return routes


async def _chosen(
    service: Service, writer: Writer, body: ClassifyRequest, texts: list[str]
) -> list[dict[str, Any]]:
    """By a decoder: the labels as answers, one text between two steps of the running batch."""
    generator, most = writer.generator, service.settings.max_prompt
    answers = [body.label.replace("{label}", label) for label in body.labels]
    back = dict(zip(answers, body.labels, strict=True))
    results = []
    for text in texts:
        prompt = body.prompt.replace("{text}", text)
        size = await service.prepare(generator.count, prompt)
        if size > most:
            raise too_long("texts", size, most)
        found = await writer.worker.call(partial(generator.choose, prompt, answers, by=body.by))
        labels = [
            {"label": back[a.answer], "score": a.probability, "logprob": a.logprob}
            for a in found.answers
        ]
        results.append({"label": labels[0]["label"], "labels": labels})
    return results


async def _nearest(
    service: Service, encoder: TextEncoder, body: ClassifyRequest, texts: list[str]
) -> list[dict[str, Any]]:
    """By an encoder: labels by the cosine of their vectors with the text's (zero-shot)."""
    labels = [body.label.replace("{label}", label) for label in body.labels]
    vectors = unit_rows(await vectors_of(service, encoder, [*labels, *texts], "texts"))
    cosines = vectors[len(labels) :] @ vectors[: len(labels)].T
    results = []
    for row in cosines.tolist():
        order = sorted(range(len(labels)), key=lambda i: (-row[i], i))
        found = [{"label": body.labels[i], "score": row[i], "logprob": None} for i in order]
        results.append({"label": found[0]["label"], "labels": found})
    return results


def _table(table: Table) -> dict[str, Any]:
    return {"rows": table.to_rows(), "titles": table.titles, "note": table.note}
