"""What a connection file says about a QuickBooks Online company."""

from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, field_validator

from connectors.credentials import SecretRef
from connectors.http import address

SYSTEM = "QuickBooks Online"

_API = {
    "production": "https://quickbooks.api.intuit.com",
    "sandbox": "https://sandbox-quickbooks.api.intuit.com",
}
_APP = {
    "production": "https://qbo.intuit.com",
    "sandbox": "https://sandbox.qbo.intuit.com",
}
# The same for both environments; the keys differ (Intuit: OAuth 2.0).
_TOKEN = "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer"  # noqa: S105


class QuickBooksOnlineSettings(BaseModel):
    """One company, and the app that reads it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: Literal["quickbooks_online"]
    realm_id: str = Field(
        pattern=r"^[0-9]{1,19}$",
        description="Company id, as text: Intuit gives it once, in the redirect after sign-in.",
    )
    environment: Literal["production", "sandbox"] = Field(
        "production", description="Keys of one environment cannot open companies of the other."
    )
    time_zone: str = Field(
        description="The company's time zone, IANA (America/Los_Angeles): payment dates are judged "
        "in it. The API states none that can be relied on."
    )
    client_id: str = Field(min_length=1, description="Client id of the app at Intuit.")
    client_secret: SecretRef = Field(description="Client secret of the app.")
    refresh_token: SecretRef = Field(
        description="The refresh token from connecting the company. It rotates about daily; the "
        "ledger keeps the newer ones."
    )
    api_url: str | None = Field(None, description="Address of the API instead of Intuit's own.")
    token_url: str = Field(_TOKEN, description="Address of the token endpoint.")

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
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
        return self.api_url or _API[self.environment]

    @property
    def app_url(self) -> str | None:
        """Where people open the company; None where the API is not Intuit's own."""
        return None if self.api_url else _APP[self.environment]

    @property
    def company_id(self) -> str:
        """The space in which Intuit's ids are unique: the realm."""
        return self.realm_id

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every address in use."""
        return (self.base_url, self.token_url)
