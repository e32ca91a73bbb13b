"""Where a probe may write, and what it is going to write there, before it writes anything."""

from collections.abc import Iterator
from dataclasses import dataclass

from connectors.connection import ConnectionFile
from connectors.procore.client import Procore
from connectors.procore.records import Commitment, ContractPayment, PaymentApplication
from paidsync import money, origin
from paidsync.ledger import Ledger

_PRODUCTION = "https://api.procore.com"
_POST = "POST /rest/v1.0/contract_payments"
_ONE = "/rest/v1.0/contract_payments/{id}"
NOTES = "PaidSync probe "  # how a row that has no id yet is known


class CannotProbe(Exception):
    """The probe does not start; the message is a sentence that says why and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A commitment, the application that is paid a cent on it, and what stands there already."""

    commitment: Commitment
    application: PaymentApplication | None
    without_tab: Commitment | None
    standing: tuple[ContractPayment, ...]  # everybody's
    installation: str
    first_n: int

    def id_of(self, step: int) -> str:
        """The id of the row that a step makes, counted from 0."""
        return origin.probe_id(self.installation, self.first_n + step)

    @property
    def commitments(self) -> list[Commitment]:
        """Where rows are written."""
        return [each for each in (self.commitment, self.without_tab) if each is not None]

    @staticmethod
    def named_by(row: ContractPayment) -> str:
        """The id that a row bears, or, where it has none, that its notes name as a probe's do."""
        notes = row.notes or ""
        if row.origin_id is not None or not notes.startswith(NOTES):
            return row.origin_id or ""
        return notes.removeprefix(NOTES).split(",")[0]

    def is_own(self, row: ContractPayment) -> bool:
        """Whether a probe of this installation made the row."""
        return origin.probe_number(self.named_by(row), self.installation) is not None

    @property
    def earlier(self) -> list[ContractPayment]:
        """Rows that an earlier probe left."""
        return [row for row in self.standing if self.is_own(row)]

    def cents(self, count: int = 1) -> str:
        """So many of the smallest unit of the commitment's currency."""
        return money.plain(count, self.commitment.currency or "USD")


def require_no_production(connection: ConnectionFile, *, known: bool) -> None:
    """A probe is for a sandbox company. Raises CannotProbe at the production host."""
    if connection.procore.api.rstrip("/") == _PRODUCTION and not known:
        raise CannotProbe(
            f"{connection.name} is at Procore's production host, and a probe writes payments of a "
            "cent. Connect a sandbox company and probe that; if this company is an on-demand "
            "sandbox, which lives on the same host, add --i-know-this-is-production."
        )


def find_place(
    procore: Procore,
    ledger: Ledger,
    *,
    commitment: str,
    application: str | None,
    without_tab: str | None,
) -> Place:
    """Look everything up. Raises CannotProbe where the probe must not, or cannot, write there."""
    named = [each for each in (commitment, without_tab) if each is not None]
    found = _commitments(procore, named)
    chosen = found[commitment]
    _require_tab(procore, chosen, on=True)
    off = found[without_tab] if without_tab is not None else None
    if off is not None:
        _require_tab(procore, off, on=False)
    standing: list[ContractPayment] = []
    for each in found.values():
        standing += _require_unused(procore, ledger, each)
    installation = ledger.connections.installation_id()
    numbers = [origin.probe_number(row.origin_id or "", installation) for row in standing]
    return Place(
        commitment=chosen,
        application=_application(procore, chosen, application) if application else None,
        without_tab=off,
        standing=tuple(standing),
        installation=installation,
        first_n=max([ledger.probes.next_n(), *(1 + n for n in numbers if n is not None)]),
    )


def _commitments(procore: Procore, named: list[str]) -> dict[str, Commitment]:
    found: dict[str, Commitment] = {}
    for project in procore.projects():
        if project.active and len(found) < len(set(named)):
            for each in procore.commitments(project.project_id):
                if each.commitment_id in named:
                    found[each.commitment_id] = each
    for wanted in named:
        if wanted not in found:
            raise CannotProbe(
                f"Procore shows no commitment {wanted} in any active project. Take the id from the "
                "address of the commitment's page, and permit its project for the service account."
            )
    return found


