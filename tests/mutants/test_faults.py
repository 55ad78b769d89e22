"""The list of faults fits the source: each can be planted, and names a test that is there."""

from collections import Counter

import pytest
from faults import FAULTS, Fault
from plant import SOURCE, TESTS, planted


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.what)
def test_can_be_planted(fault: Fault) -> None:
    text = (SOURCE / "bunsan" / fault.file).read_text(encoding="utf-8")
    assert planted(fault, text) != text
    assert (TESTS / fault.test).is_file()


def test_there_are_many_and_each_is_another() -> None:
    assert len(FAULTS) >= 24
    assert max(Counter(fault.what for fault in FAULTS).values()) == 1
    assert max(Counter((fault.file, fault.new, fault.old) for fault in FAULTS).values()) == 1
