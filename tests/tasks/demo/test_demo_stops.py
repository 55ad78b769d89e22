"""The tour: every stop can be taken, and its sentences are in the reader's language."""

import inspect
import re

import pytest
from plain_vectors import Words

from bunsan.base.language import Language, use_language
from bunsan.tasks.demo.stops import tour
from bunsan.tasks.facade import Collection

JAPANESE = re.compile("[ぁ-ん]")


@pytest.mark.parametrize("language", ["ja", "en"])
def test_stops_are_methods_and_their_options(language: Language) -> None:
    stops = tour(language)
    assert {"search", "similar", "nearest", "related", "features", "kwic"} == {
        stop.verb for stop in stops
    }
    for stop in stops:
        signature = inspect.signature(getattr(Collection, stop.verb))
        signature.bind(None, *stop.arguments, **stop.options)
        assert bool(JAPANESE.search("".join(stop.arguments))) <= (language == "ja")


def test_the_reasons_are_in_the_language_of_the_reader() -> None:
    try:
        for reader in ("ja", "en"):
            use_language("ja" if reader == "ja" else "en")
            for world in ("ja", "en"):
                for stop in tour("ja" if world == "ja" else "en"):
                    assert stop.why
                    ends = "。" if reader == "ja" else "."
                    assert stop.why.endswith(ends)
                    if reader == "ja":
                        assert JAPANESE.search(stop.why)
    finally:
        use_language(None)


def test_every_word_of_the_tour_is_in_the_texts(ja: Words, en: Words) -> None:
    for words, language in ((ja, "ja"), (en, "en")):
        texts = "".join(document.text for document in words.documents)
        for stop in tour("ja" if language == "ja" else "en"):
            if stop.verb in ("similar", "related", "kwic"):
                for term in re.split(r" [-+] ", stop.arguments[0]):
                    assert texts.count(term) >= 40
