"""Secrets: where they come from, and how rotating tokens are kept.

A connection file names secrets and never holds them (house plan 8). Rotated refresh tokens are
kept by a TokenKeeper, which the ledger provides.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, ConfigDict, Field, model_validator

from connectors.errors import WrongSettings

# Renewed this long before the end, so that no request leaves with a token about to expire.
_MARGIN = timedelta(seconds=120)


class SecretRef(BaseModel):
    """Names a secret: ``{ env = "NAME" }`` or ``{ file = "/path" }``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    env: str | None = Field(None, description="Environment variable that holds the secret.")
    file: Path | None = Field(None, description="File that holds the secret, and nothing else.")

    @model_validator(mode="after")
    def _exactly_one(self) -> "SecretRef":
        if (self.env is None) == (self.file is None):
            raise ValueError("name either `env` or `file`")
        return self

    def value(self, system: str) -> str:
        """The secret itself. Raises WrongSettings where it is not set."""
        if self.env is not None:
            found = os.environ.get(self.env, "").strip()  # a line end often comes with it
            if not found:
                raise WrongSettings(
                    f"The environment variable {self.env} is not set.",
                    system=system,
                    action=f"Set {self.env} for the process that runs PaidSync.",
                )
            return found
        path = Path(self.file or "")
        try:
            found = path.read_text(encoding="utf-8-sig").strip()
        except OSError as error:
            raise WrongSettings(
                f"The secret file {path} cannot be read ({error.strerror}).",
                system=system,
                action="Mount the file for the process that runs PaidSync.",
            ) from error
        except UnicodeDecodeError:  # its message would quote the secret
            raise WrongSettings(
                f"The secret file {path} is not text (UTF-8).",
                system=system,
                action="Write the secret into it as plain text.",
            ) from None
        if not found:
            raise WrongSettings(f"The secret file {path} is empty.", system=system)
        return found


class TokenKeeper(Protocol):
    """Keeps one rotating refresh token, encrypted, for every process that shares the ledger."""

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Only one process refreshes at a time."""
        ...

    def load(self) -> str | None:
        """The newest token kept, if any was."""
        ...

    def save(self, token: str) -> None:
        """Keep a rotated token durably; returns when it is. What another process kept since the
        last ``load`` is newer and stays."""
        ...


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A short-lived token in memory; never stored, never logged."""

    value: str
    expires_at: datetime

    def __repr__(self) -> str:
        return f"AccessToken(expires_at={self.expires_at.isoformat()})"

    @property
    def fresh(self) -> bool:
        """Whether it may still be sent."""
        return datetime.now(UTC) + _MARGIN < self.expires_at
