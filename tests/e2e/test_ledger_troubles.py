"""A machine in trouble: a full disk, a ledger that may not be written or is of another version.

Each time: a sentence that says what, where and what to do; nothing half-written; and the first sync
after the trouble is gone is right.
"""

import sqlite3
from contextlib import ExitStack, closing

import pytest
from bad_input import sentence
from meanwhile import just_before
from orchestra import Orchestra
from surroundings import (
    as_an_ordinary_user,
    is_clear,
    stopped,
    time_passes,
    whole,
)
from town import Town, folders

from tests.full_disk import no_file_above

_COMMANDS = (
    ["sync", "bluebird"],
    ["check", "bluebird"],
    ["ledger", "status"],
    ["ledger", "upgrade"],
)


@pytest.fixture
def busy(town: Town) -> Town:
    """A town with a payment that stands and three that are due."""
    town.paid("5.00", 4)
    town.settled(posted=1)
    for place in range(3):
        town.paid(f"{place + 1}00.00", place)
    return town


def _right_again(town: Town) -> None:
    """The next sync posts what is left, each payment once, and everything is whole."""
    time_passes(town)
    left = 4 - len(town.rows())
    town.settled(state="Completed" if left else "NothingToDo")
    assert len({row.origin_id for row in town.rows()}) == len(town.rows()) == town.posts == 4
    whole(town)


# Full disks


@pytest.mark.parametrize(
    ("stage", "size", "sent"),
    [
        (None, 0, 0),
        ("extract", 0, 0),
        ("load_batch", 12_000, 0),
        ("load_batch", 52_000, 1),
        ("verify_batch", 0, 3),
        ("report", 0, 3),
    ],
)
def test_a_full_disk_stops_the_run_wherever_it_is_and_the_next_one_is_right(
    busy: Town, monkeypatch: pytest.MonkeyPatch, stage: str | None, size: int, sent: int
) -> None:
    """From a stage on no file grows beyond so many bytes, the ledger's own included; at least so
    many payments were sent before."""
    town = busy
    with ExitStack() as limits:

        def fill() -> None:
            limits.enter_context(no_file_above(size))

        just_before(monkeypatch, stage, fill) if stage else fill()
        said = stopped(town)
    is_clear(said, str(town.data_dir), "Make room")
    assert sent <= town.posts - 1 < 3 or sent == 3
    _right_again(town)


@pytest.mark.parametrize("size", [16_540, 20_660, 41_260])
def test_a_disk_that_fills_up_costs_no_refresh_token(busy: Town, size: int) -> None:
    """Every use rotates it, without a grace: one that was traded and not kept would end the
    connection. None is traded that could not be kept."""
    town = busy
    with no_file_above(size):
        stopped(town)
    _right_again(town)


def test_a_call_log_that_may_not_be_written_stops_the_sending(
    busy: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is sent whose call could not be noted; the folder is sealed with what it has."""
    town = busy
    just_before(monkeypatch, "load_batch", lambda: (folders(town)[-1] / "calls.jsonl").chmod(0o444))
    with as_an_ordinary_user():
        said = stopped(town)
    is_clear(said, str(folders(town)[-1]), "Permission denied", "write there")
    assert town.posts == 1
    _right_again(town)


def test_the_command_line_says_in_one_sentence_that_the_disk_is_full(
    busy: Town, prefect: Orchestra
) -> None:
    town = busy
    assert town.paidsync("sync", town.name, "--preview").code == 0  # the handle is registered
    with no_file_above(20_000):
        line = sentence(town.paidsync("sync", town.name), 2)
    is_clear(line, str(town.data_dir), "Make room")
    _right_again(town)


# A ledger that may not be written


@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_ledger_that_may_not_be_written_stops_everything_that_would_write(
    busy: Town, what: str
) -> None:
    town = busy
    ledger = town.data_dir / "ledger.sqlite3"
    town.ledger.close()
    place, mode = (ledger, 0o444) if what == "file" else (town.data_dir, 0o555)
    before = place.stat().st_mode
    place.chmod(mode)
    try:
        with as_an_ordinary_user():
            said = stopped(town)
            line = sentence(town.paidsync("check", town.name), 2)
    finally:
        place.chmod(before)
        town.ledger.close()
    for words in (said, line):
        is_clear(words, str(ledger), "write")
    assert town.posts == 1
    _right_again(town)


# A ledger of another version


def test_a_ledger_of_a_newer_version_is_left_alone_by_everything(busy: Town) -> None:
    town = busy
    town.ledger.close()
    with closing(sqlite3.connect(town.data_dir / "ledger.sqlite3")) as db:
        [own] = db.execute("SELECT version_num FROM alembic_version").fetchone()
        db.execute("UPDATE alembic_version SET version_num = '9999'")
        db.commit()
        told = [*db.iterdump()]
        for words in _COMMANDS:
            line = sentence(town.paidsync(*words), 2)
            is_clear(line, "of a newer PaidSync (9999)", "Upgrade PaidSync; nothing was changed")
        assert [*db.iterdump()] == told
        assert len(folders(town)) == 1
        db.execute("UPDATE alembic_version SET version_num = ?", (own,))
        db.commit()
    _right_again(town)
