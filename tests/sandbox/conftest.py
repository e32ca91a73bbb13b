"""Running sandboxes for the tests: one with the demo story, one for stories of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from quickbooks_helpers import Player

from sandbox.server import start


@pytest.fixture
def sandbox_demo() -> Iterator[Player]:
    """The demo world, served."""
    with start("demo", 7) as running, Player(running) as player:
        yield player


@pytest.fixture
def sandbox_empty() -> Iterator[Player]:
    """Projects, vendors and commitments without bills, served."""
    with start("empty", 7) as running, Player(running) as player:
        yield player
