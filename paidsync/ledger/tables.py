"""The ledger's tables (house plan 7).

Money is whole minor units in ``BIGINT`` beside a currency; instants are ISO 8601 strings in UTC,
so that SQLite and PostgreSQL hold and compare exactly the same.
"""

from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index
from sqlmodel import Field, SQLModel


def _money() -> Any:
    return Field(default=None, sa_type=BigInteger)


def _json() -> Any:
    return Field(default_factory=dict, sa_column=Column(JSON, nullable=False))


def _list() -> Any:
    return Field(default_factory=list, sa_column=Column(JSON, nullable=False))


class Installation(SQLModel, table=True):
    """Which PaidSync this ledger belongs to; one row."""

    installation_id: str = Field(primary_key=True)
    created_at: str


class Connection(SQLModel, table=True):
    """One ERP company paired with one Procore company. ``config`` names secrets, holds none."""

    name: str = Field(primary_key=True)
    erp: str
    erp_company: str
    procore_company: str
    config: dict[str, Any] = _json()
    policy_version: int
    generation: int = 0  # counts extracts; a plan belongs to one
    generation_run: str | None = None
    connected_at: str
    connected_by: str


class Policy(SQLModel, table=True):
    """A version of a connection's policy; never changed, only followed by another."""

    connection: str = Field(primary_key=True)
    version: int = Field(primary_key=True)
    document: dict[str, Any] = _json()
    by_whom: str
    at: str


class SyncRun(SQLModel, table=True):
    """One run, all its attempts."""

    __tablename__ = "sync_run"

    run_id: str = Field(primary_key=True)
    connection: str = Field(index=True)
    mode: str
    requested_by: str | None = None
    trigger: str
    attempt: int
    folder: str
    generation: int | None = None
    started_at: str
    ended_at: str | None = None
    state: str | None = None
    message: str | None = None
    manifest: str | None = None  # SHA-256 of the sealed manifest
    summary: dict[str, Any] = _json()


class Allocation(SQLModel, table=True):
    """Every allocation ever seen, as last read; what the last run judged of it."""

    connection: str = Field(primary_key=True)
    allocation_id: str = Field(primary_key=True)
    payment_id: str
    bill_id: str
    standing: str
    payment_number: str | None = None
    payment_date: str | None = None
    document_date: str | None = None
    payment_method: str | None = None
    currency: str | None = None
    settled_minor: int | None = _money()
    cash_minor: int | None = _money()
    discount_minor: int | None = _money()
    credit_minor: int | None = _money()
    withheld_minor: int | None = _money()
    payment_currency: str | None = None
    payment_total_minor: int | None = _money()
    payment_credits_minor: int | None = _money()
    payment_unapplied_minor: int | None = _money()
    home_per_foreign: str | None = None
    reversal_date: str | None = None
    reversed_by: str | None = None
    modified_at: str | None = None
    version: str | None = None
    fault: str | None = None
    split_in_proportion: bool = False
    split_application: str | None = None
    opening: bool = False
    opening_state: str | None = None
    first_seen_run: str
    last_read_run: str
    disposition: str | None = None  # None: changed since it was last judged
    reason: str | None = None
    state: str | None = None
    judged_run: str | None = None
    settled: bool = False  # matched, and Procore was seen to agree; else every run looks at it

    __table_args__ = (
        Index("allocation_by_payment", "connection", "payment_id"),
        Index("allocation_by_bill", "connection", "bill_id"),
        Index("allocation_by_settled", "connection", "settled"),
    )


class Bill(SQLModel, table=True):
    """Bills as last read."""

    connection: str = Field(primary_key=True)
    bill_id: str = Field(primary_key=True)
    number: str | None = None
    vendor_id: str | None = None
    vendor_name: str | None = None
    date: str | None = None
    currency: str | None = None
    total_minor: int | None = _money()
    net_minor: int | None = _money()
    tax_minor: int | None = _money()
    settled_minor: int | None = _money()
    paid_cash_minor: int | None = _money()
    retainage_of: str | None = None
    named_commitments: str | None = None
    version: str | None = None


class Vendor(SQLModel, table=True):
    """Procore's vendors; ``origin_id`` is the ERP's vendor id."""

    connection: str = Field(primary_key=True)
    vendor_id: str = Field(primary_key=True)
    name: str | None = None
    origin_id: str | None = None


class Commitment(SQLModel, table=True):
    """Procore's commitments as last read."""

    connection: str = Field(primary_key=True)
    commitment_id: str = Field(primary_key=True)
    project_id: str
    project_name: str | None = None
    project_active: bool = True
    kind: str
    number: str | None = None
    title: str | None = None
    status: str | None = None
    currency: str | None = None
    vendor_id: str | None = None
    updated_at: str | None = None


class PaymentApplication(SQLModel, table=True):
    """Procore's requisitions as last read."""

    __tablename__ = "payment_application"

    connection: str = Field(primary_key=True)
    application_id: str = Field(primary_key=True)
    project_id: str
    commitment_id: str
    number: str | None = None
    invoice_number: str | None = None
    invoice_type: str | None = None
    status: str | None = None
    origin_id: str | None = None
    vendor_id: str | None = None
    due_minor: int | None = _money()
    retainage_minor: int | None = _money()
    tax_minor: int | None = _money()
    currency: str | None = None
    updated_at: str | None = None


