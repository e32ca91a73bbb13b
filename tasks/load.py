"""Load: sends a batch's entries to Procore, one at a time, in order (money-rules 6)."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from connectors.errors import (
    Conflict,
    NotThere,
    OutsideError,
    RateLimited,
    TryLater,
    UnknownOutcome,
)
from connectors.procore.records import ContractPayment, NewContractPayment
from connectors.procore.routes import ContractPaymentsRoute, PaymentRoute
from paidsync import money
from paidsync.evidence.folder import read_json, read_records
from paidsync.reasons import Hold
from paidsync.records import CONTRACT_PAYMENTS, ENTRIES
from tasks.batches import Entry
from tasks.case import differences, is_the_same
from tasks.decisions import accepted_rows
from tasks.desk import RETRIES, RETRY_SECONDS, Desk, Ref, Run, desk, may_try_again
from tasks.payments_issued import read_rows
from tasks.rows import contract_payment_row
from tasks.strategies import Row

_ENDED = ("verified", "refused", "superseded")


@task(
    name="load",
    task_run_name="load batch {batch} of {batches} into Procore",
    cache_policy=NO_CACHE,
    persist_result=False,
    retries=RETRIES,
    retry_delay_seconds=RETRY_SECONDS,
    retry_condition_fn=may_try_again,
)
def load_batch(
    run: Run,
    plan: Mapping[str, Any],
    origin_ids: list[str],
    context: Ref,
    batch: int,
    batches: int,
) -> dict[str, Any]:
    """Send the batch's entries. Answers how many ended in which of the ``states``, how many
    ``calls`` it took, and Procore's rate ``windows`` after them.

    Makes no call for a batch that the ledger shows verified. Raises RunStopped where the plan is
    stale, its approval was taken back or the lease is gone, OutsideError where Procore cannot be
    read.
    """
    with desk(run) as at:
        at.ledger.runs.require_generation(run.connection, plan["generation"])
        if plan["approved"]:
            at.ledger.plans.require_approved(run.connection, plan["approved"])
        wanted = set(origin_ids)
        entries = read_records(plan["entries"], ENTRIES)
        planned = [entry for entry in entries if entry["origin_id"] in wanted]
        before = read_records(plan["contract_payments"], CONTRACT_PAYMENTS)
        loader = _Loader(
            at,
            plan["hash"],
            read_json(context)["installation"],
            own={entry["origin_id"] for entry in entries},
        )
        loader.load(planned, before)
        states = at.ledger.entries.get(run.connection, origin_ids)
        calls, windows = at.calls, at.procore.windows
    counts: dict[str, int] = defaultdict(int)
    for entry in states.values():
        counts[entry["state"]] += 1
    get_run_logger().info(
        "Batch %s of %s: %s.",
        batch,
        batches,
        ", ".join(f"{state} {count}" for state, count in sorted(counts.items())),
    )
    return {"states": dict(counts), "calls": calls, "windows": windows}


def is_first_write(run: Run, entries: list[Entry]) -> bool:
    """Whether some of the entries would be the first under this route and policy, so that a
    canary goes ahead (money-rules 5.4)."""
    if not any(entry["policy_version"] == run.policy_version for entry in entries):
        return False
    with desk(run) as at:
        return at.ledger.entries.first_write_is_ahead(
            run.connection, ContractPaymentsRoute.name, run.policy_version
        )


class _Loader:
    """Sends entries of one batch."""

    def __init__(self, at: Desk, plan_hash: str, installation: str, *, own: set[str]) -> None:
        """``own`` are the ids of the whole plan: rows that this run itself may have made."""
        self._at = at
        self._own = own
        self._plan_hash = plan_hash
        self._installation = installation
        self._route: PaymentRoute = ContractPaymentsRoute(at.procore)
        self._connection = at.run.connection

    def load(self, planned: Iterable[Entry], before: Iterable[Row]) -> None:
        """Commitment by commitment, in the plan's order."""
        by_commitment: dict[str, list[Entry]] = defaultdict(list)
        for entry in planned:
            by_commitment[entry["commitment_id"]].append(entry)
        seen: dict[str, list[Row]] = defaultdict(list)
        for row in before:
            seen[row["commitment_id"]].append(row)
        successors = self._with_successors(by_commitment)
        for commitment_id, entries in by_commitment.items():
            states = self._at.ledger.entries.get(
                self._connection, [entry["origin_id"] for entry in entries]
            )
            open_ = [e for e in entries if states[e["origin_id"]]["state"] != "verified"]
            if open_:
                self._load_commitment(commitment_id, open_, states, seen[commitment_id], successors)

    @staticmethod
    def _with_successors(by_commitment: Mapping[str, list[Entry]]) -> set[str]:
        """Entries after which the same allocation has another: they are read back at once."""
        highest: dict[str, int] = defaultdict(int)
        entries = [entry for each in by_commitment.values() for entry in each]
        for entry in entries:
            highest[entry["allocation_id"]] = max(highest[entry["allocation_id"]], entry["n"])
        return {e["origin_id"] for e in entries if e["n"] < highest[e["allocation_id"]]}

    def _load_commitment(
        self,
        commitment_id: str,
        entries: list[Entry],
        states: Mapping[str, Row],
        before: list[Row],
        successors: set[str],
    ) -> None:
        rows = self._listed(entries[0])
        if self._changed_meanwhile(before, rows):
            get_run_logger().warning(
                "The payments of commitment %s changed in Procore since they were planned; "
                "it waits for the next run.",
                commitment_id,
            )
            return
        there = {row["origin_id"]: row for row in rows if row["origin_id"]}
        doubled = len([row for row in rows if row["origin_id"] in self._own]) > len(
            self._own & set(there)
        )
        if doubled:
            get_run_logger().warning(
                "Commitment %s shows an id of this plan twice; it waits for the next run.",
                commitment_id,
            )
            return
        # What stands already is adopted first: what takes it back may follow at once.
        for entry in sorted(entries, key=lambda each: each["origin_id"] not in there):
            state = states[entry["origin_id"]]["state"]
            row = there.get(entry["origin_id"])
            if row is not None:
                self._adopt(entry, row)
            elif state == "posted":
                continue  # the list does not show it; verify says so
            elif state == "sending" and not self._grace_is_over(states[entry["origin_id"]]):
                continue  # it may still arrive; only time and reading tell (rule 6.3)
            elif self._predecessor_stands(entry):
                self._send(entry)
            if entry["origin_id"] in successors:
                self._read_back(entry)

    def _listed(self, entry: Entry) -> list[dict[str, Any]]:
        """What stands on the entry's commitment, to be acted on while the lease is ours."""
        place = entry["project_id"], entry["commitment_id"]
        rows = read_rows(self._at.procore, *place, entry["currency"])
        self._at.hold_lease()
        return rows

    def _changed_meanwhile(self, before: Iterable[Row], there: Iterable[Row]) -> bool:
        """Whether anything but our own entries of this plan came, went or changed."""

        def facts(rows: Iterable[Row]) -> set[tuple[Any, ...]]:
            return {
                (
                    row["contract_payment_id"],
                    row["origin_id"],
                    row["amount_minor"],
                    row["application_id"],
                    row["date"],
                )
                for row in rows
                if row["origin_id"] not in self._own
            }

        return facts(before) != facts(there)

    def _grace_is_over(self, state: Row) -> bool:
        sent = datetime.fromisoformat(state["sent_at"])
        return datetime.now(UTC) - sent >= timedelta(seconds=self._at.sending_grace)

    def _predecessor_stands(self, entry: Entry) -> bool:
        """n+1 is sent only after n was read back (rule 6.1)."""
        if entry["n"] == 1:
            return True
        earlier = self._at.ledger.entries.of_allocations(
            self._connection, [entry["allocation_id"]], planned=True
        ).get(entry["allocation_id"], [])
        accepted = accepted_rows(self._at.decisions, entry["allocation_id"])
        return all(
            (each["state"] in _ENDED or _is_accepted_as_gone(each, accepted))
            and not self._pair_broken(each, entry)
            for each in earlier
            if each["n"] < entry["n"]
        )

    def _pair_broken(self, earlier: Row, entry: Entry) -> bool:
        """A refused reversal of this plan: what replaces its row must not go. One of an older plan
        was planned again, or its row is gone."""
        return bool(
            earlier["state"] == "refused"
            and earlier["kind"] == "reversal"
            and entry["kind"] == "payment"
            and earlier["origin_id"] in self._own
        )

    def _send(self, entry: Entry) -> None:
        """One POST; nothing is ever sent twice without having been read in between."""
        ledger, run_id = self._at.ledger, self._at.run.run_id
        origin_id = entry["origin_id"]
        new = self._body(entry)
        self._at.procore.ready()  # whatever wait the rate limits ask for comes before the check
        ledger.leases.check(self._at.run.lease, seconds=self._at.settings.lease_seconds)
        ledger.entries.sending(self._connection, origin_id, route=self._route.name, run_id=run_id)
        try:
            made = self._write(entry, new)
        except (UnknownOutcome, Conflict) as error:
            self._look(entry, error)
        except RateLimited:
            ledger.entries.unsent(self._connection, origin_id, sent_by=run_id)
            raise
        except TryLater as error:
            ledger.entries.unsent(self._connection, origin_id, str(error), sent_by=run_id)
            # The wait that Procore asked for, here: who tries again has forgotten it.
            self._at.procore.ready()
            raise
        except OutsideError as error:
            ledger.entries.refused(self._connection, origin_id, error.message, sent_by=run_id)
            get_run_logger().warning("Procore refused %s: %s", _shown(entry), error.message)
        else:
            ledger.entries.posted(
                self._connection, origin_id, made.contract_payment_id, sent_by=run_id
            )

    def _write(self, entry: Entry, new: NewContractPayment) -> ContractPayment:
        place = entry["project_id"], entry["commitment_id"]
        if entry["links"]:
            return self._route.link(*place, entry["links"], new)
        return self._route.post(*place, new)

    def _look(self, entry: Entry, error: OutsideError) -> None:
        """It may stand, or something else may: read before anything else."""
        get_run_logger().warning("%s: %s; reading it back.", _shown(entry), error.message)
        named = [row for row in self._listed(entry) if row["origin_id"] == entry["origin_id"]]
        if named:
            self._adopt(entry, named[0])
        elif isinstance(error, Conflict):
            self._at.ledger.entries.refused(
                self._connection,
                entry["origin_id"],
                f"{Hold.ORIGIN_ID_CONFLICT}: {error.message}",
            )
        else:
            self._at.ledger.entries.note(self._connection, entry["origin_id"], error.message)

    def _adopt(self, entry: Entry, row: Row) -> None:
        """A row under our id is ours only if it is what was sent (rule 6.2)."""
        if is_the_same(entry, row):
            self._at.ledger.entries.posted(
                self._connection, entry["origin_id"], row["contract_payment_id"]
            )
            return
        self._at.ledger.entries.note(
            self._connection,
            entry["origin_id"],
            f"{Hold.ORIGIN_ID_CONFLICT}: {differences(entry, row)}",
        )

    def _read_back(self, entry: Entry) -> None:
        """Read one entry back at once, because the next of its allocation waits for it."""
        stored = self._at.ledger.entries.get(self._connection, [entry["origin_id"]])
        kept = stored[entry["origin_id"]]
        if kept["state"] != "posted":
            return
        try:
            payment = self._at.procore.contract_payment(
                entry["project_id"], entry["commitment_id"], kept["contract_payment_id"]
            )
        except NotThere:
            return
        row = contract_payment_row(payment, entry["currency"])
        if row["origin_id"] == entry["origin_id"] and not differences(entry, row):
            self._at.ledger.entries.verified(
                self._connection, [entry["origin_id"]], self._at.run.run_id
            )

    def _body(self, entry: Entry) -> NewContractPayment:
        data = {
            "installation": self._installation,
            "kind": entry["kind"],
            "reverses": entry["reverses"],
            "plan": self._plan_hash,
            "policy": entry["policy_version"],
            "payment": entry["payment_id"],
            "bill": entry["bill_id"],
            "method": entry["payment_method"],
            "invoice_date": entry["invoice_date"],
            "links": entry["links"],
            "gross": entry["gross_minor"],
            "tax": entry["tax_minor"],
            "currency": entry["currency"],
        }
        return NewContractPayment(
            application_id=entry["application_id"],
            draw_request_number=entry["application_number"],
            amount=money.plain(entry["amount_minor"], entry["currency"]),
            date=entry["date"],
            invoice_number=entry["invoice_number"],
            invoice_date=entry["invoice_date"],
            check_number=entry["check_number"],
            payment_method=entry["payment_method"],
            notes=entry["notes"],
            origin_id=entry["origin_id"],
            origin_data=json.dumps(data, separators=(",", ":"), sort_keys=True),
        )


def _is_accepted_as_gone(entry: Row, accepted: Mapping[str, Row]) -> bool:
    """Whether a person accepted that an entry's row is no longer there."""
    gone = entry["state"] == "missing_in_procore" and entry["origin_id"] in accepted
    return gone and bool(accepted[entry["origin_id"]]["removed"])


def _shown(entry: Entry) -> str:
    return (
        f"{entry['kind']} {money.shown(entry['amount_minor'], entry['currency'])} "
        f"for bill {entry['invoice_number']}"
    )
