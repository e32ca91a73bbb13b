"""Refresh tokens in trouble: answers that are lost, processes that refresh at once, die or sleep
over it, and a consent that somebody took back (house plan 8)."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from bad_input import impatient
from orchestra import ROOT, until
from town import Town

from sandbox.erps import ERPS

TOKEN = "token"  # a part of the path of either token endpoint
_GRACE = {"rotate_seconds": 0, "grace_seconds": 1800}  # Xero: OAuth 2.0 FAQ
_NO_GRACE = {"rotate_seconds": 0, "grace_seconds": 0}  # QuickBooks Online: none is documented


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    impatient(monkeypatch)


@pytest.fixture
def rotating(build: Callable[..., Town]) -> Callable[..., Town]:
    """Builds a town whose ERP gives a new refresh token at each use."""

    def make(erp: str, tokens: Mapping[str, int]) -> Town:
        town = build(erp=erp)
        town.do("/erp/tokens", **tokens)
        return town

    return make


@pytest.fixture
def checking() -> Iterator[Callable[[Town], "subprocess.Popen[str]"]]:
    """Starts `paidsync check` as a process of its own; ended with the test."""
    begun: list[subprocess.Popen[str]] = []

    def start(town: Town) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [sys.executable, "-m", "cli.main", "check", town.name],
            cwd=ROOT,
            env={**os.environ, **town.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        begun.append(process)
        return process

    yield start
    for process in begun:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=10)


def _kept(town: Town) -> str | None:
    """The refresh token that the ledger keeps."""
    ledger = town.ledger
    token = ledger.tokens.keeper(town.name, os.environ["PAIDSYNC_SECRET_KEY"]).load()
    ledger.close()
    return token


def _newest(town: Town) -> str:
    """The refresh token that the ERP gave last."""
    return str(town.do("/erp/tokens")["refresh_token"])


def _connect_again(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    """A person signs in at the ERP again and puts the new token where the file points."""
    town.do("/erp/tokens", revoked=False)
    monkeypatch.setenv("BLUEBIRD_ERP_TOKEN", _newest(town))
    said = town.paidsync("check", town.name)
    assert said.code == 0, said.err


def _let_the_lock_end(town: Town) -> None:
    """The time passes after which the lock of a process that does nothing any more is over."""
    ledger = town.ledger
    with ledger.engine.begin() as db:
        db.exec_driver_sql("UPDATE token SET locked_until = '2000-01-01T00:00:00'")
    ledger.close()


def _came(town: Town, kind: str) -> Callable[[], bool]:
    return lambda: any(each["kind"] == kind for each in town.see("/faults")["fired"])


# The answer to a refresh is lost


@pytest.mark.parametrize("erp", ERPS)
def test_within_the_grace_a_lost_answer_is_asked_for_again(
    rotating: Callable[..., Town], erp: str
) -> None:
    """The ERP has rotated the token and PaidSync never saw the new one: the old one still works."""
    town = rotating(erp, _GRACE)
    town.paid("100.00")
    town.fault("lost_reply", system=erp, route=TOKEN, count=2)
    town.settled(state="Completed", posted=1)
    assert _kept(town) == _newest(town)


@pytest.mark.parametrize("erp", ERPS)
def test_without_a_grace_a_lost_answer_asks_for_a_person_and_loses_nothing(
    rotating: Callable[..., Town], erp: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    town = rotating(erp, _NO_GRACE)
    if erp == "xero":  # its grace includes the very second
        town.do("/erp/tokens", grace_seconds=-1)
    one = town.paid("100.00")
    town.fault("lost_reply", system=erp, route=TOKEN)
    summary = town.sync()
    assert summary["state"] == "Failed", summary
    assert "refused the refresh token" in summary["message"]
    assert town.rows() == []
    _connect_again(town, monkeypatch)
    town.settled(state="Completed", posted=1)
    assert town.amounts(one.prefix) == ["100.00"]
    assert _kept(town) == _newest(town)


def test_a_process_that_dies_over_a_refresh_leaves_the_connection_usable(
    rotating: Callable[..., Town], checking: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is killed between the rotation and the keeping: within the grace the kept token works on,
    after it a person has to connect again."""
    town = rotating("xero", _GRACE)
    for minutes, works in ((29, True), (31, False)):
        process = checking(town)
        town.fault("kill", system="xero", route=TOKEN, pid=process.pid, when="after")
        assert process.wait(60) == -signal.SIGKILL
        assert _kept(town) != _newest(town)
        _let_the_lock_end(town)
        town.do("/clock", advance_seconds=60 * minutes)
        said = town.paidsync("check", town.name)
        assert (said.code == 0) is works, said
        if works:
            assert _kept(town) == _newest(town)
    _connect_again(town, monkeypatch)


# Several processes


def test_two_processes_that_refresh_at_once_take_turns(
    rotating: Callable[..., Town], checking: Any
) -> None:
    """Every use rotates, without a grace: had both used one token, one of them were refused."""
    town = rotating("quickbooks_online", _NO_GRACE)
    town.do("/calls/reset")
    town.fault("slow", system="quickbooks_online", route=TOKEN, seconds=0.5, count=2)
    both = [checking(town), checking(town)]
    for process in both:
        out, err = process.communicate(timeout=90)
        assert process.returncode == 0, out + err
    answers = town.see("/calls")["statuses"]["quickbooks_online"]
    assert set(answers) == {"200"}, answers
    assert _kept(town) == _newest(town)


def test_a_process_that_slept_over_its_refresh_overwrites_no_newer_token(
    rotating: Callable[..., Town], checking: Any
) -> None:
    """It is frozen while its answer is on the way, for longer than its lock lasts; meanwhile others
    refresh twice. What it was given is the older one when it wakes up."""
    town = rotating("xero", _GRACE)
    sleeper = checking(town)
    town.fault("freeze", system="xero", route=TOKEN, pid=sleeper.pid)
    until(_came(town, "freeze"), seconds=60, what="it sleeps")
    _let_the_lock_end(town)
    for _ in range(2):
        assert town.paidsync("check", town.name).code == 0
    newest = _newest(town)
    assert _kept(town) == newest
    os.kill(sleeper.pid, signal.SIGCONT)
    out, err = sleeper.communicate(timeout=60)
    assert sleeper.returncode == 0, out + err
    assert _kept(town) == newest


# The consent is gone


@pytest.mark.parametrize("erp", ERPS)
def test_a_consent_that_was_taken_back_is_told_in_words_an_accountant_can_act_on(
    rotating: Callable[..., Town], erp: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    town = rotating(erp, _NO_GRACE)
    town.paid("100.00")
    town.do("/erp/tokens", revoked=True, expire_access=True)
    title = {"xero": "Xero", "quickbooks_online": "QuickBooks Online"}[erp]
    said = town.paidsync("check", town.name)
    assert said.code == 1
    summary = town.sync()
    assert summary["state"] == "Failed"
    [page] = [each["content"] for each in town.artifacts if each["key"] == "summary-bluebird"]
    for words in (said.err, summary["message"], page):
        assert "bluebird" in words
        assert "refused the refresh token" in words
        assert f"Connect {title} again" in words
        assert "paidsync check bluebird" in words
        assert town.environment["BLUEBIRD_ERP_TOKEN"] not in words
    assert town.rows() == []
    _connect_again(town, monkeypatch)
    town.settled(state="Completed", posted=1)
