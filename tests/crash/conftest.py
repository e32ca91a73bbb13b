"""Clients that the sandbox kills or freezes, over the town and the Prefect server of the end-to-end
tests."""

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parents[1] / room) for room in ("e2e", "ground")]
pytest.register_assert_rewrite("crash_scene", "crash_client")

from crash_client import Client, start_fork_server  # noqa: E402
from crash_scene import Request, Scene  # noqa: E402
from orchestra import Orchestra  # noqa: E402
from town import Town  # noqa: E402

from paidsync.settings import settings  # noqa: E402
from sandbox.erps import ERPS, FIRST  # noqa: E402
from tests.e2e.conftest import (  # noqa: E402, F401
    _brisk,
    _early,
    _server,
    _unhurried,
    build,
    deployed,
    http,
    orchestra,
    prefect,
    processes,
)
from tests.ground.conftest import postgresql  # noqa: E402, F401
from tests.ground.postgresql_server import Server  # noqa: E402


def pytest_addoption(parser: pytest.Parser) -> None:
    """The whole of it takes some minutes."""
    parser.addoption(
        "--both-ways",
        action="store_true",
        help="stop clients before and after each request is carried out, not in turns",
    )
    parser.addoption("--erp", choices=ERPS, default=FIRST, help="whose payments are posted")


@pytest.fixture(scope="session")
def fork_server(orchestra: Orchestra) -> None:  # noqa: F811
    """Where clients are forked from; it speaks to the Prefect server."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in orchestra.environment.items():
            patch.setenv(name, value)
        patch.setenv("PREFECT_LOGGING_LEVEL", "WARNING")
        patch.setenv("PAIDSYNC_RETRY_SECONDS", "[0, 0]")
        start_fork_server()


@pytest.fixture
def client(fork_server: None, tmp_path: Path) -> Iterator[Callable[..., Client]]:
    """Makes clients; none outlives the test."""
    made: list[Client] = []

    def make(town: Town, name: str | None = None, **environment: str) -> Client:
        arguments = "sync", name or town.name
        made.append(Client(*arguments, environment=town.environment | environment, folder=tmp_path))
        return made[-1]

    yield make
    for each in made:
        each.end()


@pytest.fixture
def company(
    build: Callable[..., Town],  # noqa: F811
    client: Callable[..., Client],
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> Iterator[Scene]:
    """A company whose first payment is to be posted; its ledger is SQLite, or PostgreSQL where a
    test asks for it."""
    town = build(connect=False, erp=request.config.getoption("--erp", default=FIRST))
    with ExitStack() as stack:
        if getattr(request, "param", "sqlite") == "postgresql":
            server: Server = request.getfixturevalue("postgresql")
            url = server.url(stack.enter_context(server.database()))
            town.environment["PAIDSYNC_DATABASE_URL"] = url
        town.environment["PAIDSYNC_BATCH_COMMITMENTS"] = "1"
        for name, value in town.environment.items():
            monkeypatch.setenv(name, value)
        settings.cache_clear()
        yield Scene(town, client)
        town.ledger.close()


@pytest.fixture(scope="session")
def _unharmed() -> list[Request]:
    """What an unharmed client asks for, once that is known: it is the same in every scene."""
    return []


@pytest.fixture
def requests(scene: Scene, _unharmed: list[Request]) -> list[Request]:
    """Those of an unharmed client on a day of the scene, in their order."""
    if not _unharmed:
        _unharmed.extend(scene.requests())
    return _unharmed


@pytest.fixture
def scene(company: Scene) -> Scene:
    """The same after a first day, whose payments were posted."""
    company.day()
    company.town.settled(posted=4)
    return company
