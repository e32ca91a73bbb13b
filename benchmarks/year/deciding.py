"""A person looks at the holds after a sync and decides about some of them."""

from benchmarks.year.books import Books, Json
from benchmarks.year.place import Company
from paidsync.ledger import Ledger
from paidsync.reasons import Hold
from paidsync.settings import settings
from sandbox.demo.place import DemoFailed

_A_DAY = 0.8


def decide_some(company: Company, books: Books) -> list[Json]:
    """Decide about at most one hold; the next sync acts on it. Answers a difference where the
    truth does not hold the allocation for that reason, as the ledger does.
    """
    if not books.chance(_A_DAY):
        return []
    ledger = Ledger(settings().ledger_url)
    waiting = [hold for hold in ledger.holds.open(company.connection) if _choices(books, hold)]
    ledger.close()
    if not waiting:
        return []
    hold = books.dice.choice(sorted(waiting, key=lambda one: int(one["hold_id"])))
    payment, bill = hold["allocation_id"].split(":")[2:4]
    decision = books.dice.choice(_choices(books, hold))
    named: list[str] = []
    asked: Json = {"payment_id": payment, "bill_id": bill, "reason": hold["reason"]}
    if "@" in bill:
        bill, application = bill.split("@")
        asked |= {"bill_id": bill, "application_id": int(application)}
    if decision == "link":
        application = str(books.bills[bill].application)
        asked["to_application_id"] = int(application)
        named = ["--application", application]
    try:
        books.do("/decide", **asked, decision=decision)
    except DemoFailed as refused:
        return [{"kind": "decision", "origin_prefix": hold["allocation_id"], "truth": str(refused)}]
    company.paidsync(
        "decide",
        company.connection,
        str(hold["hold_id"]),
        decision,
        "--by",
        "accountant@bluebird.example",
        "--note",
        "as agreed with the site",
        *named,
    )
    books.note(f"decided_{decision}")
    return []


def _choices(books: Books, hold: Json) -> list[str]:
    """What may be decided; ``link`` where the driver knows the application of the bill."""
    bill = books.bills.get(hold["allocation_id"].split(":")[3])
    known = bill is not None and bill.application is not None
    wanted = ["leave", "post", "reverse", *(["link"] if known else [])]
    return [str(one) for one in Hold(hold["reason"]).decisions if one in wanted]
