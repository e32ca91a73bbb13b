"""Running sandboxes for the tests: one with the demo story, one for stories of their own."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from procore_helpers import Company, Switch, company, served
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


@pytest.fixture(scope="session")
def procore_host() -> Iterator[tuple[Switch, httpx.Client]]:
    """One Procore server for all tests, since starting one takes longer than most of them."""
    switch = Switch()
    with served(switch) as address, httpx.Client(base_url=address, timeout=5) as http:
        yield switch, http


@pytest.fixture
def procore(procore_host: tuple[Switch, httpx.Client]) -> Company:
    """A new small Procore company over real HTTP, without the rest of the world."""
    return company(*procore_host)
