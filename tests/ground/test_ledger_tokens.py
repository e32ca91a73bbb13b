"""Rotating refresh tokens: encrypted, durable, and refreshed by one process at a time."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Event, Lock, Thread

import pytest
from cryptography.fernet import Fernet
from ledger_rows import UK, US
from sqlalchemy import text

from paidsync.ledger import Ledger, tokens
from paidsync.ledger.tokens import TokenKeyUnusable, TokenLocked

KEY = "A" * 43 + "="
TOKEN = "AB11-refresh-token"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting processes look again at once."""
    monkeypatch.setattr(tokens, "_POLL_SECONDS", 0.005)


def test_a_rotated_token_is_there_for_the_next_process(ledger: Ledger, ledger_url: str) -> None:
    keeper = ledger.tokens.keeper(US, KEY)
    assert keeper.load() is None
    keeper.save("older")
    keeper.save(TOKEN)
    other = Ledger(ledger_url)
    assert other.tokens.keeper(US, KEY).load() == TOKEN
    assert other.tokens.keeper(UK, KEY).load() is None
    other.close()


def test_the_ledger_never_holds_the_token_in_clear(ledger: Ledger) -> None:
    ledger.tokens.keeper(US, KEY).save(TOKEN)
    with ledger.engine.begin() as db:
        row = db.execute(text("SELECT * FROM token")).mappings().one()
    assert row["ciphertext"]
    assert TOKEN not in str(dict(row))


def test_another_key_does_not_open_it_and_says_so(ledger: Ledger) -> None:
    ledger.tokens.keeper(US, KEY).save(TOKEN)
    other = ledger.tokens.keeper(US, Fernet.generate_key().decode())
    with pytest.raises(TokenKeyUnusable, match="does not open the token kept for acme-us"):
        other.load()


def test_a_connection_made_anew_replaces_a_token_that_its_key_does_not_open(
    ledger: Ledger,
) -> None:
    ledger.tokens.keeper(US, KEY).save(TOKEN)
    key = Fernet.generate_key().decode()
    anew = ledger.tokens.keeper(US, key, anew=True)
    assert anew.load() is None
    anew.save("newer")
    assert ledger.tokens.keeper(US, key).load() == "newer"


@pytest.mark.parametrize("key", [None, ""])
def test_without_a_key_no_token_is_kept(ledger: Ledger, key: str | None) -> None:
    keeper = ledger.tokens.keeper(US, key)
    with pytest.raises(TokenKeyUnusable, match="PAIDSYNC_SECRET_KEY is not set"), keeper.locked():
        pass  # nothing may be traded from here on


@pytest.mark.parametrize("key", ["short", "é" * 43, "A" * 44, "not base64 at all!" * 3])
def test_a_key_of_another_kind_is_refused_without_being_shown(ledger: Ledger, key: str) -> None:
    keeper = ledger.tokens.keeper(US, key)
    with pytest.raises(TokenKeyUnusable, match="is not a Fernet key") as error, keeper.locked():
        pass
    assert key not in str(error.value)


def test_two_processes_do_not_refresh_at_once(ledger: Ledger, ledger_url: str) -> None:
    counting, inside, most = Lock(), [0], [0]

    def refresh(_number: int) -> None:
        own = Ledger(ledger_url)
        keeper = own.tokens.keeper(US, KEY)
        with keeper.locked():
            with counting:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
            keeper.save(str(int(keeper.load() or "0") + 1))
            with counting:
                inside[0] -= 1
        own.close()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(refresh, range(4)))
    assert most == [1]
    assert ledger.tokens.keeper(US, KEY).load() == "4"


def test_a_waiting_process_goes_on_when_the_lock_is_given_back(
    ledger: Ledger, ledger_url: str
) -> None:
    order: list[str] = []
    waiting = Event()

    def second() -> None:
        own = Ledger(ledger_url)
        waiting.set()
        with own.tokens.keeper(US, KEY).locked():
            order.append("second")
        own.close()

    with ledger.tokens.keeper(US, KEY).locked():
        thread = Thread(target=second)
        thread.start()
        waiting.wait(10)
        thread.join(0.1)
        assert thread.is_alive()
        order.append("first")
    thread.join(20)
    assert order == ["first", "second"]


def test_connections_do_not_wait_for_each_other(ledger: Ledger) -> None:
    with ledger.tokens.keeper(US, KEY).locked(), ledger.tokens.keeper(UK, KEY).locked():
        pass


def test_the_lock_of_a_process_that_died_ends_by_itself(ledger: Ledger) -> None:
    keeper = ledger.tokens.keeper(US, KEY)
    keeper.save(TOKEN)
    with ledger.engine.begin() as db:
        db.execute(
            text("UPDATE token SET locked_by = 'dead', locked_until = '2020-01-01T00:00:00+00:00'")
        )
    with keeper.locked():
        assert keeper.load() == TOKEN


def _locked_until(ledger: Ledger) -> str:
    with ledger.engine.begin() as db:
        return str(db.execute(text("SELECT locked_until FROM token")).scalar_one())


def test_a_refresh_may_take_longer_than_its_lock_lasts_and_is_not_waited_for_without_end(
    ledger: Ledger, ledger_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tokens, "_LOCK_SECONDS", 0.8)
    other = Ledger(ledger_url)
    with ledger.tokens.keeper(US, KEY).locked():
        first = _locked_until(ledger)
        with (
            pytest.raises(TokenLocked, match=r"acme-us stays locked.*End the run"),
            other.tokens.keeper(US, KEY).locked(),
        ):
            pass  # it waited for twice as long as a lock lasts
        assert _locked_until(ledger) > first
    with other.tokens.keeper(US, KEY).locked():
        pass
    other.close()


def test_a_lock_from_before_the_clock_was_set_back_ends_like_any_other(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its owner died; by the clock of now it would last for a day."""
    monkeypatch.setattr(tokens, "_LOCK_SECONDS", 0.8)
    keeper = ledger.tokens.keeper(US, KEY)
    keeper.save(TOKEN)
    ahead = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    with ledger.engine.begin() as db:
        db.execute(text("UPDATE token SET locked_by = 'dead', locked_until = :at"), {"at": ahead})
    with keeper.locked():
        assert keeper.load() == TOKEN


def test_a_process_that_slept_over_its_lock_overwrites_no_newer_token(
    ledger: Ledger, ledger_url: str
) -> None:
    sleeper = ledger.tokens.keeper(US, KEY)
    sleeper.save("oldest")
    assert sleeper.load() == "oldest"
    other = Ledger(ledger_url)
    others = other.tokens.keeper(US, KEY)
    assert others.load() == "oldest"
    others.save("newest")
    sleeper.save("given before that")
    assert sleeper.load() == "newest"
    sleeper.save("given after that")
    assert others.load() == "given after that"
    other.close()


def test_the_lock_is_given_back_after_a_failed_refresh(ledger: Ledger) -> None:
    keeper = ledger.tokens.keeper(US, KEY)
    with pytest.raises(OSError, match="away"), keeper.locked():
        raise OSError("away")
    with keeper.locked():
        pass
