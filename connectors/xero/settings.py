"""What a connection file says about a Xero organisation."""

from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator

from connectors.credentials import SecretRef
from connectors.http import address

SYSTEM = "Xero"

_API = "https://api.xero.com"
_APP = "https://go.xero.com"
_TOKEN = "https://identity.xero.com/connect/token"  # noqa: S105
# What is read: payments of all kinds, bills, and the organisation with its accounts.
_SCOPES = ("accounting.payments.read", "accounting.invoices.read", "accounting.settings.read")


class XeroSettings(BaseModel):
    """One organisation, and the app that reads it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["xero"]
    tenant_id: str = Field(
        pattern=r"^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$",
        description="Id of the organisation: `tenantId` in the answer of api.xero.com/connections.",
    )
    client_id: str = Field(min_length=1, description="Client id of the app at Xero.")
    client_secret: SecretRef = Field(description="Client secret of the app.")
    refresh_token: SecretRef | None = Field(
        None,
        description="The refresh token from connecting the organisation to a web app. It rotates "
        "at each use; the ledger keeps the newer ones. Without it the app is a custom connection.",
    )
    scopes: tuple[str, ...] = Field(
        _SCOPES,
        min_length=1,
        description="What a custom connection asks for. Apps made before March 2026 may need the "
        "older `accounting.transactions.read` in place of the first two.",
    )
    time_zone: str | None = Field(
        None,
        description="The organisation's time zone, IANA (Pacific/Auckland), where Xero's own name "
        "for it is not to be followed: payment dates are judged in it.",
    )
    batches_are_electronic: bool = Field(
        default=False,
        description="Every batch payment is a bank file, so its payments are electronic.",
    )
    api_url: str | None = Field(
        None, description="Address of the API instead of Xero's own, without `/api.xro/2.0`."
    )
    token_url: str = Field(_TOKEN, description="Address of the token endpoint.")

    @field_validator("tenant_id")
    @classmethod
    def _in_one_spelling(cls, value: str) -> str:
        return value.lower()  # ids are made of it, so one organisation is written in one way

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            ZoneInfo(value)
        except (KeyError, OSError, ValueError):  # not found, a directory, a path
            raise ValueError(f"{value!r} is not an IANA time zone") from None
        return value

    @field_validator("api_url", "token_url")
    @classmethod
    def _secure(cls, value: str | None) -> str | None:
        return address(value) if value is not None else None

    @property
    def base_url(self) -> str:
        """The address of the API."""
        return self.api_url or _API

    @property
    def app_url(self) -> str | None:
        """Where people open the organisation; None where the API is not Xero's own."""
        return None if self.api_url else _APP

    @property
    def company_id(self) -> str:
        """The space in which Xero's ids are unique: the tenant."""
        return self.tenant_id

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every address in use."""
        return (self.base_url, self.token_url)
