"""PaidSync's own settings: environment variables ``PAIDSYNC_...``, or a ``.env`` file."""

from functools import lru_cache
from pathlib import Path
from typing import Literal

from dotenv import load_dotenv
from platformdirs import user_data_path
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Where PaidSync keeps what it knows, and how long it waits."""

    model_config = SettingsConfigDict(env_prefix="PAIDSYNC_", extra="ignore", env_ignore_empty=True)

    data_dir: Path = Field(
        default_factory=lambda: user_data_path("paidsync", appauthor=False),
        description="Folder of the ledger (unless a database is named) and of the run folders.",
    )
    database_url: SecretStr | None = Field(
        None, description="SQLAlchemy URL of a PostgreSQL ledger; without it SQLite in data_dir."
    )
    secret_key: SecretStr | None = Field(
        None, description="Fernet key that encrypts rotating refresh tokens in the ledger."
    )
    sending_grace_seconds: int = Field(
        600,
        ge=0,
        description="How old an unanswered write must be before it is judged absent. Less than "
        "600 is honoured only when every host of the connection is a loopback address.",
    )
    lease_seconds: int = Field(
        300,
        ge=10,
        description="How long a writer's lease lasts without being renewed, and for how long a run "
        "that has none yet may be silent before it is taken for dead.",
    )
    longest_wait_seconds: int = Field(
        120,
        ge=0,
        description="Longest wait for a rate limit; beyond it the rest is left to the next run.",
    )
    retry_seconds: tuple[float, ...] = Field(
        (5.0, 30.0), description="Waits before a stage that failed for a passing reason is retried."
    )
    button_patience_seconds: int = Field(
        180,
        ge=0,
        description="How long a press of Procore's button waits for another run to end writing.",
    )
    proxy_secret: SecretStr | None = Field(
        None,
        min_length=24,
        description="Secret by which the listener knows the sign-on proxy (header "
        "X-PaidSync-Proxy); with it, `paidsync listen` has a page where people decide about plans.",
    )
    identity_header: str = Field(
        "X-Forwarded-Email",
        pattern=r"^[A-Za-z0-9-]+$",
        description="Header in which the sign-on proxy names the e-mail address of who signed in.",
    )
    batch_commitments: int = Field(25, ge=1, description="Commitments in one load and verify task.")
    log_format: Literal["text", "json"] = Field(
        "text",
        description="How the command line, the worker and its runs log: text, or one JSON object a "
        "line, with the connection and the run's id.",
    )
    notify_block: str | None = Field(
        None,
        pattern=r"^[a-z0-9-]+/[a-z0-9-]+$",
        description="Prefect notification block that `paidsync automations load` notifies by, as "
        "slack-webhook/name; without it those automations are left out.",
    )

    @property
    def ledger_url(self) -> str:
        """The SQLAlchemy URL in use."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.data_dir.absolute() / 'ledger.sqlite3'}"

    @property
    def runs_dir(self) -> Path:
        """The folder below which every attempt of a run has its run folder."""
        return self.data_dir.absolute() / "runs"


@lru_cache
def settings() -> Settings:
    """The settings of this process. A ``.env`` file in the working directory is read into the
    environment first, the secrets that connection files name included; what is set already stays.
    """
    load_dotenv(Path.cwd() / ".env")
    return Settings()
