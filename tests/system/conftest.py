import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent))

from harness import Yagura  # noqa: E402


@pytest.fixture(scope="module")
def yagura():
    """A server shared by the tests of one file."""
    with Yagura() as server:
        yield server


@pytest.fixture
def fresh_yagura():
    """A server of the test's own; the test may kill it."""
    server = Yagura()
    yield server.start()
    server.close()
