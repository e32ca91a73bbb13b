"""What can go wrong outside, grouped by what the reader can do about it.

Each error says what was attempted, in which system, and what to do; none carries a secret or a
body. ``is_transient`` is the one place that decides whether trying again can help.
"""

from datetime import datetime


class OutsideError(Exception):
    """Base: something outside PaidSync did not go as asked."""

    action = "Read the message; run again if the cause is gone."
    connection: str | None = None  # whose it is, once whoever works for one has seen it

    def __init__(
        self,
        message: str,
        *,
        system: str,
        operation: str = "",
        status: int | None = None,
        code: str | None = None,
        request_id: str | None = None,
        action: str | None = None,
    ) -> None:
        self.message = message
        self.system = system
        self.operation = operation
        self.status = status
        self.code = code
        self.request_id = request_id
        if action is not None:
            self.action = action
        super().__init__(message)

    def __str__(self) -> str:
        of = f"connection {self.connection}" if self.connection else ""
        where = ", ".join(part for part in (self.system, self.operation, of) if part)
        number = f" (request {self.request_id})" if self.request_id else ""
        return f"{where}: {self.message}{number} {self._action()}"

    def _action(self) -> str:
        if self.connection is None:
            return self.action
        return self.action.replace("`paidsync check`", f"`paidsync check {self.connection}`")


class TryLater(OutsideError):
    """The system is down, slow or busy; the same call may work later."""

    action = "Nothing to mend here; the next try or the next run takes it up."


class RateLimited(TryLater):
    """A rate window is used up until ``until`` (UTC), longer than a run may wait."""

    def __init__(self, message: str, *, system: str, until: datetime, operation: str = "") -> None:
        super().__init__(message, system=system, operation=operation, status=429)
        self.until = until


class AccessRefused(OutsideError):
    """Credentials are wrong, expired or revoked, or a permission is missing."""

    action = "Check the credentials and permissions of this connection, then run `paidsync check`."


class NotThere(OutsideError):
    """No such record, or the account cannot see it. Proves nothing on its own."""

    action = "Check that the record exists and that the account may see it."


class Rejected(OutsideError):
    """The system understood the request and refuses it: a rule of business, or a fault of ours."""

    action = "Mend what the message names."


class Conflict(Rejected):
    """Something with this id exists already."""

    action = "Read what stands there before doing anything else."


class Garbled(OutsideError):
    """An answer that is not as documented: HTML, half a JSON text, a page that repeats."""

    action = "Try again; if it stays, the system or a proxy before it has changed."


class UnknownOutcome(OutsideError):
    """A write whose answer was lost. It may have happened: read before doing anything else."""

    action = "Nothing is sent again before it was read back."


class WrongSettings(OutsideError):
    """The connection file or the environment is wrong; a person mends it."""

    action = "Correct the connection file or the environment."


# Trying the same read again can help. A write's unknown outcome never counts.
_TRANSIENT: tuple[type[OutsideError], ...] = (TryLater, Garbled)


def is_transient(error: BaseException) -> bool:
    """Whether trying the same again may help; decides Prefect's task retries too."""
    return isinstance(error, _TRANSIENT) and not isinstance(error, RateLimited)
