"""The demo in words, made once for all tests here."""

import pytest
from plain_vectors import Words, words_of


@pytest.fixture(scope="session")
def ja() -> Words:
    """The Japanese demo in words."""
    return words_of("ja")


@pytest.fixture(scope="session")
def en() -> Words:
    """The English demo in words."""
    return words_of("en")
