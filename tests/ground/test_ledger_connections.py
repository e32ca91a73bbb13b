"""A connection stands for one pair of companies; its policies are versions."""

import pytest
from ledger_rows import UK, US, connect

from paidsync.ledger import Ledger
from paidsync.ledger.connections import CompanyChanged

OTHER = {"start_date": "2026-06-01"}


def test_the_first_policy_is_version_1(ledger: Ledger) -> None:
    assert connect(ledger) == 1
    found = ledger.connections.get(US)
    assert found is not None
    assert (found.erp, found.erp_company, found.procore_company) == ("quickbooks_online", "1", "7")
    assert found.policy_version == 1
    assert found.connected_by == "controller"


def test_the_same_policy_again_is_no_new_version(ledger: Ledger) -> None:
    connect(ledger)
    assert connect(ledger, config={"name": US, "more": 1}) == 1
    found = ledger.connections.get(US)
    assert found is not None
    assert found.config["more"] == 1


def test_every_change_of_the_policy_is_a_version_of_its_own(ledger: Ledger) -> None:
    first = {"start_date": "2026-01-01"}
    assert [connect(ledger), connect(ledger, policy=OTHER), connect(ledger)] == [1, 2, 3]
    assert [ledger.connections.policy(US, version) for version in (1, 2, 3)] == [
        first,
        OTHER,
        first,
    ]


@pytest.mark.parametrize(
    "change", [{"erp": "xero"}, {"erp_company": "2"}, {"procore_company": "8"}]
)
def test_a_name_never_comes_to_stand_for_another_company(
    ledger: Ledger, change: dict[str, str]
) -> None:
    connect(ledger)
    with pytest.raises(CompanyChanged, match=r"acme-us.*company 1 and Procore company 7"):
        connect(ledger, policy=OTHER, **change)
    found = ledger.connections.get(US)
    assert found is not None
    assert found.policy_version == 1


def test_connections_are_listed_by_name_and_an_unknown_one_is_none(ledger: Ledger) -> None:
    connect(ledger)
    connect(ledger, UK)
    assert [each.name for each in ledger.connections.all()] == [UK, US]
    assert ledger.connections.get("nobody") is None


def test_who_connected_and_who_changed_the_policy_is_in_the_audit_trail(ledger: Ledger) -> None:
    connect(ledger)
    connect(ledger, policy=OTHER, by_whom="someone else")
    with ledger.engine.begin() as db:
        rows = db.exec_driver_sql("SELECT kind FROM audit_event ORDER BY number").scalars().all()
    assert rows == ["policy", "connected", "policy"]
    assert ledger.audit.broken_at() is None


def test_a_connection_survives_the_end_of_the_process(ledger: Ledger, ledger_url: str) -> None:
    connect(ledger)
    other = Ledger(ledger_url).require_current()
    assert other.connections.get(US) == ledger.connections.get(US)
    assert other.connections.installation_id() == ledger.connections.installation_id()
    other.close()
