"""Houses that listen."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from house import SECRET, VERIFIER, House, served


@pytest.fixture(scope="session", autouse=True)
def _secrets() -> Iterator[None]:
    """The environment of the process that listens."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOUSE_WEBHOOK", SECRET)
        patch.setenv("HOUSE_VERIFIER", VERIFIER)
        yield


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A listener with a ledger of its own."""
    with served(tmp_path) as running:
        yield running


@pytest.fixture(scope="module")
def old_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One for many knocks that record nothing."""
    with served(tmp_path_factory.mktemp("house")) as running:
        yield running
