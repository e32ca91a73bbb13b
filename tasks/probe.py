"""Asks Procore, with rows of a cent, what its public documentation leaves open; then takes them
back as far as Procore allows. Answers are for a person: nothing is set by them."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from connectors.procore.client import Procore
from connectors.procore.records import ContractPayment
from paidsync.ledger import Ledger
from paidsync.settings import Settings
from tasks.probe_desk import ProbeDesk, TakenBack
from tasks.probe_place import Place
from tasks.probe_questions import Answer, Question

_INVOICE = "Billings::Requisition"  # Procore: invoice payments
_CLOSED = (403, 404, 405, 410)  # answers of a route that is not there, or not for this app
_NOT_NAMED = "No payment application was named (--application)."


@dataclass(slots=True)
class Found:
    """What a probe learned, and what it left behind; ``left`` and ``changed`` are sentences."""

    answers: dict[Question, Answer] = field(default_factory=dict)
    left: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)

    def answer(self, question: Question, answer: str, seen: str) -> None:
        """The first answer counts."""
        self.answers.setdefault(question, Answer(answer, seen))


def probe(
    own: Settings, ledger: Ledger, procore: Procore, place: Place, *, connection: str, by_whom: str
) -> Found:
    """Write, read and take back.

    Raises RunStopped(lease_held) while a run is writing to the company, and an OutsideError where
    Procore cannot be reached; what was learned till then is kept, and the next probe of the
    commitment takes back what stands.
    """
    company = procore.gate.company_id
    lease = ledger.leases.take(
        company,
        run_id=f"probe-{uuid.uuid4()}",
        connection=connection,
        seconds=own.lease_seconds,
    )
    found = Found()
    try:
        at = ProbeDesk(
            own=own,
            ledger=ledger,
            procore=procore,
            place=place,
            lease=lease,
            connection=connection,
        )
        asking = _Asking(at, found)
        asking.take_back_earlier()
        asking.ask()
        asking.take_everything_back()
    finally:
        ledger.leases.release(lease)
        ledger.probes.learned(connection, _kept(found, place, by_whom))
    return found


def _kept(found: Found, place: Place, by_whom: str) -> list[Mapping[str, Any]]:
    return [
        {
            "question": question.value,
            "answer": answer.answer,
            "seen": answer.seen,
            "commitment_id": place.commitment.commitment_id,
            "asked_by": by_whom,
        }
        for question, answer in found.answers.items()
        if answer.answer != "not asked"
    ]


class _Asking:
    """The questions, one after the other."""

    def __init__(self, at: ProbeDesk, found: Found) -> None:
        self._at = at
        self._place = at.place
        self._found = found

    def ask(self) -> None:
        """Every question but those that taking back answers."""
        first = self._link()
        self._change(first)
        self._twice(first)
        self._negative()
        self._typed()
        self._tab()
        self._bulk()

    def _link(self) -> ContractPayment | None:
        application = self._place.application
        tried, row = self._at.post(0, self._at.cent(0, application=True))
        question = Question.LINKS_ON_CREATE
        if application is None:
            self._found.answer(question, "not asked", _NOT_NAMED)
        elif row is None:
            self._found.answer(question, "unknown", f"The first row: {tried.shown}")
        else:
            shows = f"Row {row.contract_payment_id} shows application {row.application_id or '-'}."
            linked = row.application_id == application.application_id
            self._found.answer(question, _word(linked), shows)
        return row

    def _change(self, row: ContractPayment | None) -> None:
        if row is None:
            self._found.answer(Question.CHANGE_SYNCED, "unknown", "No synced row could be made.")
            return
        allowed, seen, writes = [], [], self._at.writes()
        changes: tuple[tuple[str, str, Callable[[ContractPayment], object]], ...] = (
            ("notes", f"{row.notes}, changed", lambda each: each.notes),
            ("amount", self._place.cents(2), lambda each: each.amount),
            ("origin_data", f"{row.origin_data} ", lambda each: each.origin_data),
        )
        for name, value, of in changes:
            tried = self._at.write(partial(writes.change, row.contract_payment_id, {name: value}))
            now = self._at.show(row)
            if now is not None and of(now) != of(row):
                allowed.append(name)
            seen.append(f"{name}: {tried.shown}")
        self._found.answer(Question.CHANGE_SYNCED, ", ".join(allowed) or "nothing", "; ".join(seen))

    def _twice(self, row: ContractPayment | None) -> None:
        question = Question.ID_IS_UNIQUE
        if row is None:
            self._found.answer(question, "unknown", "No row had taken the id before.")
            return
        tried, second = self._at.post(0, self._at.cent(0, application=False))
        if second is not None:
            both = f"{row.contract_payment_id} and {second.contract_payment_id}"
            self._found.answer(question, "no", f"Rows {both} bear {row.origin_id}.")
        else:
            word = "unknown" if tried.taken is None else "yes"
            self._found.answer(question, word, f"The second row: {tried.shown}")

    def _negative(self) -> None:
        fields = {**self._at.cent(1, application=True), "amount": self._place.cents(-1)}
        tried, row = self._at.post(1, fields)
        question = Question.NEGATIVE_AMOUNT
        if row is not None:
            passes = row.amount is not None and row.amount < 0
            shows = f"Row {row.contract_payment_id} shows {row.amount}."
            self._found.answer(question, _word(passes), shows)
        else:
            self._found.answer(question, _word(tried.taken), f"The row: {tried.shown}")

    def _typed(self) -> None:
        fields = self._at.cent(2, application=False)
        ours = {name: fields.pop(name) for name in ("origin_id", "origin_data")}
        tried, row = self._at.post(2, fields)
        question = Question.ID_ON_TYPED_ROW
        if row is None:
            self._found.answer(question, "unknown", f"The row without an id: {tried.shown}")
            return
        writes = self._at.writes()
        tried = self._at.write(lambda: writes.change(row.contract_payment_id, ours))
        now = self._at.show(row)
        stands = now is not None and now.origin_id == ours["origin_id"]
        self._found.answer(question, _word(stands), f"The id on the row: {tried.shown}")

    def _tab(self) -> None:
        off, question = self._place.without_tab, Question.TAB_MATTERS
        if off is None:
            missing = "No commitment whose tab is off was named (--tab-off)."
            self._found.answer(question, "not asked", missing)
            return
        tried, row = self._at.post(3, self._at.cent(3, application=False), off)
        refused = None if tried.taken is None and row is None else row is None
        self._found.answer(question, _word(refused), f"The row: {tried.shown}")

    def _bulk(self) -> None:
        application, question = self._place.application, Question.BULK_ROUTE
        if application is None:
            self._found.answer(question, "not asked", _NOT_NAMED)
            return
        update = {
            "invoice_type": _INVOICE,
            "invoice_id": int(application.application_id),
            "origin_id": self._place.id_of(4),
            "amount": self._place.cents(),
            "date": self._at.today(),
        }
        self._at.note(4)
        tried = self._at.write(lambda: self._at.writes().bulk(update))
        there = next((row for row in self._at.own_rows() if self._at.is_of(row, 4)), None)
        made = _made(tried.body)
        self._at.became(4, there is not None or bool(made), tried)
        if there is not None:
            same = there.contract_payment_id in made
            word = "yes, under the same ids" if same else "yes, under other ids"
            shows = f"It made {_listed(made)}; the list shows row {there.contract_payment_id}."
            self._found.answer(question, word, shows)
        elif made:
            shows = f"It made {_listed(made)}, which Payments Issued does not show."
            self._found.answer(question, "yes, not shown in the list", shows)
            self._found.left.append(
                f"{_listed(made)} of the bulk route, under {self._place.id_of(4)}. Ask Procore "
                "Support to remove it."
            )
        else:
            nothing = None if tried.taken is None else False
            open_ = tried.taken is False and tried.status not in _CLOSED
            word = "yes, it refused the row" if open_ else _word(nothing)
            self._found.answer(question, word, f"The route: {tried.shown}")

    # Taking back

    def take_back_earlier(self) -> None:
        """What an earlier probe left."""
        for row in self._place.earlier:
            self._at.take_back(row)

    def take_everything_back(self) -> None:
        """Every row of the probe's, as far as Procore allows; the first synced one answers what
        Procore allows."""
        for row in self._at.own_rows():
            taken = self._at.take_back(row)
            if row.origin_id is not None:
                self._learn(taken)
        nothing = "No synced row could be made."
        for question in (Question.DELETE_SYNCED, Question.UNLINK_AND_DELETE):
            self._found.answer(question, "unknown", nothing)
        self._settle()

    def _learn(self, taken: TakenBack) -> None:
        directly = taken.gone and taken.unlinked is None
        self._found.answer(Question.DELETE_SYNCED, _word(directly), taken.seen)
        if directly:
            asked = "It was deleted at once, so the id was not taken off."
            self._found.answer(Question.UNLINK_AND_DELETE, "not asked", asked)
        else:
            self._found.answer(Question.UNLINK_AND_DELETE, _word(taken.gone), taken.seen)

    def _settle(self) -> None:
        """What stands now: of the probe's, and of others'."""
        now = self._at.rows()
        left = {}
        for row in now:
            name = self._place.named_by(row) if self._place.is_own(row) else None
            if name is not None:
                left[name] = row
                self._found.left.append(
                    f"Row {row.contract_payment_id} of {row.amount} on commitment "
                    f"{row.commitment_id}, {name}. Every run passes it over; ask Procore Support "
                    "to remove it."
                )
        places = [each.commitment_id for each in self._place.commitments]
        probes = self._at.ledger.probes
        for name in probes.standing_on(places):
            probes.became(name, "left" if name in left else "taken_back")
        others = {row for row in now if not self._place.is_own(row)}
        before = {row for row in self._place.standing if not self._place.is_own(row)}
        for row in others ^ before:
            self._found.changed.append(
                f"Row {row.contract_payment_id} on commitment {row.commitment_id} is not the "
                "probe's and came, went or changed meanwhile; the probe did not write it."
            )


def _word(answer: bool | None) -> str:
    return "unknown" if answer is None else "yes" if answer else "no"


def _made(body: Any) -> set[str]:
    """Ids of what the bulk route says it made."""
    entities = body.get("entities") if isinstance(body, Mapping) else None
    rows = entities if isinstance(entities, list) else []
    return {str(each["id"]) for each in rows if isinstance(each, Mapping) and each.get("id")}


def _listed(ids: set[str]) -> str:
    return ", ".join(sorted(ids)) or "nothing that it names"
