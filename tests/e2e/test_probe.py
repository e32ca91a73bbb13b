"""`paidsync probe`: what Procore's documentation leaves open, asked with rows of a cent."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from town import Said, Town

_ASSUMED = {
    "links_on_create": "yes",
    "change_synced": "origin_data",
    "id_is_unique": "yes",
    "negative_amount": "yes",
    "id_on_typed_row": "yes",
    "tab_matters": "yes",
    "bulk_route": "no",
    "delete_synced": "no",
    "unlink_and_delete": "yes",
}


@pytest.fixture
def site(town: Town) -> Town:
    """A payment application on the first commitment, and the second one's tab switched off."""
    town.billed("100.00")
    town.do("/procore/commitment", id=town.commitments[1], allow_payments=False)
    return town


def probe(town: Town, *arguments: str, commitment: int = 0) -> Said:
    """A probe of a commitment, with its application and the commitment without a tab."""
    place = town.commitments[commitment]
    named = [
        *("--commitment", str(place)),
        *("--application", str(town.world.procore.invoice_ids(place)[0])),
        *("--tab-off", str(town.commitments[1])),
    ]
    return town.paidsync("probe", town.name, *named, *arguments)


def answers(town: Town) -> dict[str, str]:
    """What the ledger keeps, by question."""
    ledger = town.ledger
    found = ledger.probes.answers(town.name)
    ledger.close()
    return {question: row["answer"] for question, row in found.items()}


def own_id(town: Town, n: int) -> str:
    ledger = town.ledger
    installation = ledger.connections.installation_id()
    ledger.close()
    return f"paidsync-probe:{installation}:{n}"