def _require_tab(procore: Procore, commitment: Commitment, *, on: bool) -> None:
    state = procore.commitment_state(commitment.project_id, commitment.commitment_id)
    if on and state.allow_payments is False:
        raise CannotProbe(
            f"Commitment {commitment.number}: its Payments Issued tab is off. Name one whose tab "
            "is on; this one may be named with --tab-off."
        )
    if not on and state.allow_payments is not False:
        raise CannotProbe(
            f"Commitment {commitment.number}: Procore does not say that its Payments Issued tab is "
            "off. Name one whose tab is, or leave --tab-off out."
        )


def _require_unused(
    procore: Procore, ledger: Ledger, commitment: Commitment
) -> tuple[ContractPayment, ...]:
    """Everything that stands there. Where PaidSync posts payments, nothing is tried out."""
    refused = CannotProbe(
        f"PaidSync has posted payments to commitment {commitment.number}. Name a commitment on "
        "which nothing of PaidSync's stands, best one that was made for trying things out."
    )
    if ledger.probes.takes_payments(commitment.commitment_id):
        raise refused
    listing = procore.contract_payments(commitment.project_id, commitment.commitment_id)
    if not listing.complete:
        raise CannotProbe(
            f"Procore's list of the payments of commitment {commitment.number} is not complete, so "
            "that nothing can be found out there now. Try again later."
        )
    if any(origin.parse(row.origin_id or "") is not None for row in listing.rows):
        raise refused  # whichever installation's, and whatever ERP company's
    return listing.rows


def _application(procore: Procore, on: Commitment, wanted: str) -> PaymentApplication:
    for each in procore.applications(on.project_id):
        if each.application_id == wanted and each.commitment_id == on.commitment_id:
            return each
    raise CannotProbe(
        f"Procore shows no payment application {wanted} on commitment {on.number}. Take the id "
        "from the address of the application's page."
    )


def announced(place: Place) -> Iterator[str]:
    """What the probe is going to write, a sentence for each step."""
    where = _shown(place.commitment)
    one, two, minus = place.cents(), place.cents(2), place.cents(-1)
    if place.earlier:
        ids = ", ".join(row.origin_id or row.contract_payment_id for row in place.earlier)
        yield f"Takes back what an earlier probe left there, as in the last step: {ids}."
    on = ""
    if place.application is not None:
        on = f", on application {place.application.invoice_number or place.application.number}"
    yield f"{_POST}, {where}: {one}{on}, under the id {place.id_of(0)}."
    yield f"PATCH {_ONE} of that row: its notes, its amount ({two}), its origin_data, one by one."
    yield f"{_POST}, {where}: {one} again under the id {place.id_of(0)}, to see it refused."
    yield f"{_POST}, {where}: {minus}{on}, under the id {place.id_of(1)}."
    yield (
        f"{_POST}, {where}: {one} without an id; then PATCH {_ONE} of that row: the id "
        f"{place.id_of(2)}."
    )
    if place.without_tab is not None:
        off = _shown(place.without_tab)
        yield f"{_POST}, {off}, whose tab is off: {one}, under the id {place.id_of(3)}."
    if place.application is not None:
        yield (
            f"PATCH /rest/v1.0/companies/{{company_id}}/invoice_payments/sync: {one}{on}, under "
            f"the id {place.id_of(4)}."
        )
    yield (
        f"DELETE {_ONE} of each of these rows; where that is refused, PATCH its origin_id to "
        "nothing and DELETE again; where that is refused too, PATCH its id back. No other row is "
        "touched."
    )


def _shown(commitment: Commitment) -> str:
    return f"commitment {commitment.number} ({commitment.commitment_id})"
