"""The connection file: which ERP company is paired with which Procore company, and the policy.

It belongs in the customer's version control: it names secrets and never holds them.
"""

import tomllib
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from connectors.errors import WrongSettings
from connectors.procore.settings import ProcoreSettings
from connectors.registry import WEBHOOKS, ErpSettings
from connectors.webhooks import ListenerSettings
from paidsync.policy import Policy

_SYSTEM = "connection file"


class ConnectionFile(BaseModel):
    """A connection file, read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Annotated[
        str,
        Field(
            pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$",
            max_length=40,
            description="Lower-case letters, digits and single dashes; it names artifacts.",
        ),
    ]
    procore: ProcoreSettings
    erp: ErpSettings
    listener: ListenerSettings | None = None
    policy: Policy

    @model_validator(mode="after")
    def _hears_what_is_sent(self) -> "ConnectionFile":
        if self.listener and self.listener.erp_secret and self.erp.type not in WEBHOOKS:
            raise ValueError(
                f"listener.erp_secret: PaidSync hears no webhooks of {self.erp.type}; leave it out"
            )
        return self

    @property
    def erp_name(self) -> str:
        """The ERP, as in origin ids."""
        return self.erp.type

    @property
    def erp_company(self) -> str:
        """The space in which the ERP's ids are unique (money-rules 1.7)."""
        return self.erp.company_id

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every address this connection talks to."""
        return (*self.procore.hosts, *self.erp.hosts)

    def without_policy(self) -> dict[str, Any]:
        """What the ledger keeps as configuration; plain JSON."""
        return self.model_dump(mode="json", exclude={"policy"})


def read(path: Path) -> ConnectionFile:
    """Read and check a connection file. Raises WrongSettings with a line for each fault."""
    try:
        text = path.read_text(encoding="utf-8-sig")  # some editors begin a file with a mark
    except OSError as error:
        raise WrongSettings(
            f"{path} cannot be read ({error.strerror}).",
            system=_SYSTEM,
            action="Check the file's name.",
        ) from error
    except UnicodeDecodeError as error:
        raise WrongSettings(
            f"{path} is not text in UTF-8 (byte {error.start}).",
            system=_SYSTEM,
            action="Save the file as UTF-8.",
        ) from error
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise WrongSettings(
            f"{path} is not TOML: {error}.", system=_SYSTEM, action="Correct that line."
        ) from error
    return checked(document, str(path))


def checked(document: dict[str, Any], where: str) -> ConnectionFile:
    """A document as a ConnectionFile. Raises WrongSettings with a line for each fault."""
    try:
        return ConnectionFile.model_validate(document)
    except ValidationError as error:
        faults = "; ".join(
            f"{_key(fault)}: {fault['msg']}"
            for fault in error.errors(include_url=False, include_input=False)
        )
        raise WrongSettings(
            f"{where}: {faults}.", system=_SYSTEM, action="Correct these settings."
        ) from error


def _key(fault: ErrorDetails) -> str:
    """The key of the file that a fault is about. Behind ``erp`` pydantic names the ERP, which is
    no key; where it does not know the ERP, the fault is about its name."""
    top, *rest = fault["loc"] or ("the file",)
    if top == "erp":
        rest = rest[1:] or (["type"] if fault["type"].startswith("union_tag") else [])
    return ".".join(str(part) for part in (top, *rest))