class ContractPayment(SQLModel, table=True):
    """Rows of Payments Issued as last read, anyone's: a witness, never the source."""

    __tablename__ = "contract_payment"

    connection: str = Field(primary_key=True)
    contract_payment_id: str = Field(primary_key=True)
    project_id: str
    commitment_id: str = Field(index=True)
    application_id: str | None = None
    amount_minor: int | None = _money()
    currency: str | None = None
    date: str | None = None
    invoice_number: str | None = None
    check_number: str | None = None
    notes: str | None = None
    origin_id: str | None = None
    origin_data: str | None = None
    external_payment_id: str | None = None
    created_at: str | None = None
    read_run: str


class Entry(SQLModel, table=True):
    """A contract payment of ours, posted or about to be; frozen from ``sending`` on."""

    connection: str = Field(primary_key=True)
    origin_id: str = Field(primary_key=True)
    allocation_id: str
    n: int
    kind: str
    reverses: str | None = None
    links: str | None = None
    payment_id: str
    bill_id: str
    project_id: str
    commitment_id: str
    application_id: str | None = None
    application_number: str | None = None
    amount_minor: int = Field(sa_type=BigInteger)
    currency: str
    date: str
    invoice_number: str | None = None
    invoice_date: str | None = None
    check_number: str | None = None
    payment_method: str | None = None
    notes: str | None = None
    gross_minor: int | None = _money()
    tax_minor: int | None = _money()
    amber: str | None = None
    policy_version: int
    state: str
    plan_hash: str
    run_id: str
    route: str | None = None
    sent_at: str | None = None
    contract_payment_id: str | None = None
    posted_at: str | None = None
    verified_at: str | None = None
    verified_run: str | None = None
    message: str | None = None

    __table_args__ = (
        Index("entry_by_allocation", "connection", "allocation_id"),
        Index("entry_by_state", "connection", "state"),
        Index("entry_by_application", "connection", "application_id"),
        Index("entry_by_bill", "connection", "bill_id"),
    )


class Hold(SQLModel, table=True):
    """An allocation that waits for a person; bound to the allocation's state."""

    hold_id: int | None = Field(default=None, primary_key=True)
    connection: str = Field(index=True)
    allocation_id: str
    reason: str
    detail: str | None = None
    state: str
    opened_run: str
    opened_at: str
    closed_run: str | None = None
    closed_at: str | None = None


class Decision(SQLModel, table=True):
    """What a person decided, about which state of what."""

    decision_id: int | None = Field(default=None, primary_key=True)
    connection: str = Field(index=True)
    subject: str  # hold or plan
    subject_id: str  # allocation id or plan hash
    reason: str | None = None  # of the hold
    state: str | None = None
    decision: str
    application_id: str | None = None  # that a hold is linked to
    by_whom: str
    note: str | None = None
    at: str


class Plan(SQLModel, table=True):
    """A plan by its hash: what it would do, from which generation of the ledger, and what became
    of it where it needs a person's approval."""

    connection: str = Field(primary_key=True)
    plan_hash: str = Field(primary_key=True)
    run_id: str  # that planned it last
    generation: int
    entries: int
    reversals: int
    money: dict[str, Any] = _json()
    state: str  # free (needs nobody), open, approved, rejected, replaced, expired or carried_out
    why: str | None = None  # it waits
    contents: dict[str, Any] = _json()  # origin_id -> SHA-256 of the entry, of a plan that waits
    asked: dict[str, Any] = _json()  # what the run was asked for: restate, projects
    makers: list[str] = _list()  # who asked for the runs that planned it
    decided_by: str | None = None
    proof: str | None = None  # of who decided: code, proxy or claimed
    note: str | None = None
    decided_at: str | None = None
    decided_run: str | None = None
    expires_at: str | None = None  # of an approval
    at: str


class Approver(SQLModel, table=True):
    """A person who proves who they are by a one-time code; its seed is encrypted with the key of
    the environment."""

    email: str = Field(primary_key=True)  # in lower case
    seed: str
    added_at: str
    added_by: str
    last_step: int | None = Field(default=None, sa_type=BigInteger)  # of the last code taken
    wrong_tries: list[str] = _list()  # instants of the newest ones


class Cursor(SQLModel, table=True):
    """How far a stream was read; moves by compare-and-set."""

    connection: str = Field(primary_key=True)
    stream: str = Field(primary_key=True)
    until: str
    mark: str = ""
    moved_run: str


class Lease(SQLModel, table=True):
    """The one writer of a Procore company."""

    procore_company: str = Field(primary_key=True)
    holder: str | None = None
    run_id: str | None = None
    connection: str | None = None
    fencing: int = 0
    expires_at: str


class Token(SQLModel, table=True):
    """A rotating refresh token, encrypted with the key of the environment."""

    connection: str = Field(primary_key=True)
    ciphertext: str | None = None
    saved_at: str | None = None
    locked_by: str | None = None
    locked_until: str | None = None


class InboundEvent(SQLModel, table=True):
    """A webhook as it came in: a hint, never the source."""

    __tablename__ = "inbound_event"

    source: str = Field(primary_key=True)
    event_id: str = Field(primary_key=True)
    connection: str | None = None
    body: dict[str, Any] = _json()
    received_at: str
    handled_at: str | None = None


class AuditEvent(SQLModel, table=True):
    """Append-only; each row hashes the one before."""

    __tablename__ = "audit_event"

    number: int = Field(primary_key=True)
    at: str
    kind: str
    connection: str | None = None
    run_id: str | None = None
    body: dict[str, Any] = _json()
    previous: str
    hash: str
