"""Rotating refresh tokens, encrypted with a key from the environment (house plan 8)."""

import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta

from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import Engine, or_, select, update

from paidsync.ledger.sql import insert_missing, upsert, utc_now
from paidsync.ledger.tables import Token
from paidsync.ledger.trouble import LedgerUnusable, unusable

_token = Token.__table__  # type: ignore[attr-defined]
_LOCK_SECONDS = 90
_POLL_SECONDS = 0.1


class TokenKeyUnusable(Exception):
    """The key that encrypts tokens is not set, or is not the one they were encrypted with."""


class TokenLocked(TimeoutError):
    """Another process goes on refreshing the token of a connection."""


class Tokens:
    """Opens the keeper of one connection's token."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def keeper(self, connection: str, key: str | None, *, anew: bool = False) -> "TokenKeeper":
        """``key`` is a Fernet key; it is asked for when a token is to be refreshed, so that a
        connection whose tokens do not rotate needs none. Where a connection is made ``anew``, a
        kept token that the key does not open is none, and is replaced."""
        return TokenKeeper(self._engine, connection, key, anew=anew)


def cipher_of(key: str | None) -> Fernet:
    """What encrypts secrets in the ledger. Raises TokenKeyUnusable where the key is missing or
    malformed."""
    if not key:
        raise TokenKeyUnusable(
            "PAIDSYNC_SECRET_KEY is not set; it encrypts refresh tokens and approvers' seeds in "
            "the ledger. Make one with `paidsync settings --new-key` and keep it with your secrets."
        )
    try:
        return Fernet(key)
    except ValueError as error:
        raise TokenKeyUnusable(
            "PAIDSYNC_SECRET_KEY is not a Fernet key (32 bytes, URL-safe base64). "
            "Make one with `paidsync settings --new-key`."
        ) from error


class TokenKeeper:
    """Keeps the newest refresh token of one connection for all processes on this ledger."""

    def __init__(self, engine: Engine, connection: str, key: str | None, *, anew: bool) -> None:
        self._engine = engine
        self._connection = connection
        self._key = key
        self._anew = anew
        self._loaded: str | None = None  # the ciphertext, as last read or written here

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Wait until no other process refreshes, then keep them waiting, however long it takes. The
        lock of a process that died or sleeps ends by itself. Raises TokenKeyUnusable where the key
        is missing or malformed, before a token could be traded for one that cannot be kept;
        TokenLocked where another process never ends."""
        cipher_of(self._key)
        owner = secrets.token_hex(8)
        deadline = time.monotonic() + 2 * _LOCK_SECONDS
        while not self._lock(owner):
            if time.monotonic() > deadline:
                raise TokenLocked(
                    f"The refresh token of {self._connection} stays locked: another process has "
                    f"been renewing it for {2 * _LOCK_SECONDS:g} seconds. End the run that hangs, "
                    "then run again."
                )
            time.sleep(_POLL_SECONDS)
        done = threading.Event()
        renewal = threading.Thread(target=self._renew, args=(owner, done), daemon=True)
        renewal.start()
        try:
            self._reserve()
            yield
        finally:
            done.set()
            renewal.join()
            with self._engine.begin() as db:
                db.execute(
                    update(_token)
                    .where(_token.c.connection == self._connection, _token.c.locked_by == owner)
                    .values(locked_by=None, locked_until=None)
                )

    def _reserve(self) -> None:
        """A traded token that the disk does not take would end the connection: see to it that
        SQLite writes it where it wrote the lock, by having its log begin anew."""
        if self._engine.dialect.name != "sqlite":
            return
        connection = self._engine.raw_connection()
        try:
            connection.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)")
        except sqlite3.Error as error:
            shown = self._engine.url.render_as_string(hide_password=True)
            raise unusable(shown, error) from error
        finally:
            connection.close()

    def _renew(self, owner: str, done: threading.Event) -> None:
        """Keep the lock of a refresh that takes longer than it lasts: the endpoint is asked several
        times, and each answer may take a minute."""
        while not done.wait(_LOCK_SECONDS / 3):
            with suppress(LedgerUnusable), self._engine.begin() as db:  # it is tried again
                db.execute(
                    update(_token)
                    .where(_token.c.connection == self._connection, _token.c.locked_by == owner)
                    .values(locked_until=_lock_end())
                )

    def _lock(self, owner: str) -> bool:
        until, too_far = _lock_end(), _lock_end(2)
        with self._engine.begin() as db:
            # No lock lasts that long: the clock was set back since. A process that lives renews it.
            db.execute(
                update(_token)
                .where(_token.c.connection == self._connection, _token.c.locked_until > too_far)
                .values(locked_until=until)
            )
            there = db.execute(
                select(_token.c.connection).where(_token.c.connection == self._connection)
            ).first()
            if there is None:
                upsert(db, _token, [{"connection": self._connection}])
            taken = db.execute(
                update(_token)
                .where(
                    _token.c.connection == self._connection,
                    or_(_token.c.locked_by.is_(None), _token.c.locked_until < utc_now()),
                )
                .values(locked_by=owner, locked_until=until)
            )
        return taken.rowcount == 1

    def load(self) -> str | None:
        """The newest token kept. Raises TokenKeyUnusable where the key does not open it."""
        with self._engine.begin() as db:
            kept = db.execute(
                select(_token.c.ciphertext).where(_token.c.connection == self._connection)
            ).scalar_one_or_none()
        self._loaded = kept
        if kept is None:
            return None
        try:
            return cipher_of(self._key).decrypt(kept.encode()).decode()
        except InvalidToken as error:
            if self._anew:
                return None
            raise TokenKeyUnusable(
                f"PAIDSYNC_SECRET_KEY does not open the token kept for {self._connection}. "
                "Set the key it was kept with, or connect again."
            ) from error

    def save(self, token: str) -> None:
        """Keep a rotated token; durable when this returns. Where another process kept one since
        this one last looked, that is the newer one and stays: whoever comes here later slept over
        its lock."""
        ciphertext = cipher_of(self._key).encrypt(token.encode()).decode()
        row = {"connection": self._connection, "ciphertext": ciphertext, "saved_at": utc_now()}
        with self._engine.begin() as db:
            insert_missing(db, _token, {"connection": self._connection})
            kept = db.execute(
                update(_token)
                .where(
                    _token.c.connection == self._connection,
                    _token.c.ciphertext.is_not_distinct_from(self._loaded),
                )
                .values(row)
            )
        if kept.rowcount == 1:
            self._loaded = ciphertext


def _lock_end(times: int = 1) -> str:
    return (datetime.now(UTC) + timedelta(seconds=times * _LOCK_SECONDS)).isoformat()