def test_a_probe_says_what_it_will_write_and_writes_nothing_unconfirmed(
    site: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = site.world.procore.commitments[site.commitments[0]].number
    for typed in ("", "yes\n", f"{number}X\n"):
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        said = probe(site)
        assert (said.code, "Nothing was written" in said.err) == (2, True), said
    assert site.posts == 0
    listed = [line for line in said.out.splitlines() if line.strip()[:1].isdigit()]
    assert [line.split(".")[0].strip() for line in listed] == [str(n) for n in range(1, 9)]
    text = "\n".join(listed)
    for n in range(1, 6):
        assert own_id(site, n) in text
    for words in ("0.01", "-0.01", "0.02", f"commitment {number}", "POST /rest/v1.0/contract_"):
        assert words in text
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{number}\n"))
    assert probe(site).code == 0
    assert site.posts > 0


def test_a_probe_of_the_documented_procore(site: Town) -> None:
    row = site.do("/procore/row", commitment_id=site.commitments[0], amount="7.00")
    said = probe(site, "--yes")
    assert said.code == 0, said.err
    assert answers(site) == _ASSUMED
    assert "refused with 422: origin_id has already been taken." in said.out
    assert "(request " in said.out
    assert [each.id for each in site.rows()] == [row["payment_row_id"]]
    assert site.differences() == []
    shown = site.paidsync("probe", site.name, "--show")
    assert shown.code == 0
    assert "Does a negative amount pass? YES" in shown.out
    assert "Not taken back" not in said.out
    assert "stands on commitment" not in shown.out


@pytest.mark.parametrize(
    ("point", "question", "answer", "says"),
    [
        ({"links_on_create": False}, "links_on_create", "no", "shows application -."),
        ({"locks_synced": False}, "change_synced", "notes, amount, origin_data", "answered 200"),
        ({"unique_ids": False}, "id_is_unique", "no", "bear paidsync-probe:"),
        ({"taken_status": 409}, "id_is_unique", "yes", "refused with 409: origin_id has already"),
        ({"negative_amounts": False}, "negative_amount", "no", "amount must be greater than 0"),
        ({"id_on_typed_rows": False}, "id_on_typed_row", "no", "that a user entered"),
        ({"tab_matters": False}, "tab_matters", "no", "answered 201"),
        ({"bulk": "rejects"}, "bulk_route", "yes, it refused the row", "cannot be paid by this"),
        ({"bulk": "same"}, "bulk_route", "yes, under the same ids", "the list shows row"),
        ({"bulk": "apart"}, "bulk_route", "yes, under other ids", "the list shows row"),
        ({"deletes_synced": True}, "delete_synced", "yes", "DELETE: "),
    ],
    ids=lambda value: "-".join(map(str, value)) if isinstance(value, dict) else "",
)
def test_a_probe_understands_each_other_answer(
    site: Town, point: dict[str, Any], question: str, answer: str, says: str
) -> None:
    site.do("/procore/open-points", **point)
    said = probe(site, "--yes")
    assert said.code == 0, said.err + said.out
    assert answers(site)[question] == answer
    assert says in said.out
    assert site.rows() == []
    site.do("/procore/commitment", id=site.commitments[1], allow_payments=True)
    assert site.differences() == []


def test_what_cannot_be_taken_back_is_listed_and_passed_over_by_every_run(site: Town) -> None:
    site.do("/procore/open-points", unlinks=False)
    said = probe(site, "--yes")
    assert said.code == 3, said.err
    assert answers(site)["unlink_and_delete"] == "no"
    left = {row.origin_id for row in site.rows()}
    assert left == {own_id(site, n) for n in (1, 2, 3)}
    for each in left:
        assert each in said.out.partition("Not taken back")[2]
        assert each in site.paidsync("probe", site.name, "--show").out
    bills = [site.do("/erp/pay", bills=[{"bill_id": each}]) for each in site.world.erp.bills.rows]
    cent = site.paid("0.01")  # of the amount and the day of what was left
    site.settled(state="Completed", posted=len(bills) + 1, held={})
    assert site.amounts(cent.prefix) == ["0.01"]
    site.settled(state="NothingToDo")
    assert {row.origin_id for row in site.rows()} >= left


def test_the_next_probe_takes_back_what_an_earlier_one_left(site: Town) -> None:
    site.do("/procore/open-points", unlinks=False)
    assert probe(site, "--yes").code == 3
    site.do("/procore/open-points", unlinks=True)
    said = probe(site, "--yes")
    assert said.code == 0, said.err
    assert "1. Takes back what an earlier probe left there" in said.out
    assert own_id(site, 6) in said.out  # no id is used twice
    assert site.rows() == []
    assert "stands on commitment" not in site.paidsync("probe", site.name, "--show").out


def test_a_row_that_cannot_be_deleted_keeps_its_id(site: Town) -> None:
    site.do("/procore/open-points", deletes_unsynced=False)
    said = probe(site, "--yes")
    assert said.code == 3, said.err
    assert {row.origin_id for row in site.rows()} == {own_id(site, n) for n in (1, 2, 3)}


def test_what_the_bulk_route_makes_elsewhere_is_said(site: Town) -> None:
    site.do("/procore/open-points", bulk="hidden")
    said = probe(site, "--yes")
    assert said.code == 3, said.err
    assert answers(site)["bulk_route"] == "yes, not shown in the list"
    assert "of the bulk route" in said.out.partition("Not taken back")[2]


@pytest.mark.parametrize("kind", ["lost_reply", "reset"])
def test_a_lost_answer_is_found_by_reading_and_nothing_is_sent_twice(site: Town, kind: str) -> None:
    site.fault(kind, route="/rest/v1.0/contract_payments", method="POST", count=1)
    said = probe(site, "--yes")
    assert said.code == 0, said.err
    assert site.posts == (5 if kind == "lost_reply" else 4)  # no second row under no first one's id
    assert answers(site)["links_on_create"] == ("yes" if kind == "lost_reply" else "unknown")
    assert site.rows() == []


def test_a_write_that_arrives_late_is_taken_back_by_the_next_probe(site: Town) -> None:
    site.fault("late_commit", route="/rest/v1.0/contract_payments", method="POST", count=1)
    assert probe(site, "--yes").code == 0
    assert "(sending)" in site.paidsync("probe", site.name, "--show").out
    site.do("/faults/commit-late")
    (late,) = site.rows()
    assert late.origin_id == own_id(site, 1)
    assert probe(site, "--yes").code == 0
    assert site.rows() == []


def test_a_probe_without_application_and_tab_asks_what_it_can(town: Town) -> None:
    said = town.paidsync("probe", town.name, "--commitment", str(town.commitments[0]), "--yes")
    assert said.code == 0, said.err
    assert said.out.count("NOT ASKED") == 3
    assert set(answers(town)) == set(_ASSUMED) - {"links_on_create", "tab_matters", "bulk_route"}


def _refused(town: Town, said: Said, says: str, code: int = 2) -> None:
    assert (said.code, says in said.err) == (code, True), said
    assert len(said.err.strip().splitlines()) == 1
    assert town.posts == 0


def test_a_probe_starts_only_where_nothing_can_go_wrong(site: Town) -> None:
    commitment = ("--commitment", str(site.commitments[0]), "--yes")
    _refused(site, site.paidsync("probe", site.name), "Name the commitment")
    _refused(site, site.paidsync("probe", "nobody", *commitment), "no connection 'nobody'")
    unknown = ("--commitment", "123", "--yes")
    _refused(site, site.paidsync("probe", site.name, *unknown), "shows no commitment 123")
    off = ("--commitment", str(site.commitments[1]), "--yes")
    _refused(site, site.paidsync("probe", site.name, *off), "its Payments Issued tab is off")
    on = (*commitment, "--tab-off", str(site.commitments[2]))
    _refused(site, site.paidsync("probe", site.name, *on), "does not say that its Payments Issued")
    other = (*commitment, "--application", "123")
    _refused(site, site.paidsync("probe", site.name, *other), "no payment application 123")


def test_a_probe_never_writes_beside_payments_of_paidsync(site: Town) -> None:
    bill = next(iter(site.world.erp.bills.rows))
    site.do("/erp/pay", bills=[{"bill_id": bill}])
    site.settled(posted=1)
    posts = site.posts
    said = probe(site, "--yes", "--i-know-this-is-production")
    assert (said.code, "PaidSync has posted payments to commitment" in said.err) == (2, True), said
    assert site.posts == posts


def test_a_probe_at_the_production_host_needs_a_word_and_makes_no_call(site: Town) -> None:
    ledger = site.ledger
    with ledger.engine.begin() as db:
        (config,) = db.exec_driver_sql("SELECT config FROM connection").one()
        stored = json.loads(config)
        stored["procore"] |= {"api_url": None, "auth_url": None}
        db.exec_driver_sql("UPDATE connection SET config = ?", (json.dumps(stored),))
    ledger.close()
    calls = site.see("/calls")["systems"]["procore"]
    _refused(site, probe(site, "--yes"), "is at Procore's production host")
    assert site.see("/calls")["systems"]["procore"] == calls


def test_a_probe_waits_for_nobody_who_is_writing(site: Town) -> None:
    ledger = site.ledger
    company = str(site.world.procore.company_id)
    ledger.leases.take(company, run_id="another", connection="another", seconds=300)
    ledger.close()
    _refused(site, probe(site, "--yes"), "Run another of another is writing", 1)


def test_a_probe_that_breaks_off_keeps_what_it_learned(site: Town) -> None:
    site.fault("status", status=403, route="contract_payments", method="GET", after=8, rate=1)
    said = probe(site, "--yes")
    assert said.code == 1, said
    assert "links_on_create" in answers(site)
    site.mend()
    assert probe(site, "--yes").code == 0
    assert site.rows() == []


def test_rule_4_4_a_probes_row_is_no_other_integration(build: Callable[..., Town]) -> None:
    town = build()
    row = {"commitment_id": town.commitments[0], "amount": "0.01"}
    town.do("/procore/row", **row, origin_id="paidsync-probe:0123456789abcdef:1")
    one = town.paid("100.00")
    town.settled(posted=1)
    assert town.amounts(one.prefix) == ["100.00"]
    town.do("/procore/row", **row, origin_id="paidsync-probe:nothing")
    town.paid("50.00")
    assert town.sync()["message"].startswith("other_integration_active")
