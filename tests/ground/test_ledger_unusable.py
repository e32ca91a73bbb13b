"""A database that stops working in the middle is a sentence, without the statement and its values,
on both databases."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from ledger_rows import US
from postgresql_server import Server
from sqlalchemy import event, text

from paidsync.ledger import Ledger, LedgerUnusable

SECRET = "a-value-that-nobody-should-read"
POSTGRESQL = pytest.mark.xdist_group("postgresql")


@contextmanager
def _connected(ledger: Ledger, how: Callable[[Any], object]) -> Iterator[None]:
    """Connections that the ledger opens are like this from now on."""

    def begin(connection: Any, _record: Any) -> None:
        how(connection)

    ledger.close()
    event.listen(ledger.engine, "connect", begin)
    yield
    event.remove(ledger.engine, "connect", begin)
    ledger.close()


def _keep(ledger: Ledger, number: int = 0) -> None:
    """Something is stored, with a long value in it."""
    body = {"what": SECRET * 300}
    ledger.inbound.record("procore", f"{US}:{number}", connection=US, body=body)


def _is_clear(error: BaseException, *parts: str) -> None:
    words = str(error)
    for part in parts:
        assert part in words
    assert words.endswith(".")
    assert not any(each in words for each in (SECRET, "INSERT INTO", "SQL:", "[", "\n")), words


def test_a_full_disk_says_to_make_room(sqlite_template: Path, tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    shutil.copy(sqlite_template, path)
    ledger = Ledger(f"sqlite:///{path}").require_current()

    def limit(connection: Any) -> None:
        [pages] = connection.execute("PRAGMA page_count").fetchone()
        connection.execute(f"PRAGMA max_page_count = {pages}")

    def fill() -> None:
        for number in range(100):
            _keep(ledger, number)

    with _connected(ledger, limit), pytest.raises(LedgerUnusable) as full:
        fill()
    _is_clear(full.value, str(path), "database or disk is full", "Make room there")
    _keep(ledger)
    ledger.close()


def test_a_database_that_takes_no_writes_says_who_has_to_be_let(ledger: Ledger) -> None:
    read_only = {
        "sqlite": "PRAGMA query_only = ON",
        "postgresql": "SET default_transaction_read_only = on",
    }[ledger.engine.dialect.name]

    def limit(connection: Any) -> None:
        connection.execute(read_only)
        connection.commit()

    with _connected(ledger, limit), pytest.raises(LedgerUnusable) as refused:
        _keep(ledger)
    _is_clear(refused.value, ledger.shown_url, "read", "Let the user that runs PaidSync write")
    _keep(ledger)


@pytest.mark.parametrize("database_kind", [pytest.param("postgresql", marks=POSTGRESQL)])
def test_a_server_that_goes_away_in_the_middle_is_told_and_comes_back(
    ledger: Ledger, postgresql: Server
) -> None:
    with ledger.engine.connect() as db:
        backend = db.execute(text("SELECT pg_backend_pid()")).scalar_one()
        postgresql.execute(f"SELECT pg_terminate_backend({backend}, 5000)")
        with pytest.raises(LedgerUnusable) as gone:
            db.execute(text("SELECT 1"))
    _is_clear(gone.value, ledger.shown_url, "cannot be used", "`paidsync settings`")
    _keep(ledger)
