"""A connection's policy: the choices of money-rules that a company makes for itself."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

_Id = Annotated[str, Field(min_length=1, max_length=100)]
Carries = Literal["either", "included", "left_out"]
_WHOLE = Decimal(100)


class MappedBills(BaseModel):
    """Bills that another tool exported from one payment application (money-rules 3.2)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    application: _Id = Field(description="Procore's id of the payment application.")
    bills: tuple[_Id, ...] = Field(min_length=1, description="The ERP's ids of its bills.")


class SplitPart(BaseModel):
    """One application's share of a bill."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    application: _Id = Field(description="Procore's id of the payment application.")
    percent: Decimal = Field(gt=0, lt=100, decimal_places=6, description="Its share of the bill.")


class SplitBill(BaseModel):
    """A bill that is shared by several payment applications (money-rules 3.2)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    bill: _Id = Field(description="The ERP's id of the bill.")
    parts: tuple[SplitPart, ...] = Field(
        min_length=2, description="Its applications with their shares, 100 percent together."
    )

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        total = sum((part.percent for part in self.parts), Decimal(0))
        if total != _WHOLE:
            raise ValueError(f"the parts of bill {self.bill} are {total} percent, not 100")
        if len({part.application for part in self.parts}) < len(self.parts):
            raise ValueError(f"bill {self.bill} names an application twice")
        return self


class Over(BaseModel):
    """Only what is larger than an amount needs approval."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    over: Decimal = Field(
        gt=0,
        max_digits=15,
        decimal_places=4,
        description="An amount in major units, as text. Each entry is compared with it in the "
        "entry's own currency, whichever that is: 25,000.01 USD and 25,000.01 CAD are both over "
        '`"25000"`. A reversal counts like the payment that it takes back.',
    )

    @field_validator("over", mode="before")
    @classmethod
    def _is_exact(cls, value: object) -> object:
        if not isinstance(value, float):
            return value
        raise ValueError('write the amount as text, for example "25000.00"')

    def __str__(self) -> str:
        return f"over {self.over:f}"


class Policy(BaseModel):
    """Stored in versions; an entry is judged by the version it was posted under (rule 5.5)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    start_date: date = Field(
        description="Payments dated before it that are already in the ERP at the first run are "
        "history and are not posted."
    )
    cut_over: date | None = Field(
        None,
        description="The day from which PaidSync alone posts payments to this Procore company. "
        "Older rows of another integration are history; a newer one stops the run.",
    )
    tax: Literal["include", "exclude"] = Field(
        "include", description="Whether the tax on a bill is part of what is posted."
    )
    bill_retainage: Carries = Field(
        "either", description="Whether a bill's total contains the retainage held on it."
    )
    bill_tax: Carries = Field(
        "either", description="Whether a bill's total contains the tax of its application."
    )
    typed_rows: Literal["hold", "link"] = Field(
        "hold",
        description="What follows where somebody typed a payment into Procore: a hold, or "
        "PaidSync's id on that row where exactly one row and one payment belong together.",
    )
    deleted_in_erp: Literal["hold", "reverse"] = Field(
        "hold", description="What follows when a posted payment was, on proof, deleted in the ERP."
    )
    details_changed: Literal["note", "repost"] = Field(
        "note",
        description="What follows when only the check number or the date of a posted payment "
        "changed in the ERP.",
    )
    approval: Literal["never", "reversals", "always"] | Over = Field(
        "never",
        description="What a second person has to approve before it is sent: no entry, every "
        "reversal, every entry over an amount, or every entry. A mass change and a restatement "
        "always need it.",
    )
    approval_hours: int = Field(
        72,
        ge=1,
        le=720,
        description="After so many hours an approval that was not carried out counts no longer.",
    )
    require_proof: bool | None = Field(
        None,
        description="Whether who approves has to prove who they are, by a one-time code or a "
        "trusted proxy; if left out, yes, unless `approval` is `never`.",
    )
    requester: Literal["required", "optional"] = Field(
        "required",
        description="Whether a run that is started in Prefect's UI has to name who asks for it. "
        "Schedules and the command line act as the service account either way.",
    )
    schedule: Literal["hourly", "2h", "4h", "daily", "never"] = Field(
        "hourly",
        description="How often sync-all runs this connection; with `never`, reconcile leaves it "
        "out as well.",
    )
    map: tuple[MappedBills, ...] = Field(
        (), description="Applications whose bills another tool exported."
    )
    split: tuple[SplitBill, ...] = Field(
        (), description="Bills that several applications share, in fixed parts."
    )

    @model_validator(mode="after")
    def _names_each_once(self) -> Self:
        bills = [bill for each in self.map for bill in each.bills]
        bills += [each.bill for each in self.split]
        twice = sorted({bill for bill in bills if bills.count(bill) > 1})
        if twice:
            raise ValueError(f"bills named twice in map and split: {', '.join(twice)}")
        applications = [each.application for each in self.map]
        twice = sorted({each for each in applications if applications.count(each) > 1})
        if twice:
            raise ValueError(f"applications named twice in map: {', '.join(twice)}")
        return self

    @property
    def needs_proof(self) -> bool:
        """Whether a claimed approver is refused."""
        return self.approval != "never" if self.require_proof is None else self.require_proof

    def application_of(self, bill_id: str) -> str | None:
        """The application that the map gives a bill to."""
        return next((each.application for each in self.map if bill_id in each.bills), None)

    def split_of(self, bill_id: str) -> SplitBill | None:
        """How a bill is shared, if it is."""
        return next((each for each in self.split if each.bill == bill_id), None)
