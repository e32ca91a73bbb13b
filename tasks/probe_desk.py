"""How a probe writes, reads and takes back: each write once, noted in the ledger before it goes
out, and never while somebody else holds the right to write."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from connectors.errors import NotThere
from connectors.procore.client import Procore
from connectors.procore.probing import Probing, Tried
from connectors.procore.records import Commitment, ContractPayment
from paidsync.ledger import Ledger
from paidsync.ledger.leases import Lease
from paidsync.settings import Settings
from tasks.probe_place import NOTES, Place


@dataclass(frozen=True, slots=True)
class TakenBack:
    """How far a row could be taken back; None where it did not come to that."""

    deleted: Tried
    unlinked: Tried | None = None
    deleted_then: Tried | None = None
    gone: bool = False

    @property
    def seen(self) -> str:
        """For a person."""
        said = [f"DELETE: {self.deleted.shown}"]
        if self.unlinked is not None:
            said.append(f"origin_id to nothing: {self.unlinked.shown}")
        if self.deleted_then is not None:
            said.append(f"DELETE after that: {self.deleted_then.shown}")
        return "; ".join(said)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeDesk:
    """What a probe works with: the right to write, the ledger, Procore, the place."""

    own: Settings
    ledger: Ledger
    procore: Procore
    place: Place
    lease: Lease
    connection: str

    def writes(self, commitment: Commitment | None = None) -> Probing:
        """Writes in a commitment; in the place's own, unless another one is named."""
        where = commitment or self.place.commitment
        return Probing(self.procore, where.project_id, where.commitment_id)

    def write(self, send: Callable[[], Tried]) -> Tried:
        """One write. Raises RunStopped(lease_held) where the right to write is gone."""
        self.procore.ready()
        self.ledger.leases.check(self.lease, seconds=self.own.lease_seconds)
        return send()

    def note(self, step: int, commitment: Commitment | None = None) -> None:
        """Durably, before the request leaves: from now on this row may stand there."""
        where = commitment or self.place.commitment
        self.ledger.probes.sending(
            {
                "origin_id": self.place.id_of(step),
                "n": self.place.first_n + step,
                "connection": self.connection,
                "project_id": where.project_id,
                "commitment_id": where.commitment_id,
            }
        )

    def post(
        self, step: int, fields: Mapping[str, Any], commitment: Commitment | None = None
    ) -> tuple[Tried, ContractPayment | None]:
        """Make a row. What came of it is found by reading, whatever the answer was."""
        before = {row.contract_payment_id for row in self.own_rows()}
        self.note(step, commitment)
        tried = self.write(lambda: self.writes(commitment).post(fields))
        standing = [row for row in self.own_rows() if self.is_of(row, step)]
        self.became(step, bool(standing), tried)
        new = [row for row in standing if row.contract_payment_id not in before]
        return tried, new[0] if new else None

    def became(self, step: int, standing: bool, tried: Tried) -> None:
        """What is known of a row after its write."""
        state = "standing" if standing else "refused" if tried.taken is not None else "sending"
        message = None if standing else tried.shown
        self.ledger.probes.became(self.place.id_of(step), state, message)

    def is_of(self, row: ContractPayment, step: int) -> bool:
        """Whether a row is the one that a step makes."""
        return self.place.named_by(row) == self.place.id_of(step)

    def cent(self, step: int, *, application: bool) -> dict[str, Any]:
        """The fields of a new row."""
        origin_id = self.place.id_of(step)
        fields: dict[str, Any] = {
            "amount": self.place.cents(),
            "date": self.today(),
            "notes": f"{NOTES}{origin_id}, to be taken back",
            "origin_id": origin_id,
            "origin_data": f'{{"installation":"{self.place.installation}","kind":"probe"}}',
        }
        if application and self.place.application is not None:
            fields["requisition_id"] = int(self.place.application.application_id)
        return fields

    def today(self) -> str:
        """The present day by Procore's clock."""
        return (self.procore.server_time() or datetime.now(UTC)).date().isoformat()

    def rows(self) -> list[ContractPayment]:
        """Everything that stands in the place, anyone's."""
        found: list[ContractPayment] = []
        for each in self.place.commitments:
            listing = self.procore.contract_payments(each.project_id, each.commitment_id)
            found += listing.rows
        return found

    def own_rows(self) -> list[ContractPayment]:
        """The probe's own."""
        return [row for row in self.rows() if self.place.is_own(row)]

    def show(self, row: ContractPayment) -> ContractPayment | None:
        """A row as it is now; None where it is gone."""
        try:
            return self.procore.contract_payment(
                row.project_id, row.commitment_id, row.contract_payment_id
            )
        except NotThere:
            return None

    def take_back(self, row: ContractPayment) -> TakenBack:
        """Delete a row of the probe's; where that is refused take its id off and delete it; where
        that is refused too, put the id back, so that every run knows it for what it is."""
        commitment = next(
            each for each in self.place.commitments if each.commitment_id == row.commitment_id
        )
        writes, ident = self.writes(commitment), row.contract_payment_id
        deleted = self.write(lambda: writes.delete(ident))
        if self.show(row) is None:
            return TakenBack(deleted, gone=True)
        if row.origin_id is None:
            return TakenBack(deleted)
        nothing = {"origin_id": None, "origin_data": None}
        unlinked = self.write(lambda: writes.change(ident, nothing))
        now = self.show(row)
        if now is None or now.origin_id is not None:
            return TakenBack(deleted, unlinked, gone=now is None)
        then = self.write(lambda: writes.delete(ident))
        if self.show(row) is None:
            return TakenBack(deleted, unlinked, then, gone=True)
        back = {"origin_id": row.origin_id, "origin_data": row.origin_data}
        self.write(lambda: writes.change(ident, back))
        return TakenBack(deleted, unlinked, then)
