"""People who approve plans, and the one-time codes by which they prove who they are (RFC 6238).

A code is good for one decision: each time step is taken once for each approver, and never again,
so that one that stands in clear in Prefect's parameters is worth nothing.
"""

import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from sqlalchemy import Connection as Db
from sqlalchemy import Engine, delete, select, update

from paidsync.ledger.audit import Audit
from paidsync.ledger.sql import utc_now
from paidsync.ledger.tables import Approver
from paidsync.ledger.tokens import TokenKeyUnusable, cipher_of

_approver = Approver.__table__  # type: ignore[attr-defined]

# What authenticator apps take without being told anything else.
_DIGITS = 6
_STEP_SECONDS = 30
_SEED_BYTES = 20
_WINDOW = (-1, 0, 1)  # steps: clocks of phones are a little off

_MOST_WRONG = 5
_WRONG_WITHIN = timedelta(minutes=15)


class CodeRefused(Exception):
    """A one-time code that proves nothing; says why, and what to do."""


class KnownApprover(Exception):
    """Who is to be added is there already."""


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What an authenticator app is given, once."""

    uri: str
    secret: str


class Approvers:
    """Enrols people, and takes their codes."""

    def __init__(
        self,
        engine: Engine,
        audit: Audit,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._engine = engine
        self._audit = audit
        self._now = now

    def add(self, email: str, *, key: str | None, by_whom: str) -> Enrolled:
        """Give a person a seed of their own. Raises KnownApprover, TokenKeyUnusable."""
        name = known_as(email)
        cipher = cipher_of(key)
        seed = secrets.token_bytes(_SEED_BYTES)
        with self._engine.begin() as db:
            if self._row(db, name) is not None:
                raise KnownApprover(
                    f"{name} has a one-time code already. Where the phone was lost, remove them "
                    f"with `paidsync approvers remove {name}` and add them again."
                )
            db.execute(
                _approver.insert().values(
                    email=name,
                    seed=cipher.encrypt(seed).decode(),
                    added_at=utc_now(),
                    added_by=by_whom,
                    last_step=None,
                    wrong_tries=[],
                )
            )
            self._audit.append(db, "approver_added", {"email": name, "by": by_whom})
        uri = _totp(seed).get_provisioning_uri(name, "PaidSync")
        return Enrolled(uri, uri.split("secret=")[1].split("&")[0])

    def remove(self, email: str, *, by_whom: str) -> bool:
        """Forget a person's seed; answers whether there was one. What they decided stays."""
        name = known_as(email)
        with self._engine.begin() as db:
            gone = db.execute(delete(_approver).where(_approver.c.email == name)).rowcount == 1
            if gone:
                self._audit.append(db, "approver_removed", {"email": name, "by": by_whom})
        return gone

    def all(self) -> list[Approver]:
        """Everybody who is enrolled, by e-mail address."""
        with self._engine.begin() as db:
            rows = db.execute(select(_approver).order_by(_approver.c.email)).mappings().all()
        return [Approver.model_validate(dict(row)) for row in rows]

    def accept(self, email: str, code: str, *, key: str | None) -> None:
        """Take a person's code, once. Raises CodeRefused; the try is then remembered."""
        cipher = cipher_of(key)
        with self._engine.begin() as db:
            refusal = self._taken(db, known_as(email), code.strip(), cipher)
        if refusal is not None:  # after the try was stored
            raise CodeRefused(refusal)

    def _taken(self, db: Db, name: str, code: str, cipher: Fernet) -> str | None:
        """Why the code is not taken; None where it is, and its step is used up."""
        row = self._row(db, name)
        if row is None:
            return (
                f"{name} has no one-time code yet. Whoever runs PaidSync enrols them with "
                f"`paidsync approvers add {name}`."
            )
        now = self._now()
        tries = [each for each in row.wrong_tries if _instant(each) > now - _WRONG_WITHIN]
        if len(tries) >= _MOST_WRONG:
            until = _instant(tries[0]) + _WRONG_WITHIN
            return (
                f"{_MOST_WRONG} wrong codes came for {name} within 15 minutes, so none is taken "
                f"before {until:%H:%M:%S} UTC."
            )
        step = _step_of(code, _opened(row, cipher), now)
        if step is not None and (row.last_step is None or step > row.last_step):
            self._set(db, name, last_step=step, wrong_tries=[])
            return None
        self._set(db, name, wrong_tries=[*tries, now.isoformat()])
        if step is not None:
            return f"This code of {name} was used already. Wait for the next one and enter it."
        return f"This is not the present code of {name}. Enter the one that the app shows now."

    @staticmethod
    def _row(db: Db, name: str) -> Approver | None:
        # Whoever looks holds the row until the answer is stored: two at once take turns.
        query = select(_approver).where(_approver.c.email == name).with_for_update()
        row = db.execute(query).mappings().first()
        return Approver.model_validate(dict(row)) if row else None

    @staticmethod
    def _set(db: Db, name: str, **values: object) -> None:
        db.execute(update(_approver).where(_approver.c.email == name).values(values))


def known_as(email: str) -> str:
    """An e-mail address as it is compared: without its case."""
    return email.strip().casefold()


def _totp(seed: bytes) -> TOTP:
    # SHA-1 is what every app speaks, and sound inside an HMAC (RFC 6238, RFC 6194).
    return TOTP(seed, _DIGITS, SHA1(), _STEP_SECONDS)  # noqa: S303


def _step_of(code: str, seed: bytes, now: datetime) -> int | None:
    """The time step whose code this is, of those about now; None where it is of none."""
    step = int(now.timestamp()) // _STEP_SECONDS
    totp = _totp(seed)
    found = None
    for each in (step + offset for offset in _WINDOW):
        expected = totp.generate(each * _STEP_SECONDS)
        if hmac.compare_digest(expected, code.encode()):
            found = each
    return found


def _opened(row: Approver, cipher: Fernet) -> bytes:
    try:
        return cipher.decrypt(row.seed.encode())
    except InvalidToken as error:
        raise TokenKeyUnusable(
            f"PAIDSYNC_SECRET_KEY does not open the seed kept for {row.email}. Set the key it was "
            f"kept with, or remove and add them with `paidsync approvers`."
        ) from error


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
