"""A fresh ledger for each test, on SQLite and on a real PostgreSQL."""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import cast

import pytest
from postgresql_server import NoPostgreSQL, Server, running

from paidsync.ledger import Ledger

_POSTGRESQL = pytest.param("postgresql", marks=pytest.mark.xdist_group("postgresql"))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """The server, started once. Where it must be there (CI=true) its absence is a failure."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(running())
        except NoPostgreSQL as reason:
            if os.environ.get("CI") == "true":
                pytest.fail(f"PostgreSQL does not start: {reason}")
            pytest.skip(f"PostgreSQL does not start: {reason}")
        yield server


@pytest.fixture(scope="session")
def postgresql_ledger(postgresql: Server) -> Iterator[str]:
    """A database with the newest tables; emptied for each test, which is quicker than a new one."""
    with postgresql.database() as name:
        _upgraded(postgresql.url(name))
        yield name


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the newest tables, to copy from."""
    path = tmp_path_factory.mktemp("template") / "ledger.sqlite3"
    _upgraded(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", _POSTGRESQL])
def database_kind(request: pytest.FixtureRequest) -> str:
    """Every test of the ledger runs on both databases."""
    return cast("str", request.param)


@pytest.fixture
def empty_url(database_kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a database without tables."""
    if database_kind == "sqlite":
        yield f"sqlite:///{tmp_path / 'ledger.sqlite3'}"
        return
    server: Server = request.getfixturevalue("postgresql")
    with server.database() as name:
        yield server.url(name)


@pytest.fixture
def ledger_url(database_kind: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a database with the newest tables and nothing in them."""
    if database_kind == "sqlite":
        path = tmp_path / "ledger.sqlite3"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    server: Server = request.getfixturevalue("postgresql")
    name: str = request.getfixturevalue("postgresql_ledger")
    server.empty(name, keep=("installation", "alembic_version"))
    with server.connect(name) as kept:
        revision = kept.execute("SELECT version_num FROM alembic_version").fetchone()
        yield server.url(name)
        kept.execute("UPDATE alembic_version SET version_num = %s", revision)


@pytest.fixture
def ledger(ledger_url: str) -> Iterator[Ledger]:
    """An open ledger with nothing in it."""
    opened = Ledger(ledger_url).require_current()
    yield opened
    opened.close()


def _upgraded(url: str) -> None:
    ledger = Ledger(url)
    ledger.upgrade()
    ledger.close()
