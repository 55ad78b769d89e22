"""What tests share: the real, openly licensed data beside the project, and a quiet environment."""

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

# A test says whether a result is right, never how long it took.
settings.register_profile("bunsan", deadline=None)
settings.load_profile("bunsan")

os.environ.setdefault("BUNSAN_LANG", "en")

# A shell that starts the tests in the background lets them ignore Ctrl-C, and so would every command
# that they start and then interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data; a test that needs it is skipped where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"needs the open data sets in {SHARED_DATA}, which are not on this machine")
    return SHARED_DATA
