"""One working day after another, each with the same kinds of payments, and what must stand at its
end, whatever became of the run that should have posted them."""

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from crash_client import Client
from orchestra import until
from town import Paid, Town, folders, manifest

Request = tuple[str, str]  # system and route
_POST = ("procore", "POST /rest/v1.0/contract_payments")


class Scene:
    """Two commitments of one project, one commitment a batch; a row that a person typed."""

    def __init__(self, town: Town, client: Callable[..., Client]) -> None:
        self.town = town
        self._client = client
        self._days = 0
        town.connect()
        for project in list(town.world.procore.projects)[1:]:
            town.do("/procore/project", id=project, active=False)
        if town.erp == "quickbooks_online":
            # As documented. One that changes each time, for good, no killed client can know.
            town.do("/erp/tokens", rotate_seconds=86400)
        town.do("/procore/row", commitment_id=town.commitments[0], amount="77.77")
        self._part = self._paid_in_part()

    def day(self) -> None:
        """The part payment of the day before is voided, a bill is paid in part, and one check pays
        three bills."""
        self._days += 1
        town, voided = self.town, self._part
        town.do("/clock", advance_seconds=900)  # no reading overlaps with that of the day before
        town.do("/erp/void", payment_id=voided.payment)
        self._part = self._paid_in_part()
        bills = [town.billed(f"{amount + self._days}.00") for amount in (1000, 2000, 3000)]
        town.do("/erp/pay", bills=[{"bill_id": bill["bill_id"]} for bill in bills])

    def _paid_in_part(self) -> Paid:
        bill = self.town.billed(f"{9000 + self._days}.00", 1)
        paid = [{"bill_id": bill["bill_id"], "amount": f"{4000 + self._days}.00"}]
        return self.town.pair(self.town.do("/erp/pay", bills=paid), bill)

    # Clients

    def client(self, name: str | None = None, **environment: str) -> Client:
        """A run of the command line that has not begun yet."""
        return self._client(self.town, name, **environment)

    def kill(self, client: Client, **where: Any) -> None:
        """It begins, and is killed at a request."""
        self._fault("kill", client, where)
        assert client.begin().ended() == -9, client.said
        self._until_answered()

    def freeze(self, client: Client, **where: Any) -> None:
        """It begins, and is frozen at a request, which is answered all the same."""
        ident = self._fault("freeze", client, where)
        client.begin()
        until(lambda: self._fired(ident), seconds=60, what="the request came")
        self._until_answered()

    def _fault(self, kind: str, client: Client, where: dict[str, Any]) -> int:
        return int(self.town.do("/faults", kind=kind, pid=client.pid, **where)["id"])

    def _fired(self, ident: int) -> bool:
        return any(one["id"] == ident for one in self.town.see("/faults")["fired"])

    def _until_answered(self) -> None:
        """No request is under way."""

        def answered() -> bool:
            calls = self.town.see("/calls")
            return bool(calls["total"] == sum(sum(n.values()) for n in calls["statuses"].values()))

        until(answered, seconds=60, what="every request was answered")

    @property
    def fired(self) -> list[Request]:
        """The requests that a fault hit, in their order."""
        return [(one["system"], one["route"]) for one in self.town.see("/faults")["fired"]]

    def requests(self) -> list[Request]:
        """Those of an unharmed client on such a day, to all systems, in their order."""
        self.day()
        before = len(self.fired)
        self.town.do("/faults", kind="slow", seconds=0, rate=1)  # harmless, but each is listed
        client = self.client().begin()
        assert client.ended() == 0, client.said
        self.town.mend()
        self.require_settled()
        return self.fired[before:]

    # What stands

    def time_passes(self) -> None:
        """What a dead process had taken for itself is over."""
        self.town.let_the_lease_end()
        ledger = self.town.ledger
        with ledger.engine.begin() as db:
            db.exec_driver_sql("UPDATE token SET locked_until = '2000-01-01T00:00:00'")
        ledger.close()

    def lease_is_over(self) -> bool:
        """Whether the last writer's time is up by the ledger's own word."""
        ledger = self.town.ledger
        with ledger.engine.begin() as db:
            ends = db.exec_driver_sql("SELECT expires_at FROM lease").scalar_one()
        ledger.close()
        return datetime.fromisoformat(ends) < datetime.now(UTC)

    def recover(self) -> None:
        """Runs until nothing is left to do."""
        self.time_passes()
        summary = self.town.sync()
        while summary["left"]:
            before, summary = summary, self.town.sync()
            assert summary["left"] < before["left"], summary
        assert summary["state"] in ("Completed", "NothingToDo"), summary
        self.require_settled()

    def require_settled(self) -> None:
        """Procore is as the truth has it, each id stands once, and the ledger knows all of it."""
        town = self.town
        assert town.differences() == []
        ids = [row.origin_id for row in town.rows() if row.origin_id]
        assert len(ids) == len(set(ids))
        ledger = town.ledger
        entries = ledger.entries.of_connection(town.name)
        ledger.close()
        assert {entry["state"] for entry in entries.values()} == {"verified"}
        assert entries.keys() == set(ids)

    def require_sealed(self) -> None:
        """In the end the folder of every run is evidence, also of those that died."""
        for folder in folders(self.town):
            then = time.time() - 3600
            for path in (*folder.iterdir(), folder):
                os.utime(path, (then, then))
        self.town.settled(state="NothingToDo")
        assert all(manifest(each) for each in folders(self.town))


def writes(requests: list[Request]) -> list[int]:
    """The numbers of those that post a contract payment."""
    return [k for k, request in enumerate(requests, 1) if request == _POST]
