"""What a connection file says about Procore."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from connectors.credentials import SecretRef
from connectors.http import address

Environment = Literal["production", "sandbox", "monthly"]


@dataclass(frozen=True, slots=True)
class _Hosts:
    api: str
    auth: str
    app: str


# Procore: development environments. Where a person's browser goes in the monthly sandbox is the
# address that the same page calls "browser".
_HOSTS: Mapping[Environment, _Hosts] = {
    "production": _Hosts(
        api="https://api.procore.com",
        auth="https://login.procore.com",
        app="https://app.procore.com",
    ),
    "sandbox": _Hosts(
        api="https://sandbox.procore.com",
        auth="https://login-sandbox.procore.com",
        app="https://sandbox.procore.com",
    ),
    "monthly": _Hosts(
        api="https://api-monthly.procore.com",
        auth="https://login-sandbox-monthly.procore.com",
        app="https://api-sandbox-monthly.procore.com",
    ),
}


class ProcoreSettings(BaseModel):
    """One Procore company and the app's credentials for it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    company_id: int = Field(
        gt=0, strict=True, description="Number of the company, as in Procore's addresses."
    )
    environment: Environment = Field(
        "production",
        description="production (on-demand sandboxes too), sandbox (developer) or monthly.",
    )
    api_url: str | None = Field(None, description="API address, if not the environment's own.")
    auth_url: str | None = Field(None, description="Login address, if not the environment's own.")
    client_id: str = Field(min_length=1, description="Client id of the installed app.")
    client_secret: SecretRef = Field(description="Where the app's client secret is found.")
    app_url: str | None = Field(
        None, description="Address that links for people begin with, if not the environment's own."
    )

    @field_validator("api_url", "auth_url", "app_url")
    @classmethod
    def _without_end_slash(cls, value: str | None) -> str | None:
        return address(value).rstrip("/") if value is not None else None

    @property
    def api(self) -> str:
        """The API address in use."""
        return self.api_url or _HOSTS[self.environment].api

    @property
    def auth(self) -> str:
        """The login address in use."""
        return self.auth_url or _HOSTS[self.environment].auth

    @property
    def app(self) -> str:
        """What links for people begin with."""
        return self.app_url or _HOSTS[self.environment].app

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every address in use."""
        return (self.api, self.auth)
