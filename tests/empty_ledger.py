"""A new ledger for a test. Making one takes as long as half a run, so that each process makes one
and copies it."""

import sqlite3
import tempfile
from contextlib import closing
from functools import cache
from pathlib import Path

from paidsync.ledger import Ledger


def put(file: Path) -> None:
    """A ledger of the newest revision, of an installation of its own."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(_of_nobody())
    ledger = Ledger(f"sqlite:///{file}")
    ledger.connections.ensure_installation()
    ledger.close()


@cache
def _of_nobody() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "ledger.sqlite3"
        ledger = Ledger(f"sqlite:///{file}")
        ledger.upgrade()
        ledger.close()
        with closing(sqlite3.connect(file)) as db:
            db.execute("DELETE FROM installation")
            db.commit()
        return file.read_bytes()
