"""What the tests of a machine in trouble share: full disks, files that may not be written."""

import ctypes
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

from town import Town, folders, manifest

from paidsync.evidence import FolderUnusable, RunFolder
from paidsync.ledger import LedgerUnusable

_VERSION_3 = 0x20080522  # of Linux's capability calls
_DAC_OVERRIDE, _DAC_READ_SEARCH = 1 << 1, 1 << 2


@contextmanager
def as_an_ordinary_user() -> Iterator[None]:
    """Whoever runs the tests obeys the modes of files in this thread, root too."""
    if os.geteuid() != 0:
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(_VERSION_3, 0)
    before = (ctypes.c_uint32 * 6)()
    assert libc.capget(header, before) == 0
    without = (ctypes.c_uint32 * 6)(*before)
    without[0] &= ~(_DAC_OVERRIDE | _DAC_READ_SEARCH)  # of what is effective
    assert libc.capset(header, without) == 0
    try:
        yield
    finally:
        assert libc.capset(header, before) == 0


def stopped(town: Town) -> str:
    """What a sync says that cannot go on: its message, or the words that it ends with."""
    try:
        summary = town.sync()
    except (LedgerUnusable, FolderUnusable) as trouble:
        return str(trouble)
    assert summary["state"] == "Failed", summary
    return str(summary["message"])


def is_clear(words: str, *parts: str) -> None:
    """Plain sentences that say where it is and what to do; no statement, no class of an error."""
    for part in parts:
        assert part in words, words
    assert words.endswith("."), words
    assert not any(each in words for each in ("SQL ", "[", "Errno", "Error", "\n")), words


def time_passes(town: Town) -> None:
    """So much that whoever held something and never gave it back is taken for dead."""
    town.let_the_lease_end()
    ledger = town.ledger
    with ledger.engine.begin() as db:
        db.exec_driver_sql("UPDATE token SET locked_until = '2000-01-01T00:00:00'")
    ledger.close()
    for folder in folders(town):
        for path in (folder, *folder.iterdir()):
            os.utime(path, (0, 0))


def whole(town: Town) -> None:
    """The ledger is consistent, its audit trail unbroken, every folder sealed and as sealed."""
    with closing(sqlite3.connect(town.data_dir / "ledger.sqlite3")) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    ledger = town.ledger
    assert ledger.audit.broken_at() is None
    assert ledger.runs.unfinished(town.name) == []
    ledger.close()
    for folder in folders(town):
        assert RunFolder(folder).sealed, folder
        there = {path.name for path in folder.iterdir()} - {"manifest.json"}
        assert there == set(manifest(folder)["files"]), folder
