"""Rotating refresh tokens, encrypted with a key from the environment (house plan 8)."""

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import Engine, or_, select, update

from paidsync.ledger.sql import upsert, utc_now
from paidsync.ledger.tables import Token

_token = Token.__table__  # type: ignore[attr-defined]
_LOCK_SECONDS = 90
_POLL_SECONDS = 0.1


class TokenKeyUnusable(Exception):
    """The key that encrypts tokens is not set, or is not the one they were encrypted with."""


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

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Wait until no other process refreshes, then keep them waiting. The lock of a process
        that died ends by itself. Raises TokenKeyUnusable where the key is missing or malformed,
        before a token could be traded for one that cannot be kept."""
        cipher_of(self._key)
        owner = secrets.token_hex(8)
        deadline = time.monotonic() + 2 * _LOCK_SECONDS
        while not self._lock(owner):
            if time.monotonic() > deadline:
                raise TimeoutError(f"The refresh token of {self._connection} stays locked.")
            time.sleep(_POLL_SECONDS)
        try:
            yield
        finally:
            with self._engine.begin() as db:
                db.execute(
                    update(_token)
                    .where(_token.c.connection == self._connection, _token.c.locked_by == owner)
                    .values(locked_by=None, locked_until=None)
                )

    def _lock(self, owner: str) -> bool:
        until = (datetime.now(UTC) + timedelta(seconds=_LOCK_SECONDS)).isoformat()
        with self._engine.begin() as db:
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
        """Keep a rotated token; durable when this returns."""
        ciphertext = cipher_of(self._key).encrypt(token.encode()).decode()
        with self._engine.begin() as db:
            upsert(
                db,
                _token,
                [
                    {
                        "connection": self._connection,
                        "ciphertext": ciphertext,
                        "saved_at": utc_now(),
                    }
                ],
            )
