"""Searches by meaning: which models a request may name, and that no request keeps others waiting long."""

import asyncio
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bunsan.base.errors import BadInput
from bunsan.base.shipped import shipped_model
from bunsan.serve.errors import ApiError
from bunsan.serve.served import ServedCollection, Service, TextEncoder
from bunsan.serve.shapes import SearchRequest
from bunsan.tasks.facade import Collection
from bunsan.tasks.search import SearchResult, nearness, search

_MOST = 256  # documents whose vectors a request may have to wait for


class ServedVectors:
    """A served encoder for who is in another thread: its own thread does the work.

    Its attributes are those of the encoder.
    """

    def __init__(self, served: TextEncoder) -> None:
        self._served = served
        self.loop = asyncio.get_running_loop()
        self.layout, self.model = served.encoder.layout, served.encoder.model
        self.dim = served.encoder.dim

    def encode(self, texts: list[str], **options: Any) -> NDArray[np.float32]:
        """See `Encoder.encode`."""
        work = partial(self._served.encoder.encode, texts, **options)
        call = self._served.worker.call(work)
        return asyncio.run_coroutine_threadsafe(call, self.loop).result()


def meaning_model(service: Service, body: SearchRequest) -> Any:
    """What a request's `model` stands for: an encoder that is served, word vectors of the collection or
    those of the package.

    Raises
    ------
    ApiError : none is called so. A request names no folders and fetches nothing.
    """
    if body.by == "keyword" or body.model is None:
        return None
    served = service.get(body.collection, ServedCollection, "collection")
    words = shipped_model("words")
    if body.model in served.collection.state.get("vectors", {}) or (
        words is not None and body.model == words.name
    ):
        return body.model
    encoder = service.get(body.model, TextEncoder, "model")
    if encoder.name not in service.searchers:  # a collection knows what it was searched with by it
        service.searchers[encoder.name] = ServedVectors(encoder)
    found = service.searchers[encoder.name]
    found.loop = asyncio.get_running_loop()
    return found


def search_in(collection: Collection, body: SearchRequest, model: Any) -> SearchResult:
    """The search of a request, in the collection's thread.

    Raises
    ------
    ApiError : the vectors of the documents are still to be computed (409).
    """
    for name in body.where or {}:
        collection.require_field(name)
    if body.by != "keyword":
        try:
            nearness(collection, model, most=_MOST)
        except BadInput as error:
            raise ApiError(409, str(error), param="model", code="not_computed") from error
    return search(
        collection,
        body.query,
        by=body.by,
        model=model,
        k=body.k,
        offset=body.offset,
        where=body.where,
        match_all=body.match_all,
    )
