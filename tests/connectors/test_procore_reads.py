"""What the Procore connector reads, against the sandbox's Procore over HTTP."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from pydantic import ValidationError

from connectors.credentials import SecretRef
from connectors.errors import AccessRefused, NotThere, Rejected
from connectors.procore.client import Procore
from connectors.procore.records import CommitmentState
from connectors.procore.settings import Environment, ProcoreSettings
from tests.connectors.procore_company import (
    CLIENT_SECRET,
    COMPANY_ID,
    DAY,
    SECRET_NAME,
    Company,
    company,
    host,
    settings,
)


@pytest.fixture(name="here")
def _here(monkeypatch: pytest.MonkeyPatch) -> Iterator[Company]:
    monkeypatch.setenv(SECRET_NAME, CLIENT_SECRET)
    with company() as found:
        yield found


def test_the_caller_is_the_apps_service_account(here: Company) -> None:
    caller = here.procore.caller()
    assert caller.user_id == str(here.store.service_account_id)
    assert caller.name == "Payments Integration"
    assert here.procore.company_name() == "Hallam Builders"


def test_a_company_without_the_app_is_refused_and_says_which_ones_have_it(here: Company) -> None:
    elsewhere = settings(host().address).model_copy(update={"company_id": 77})
    other = Procore(elsewhere, on_call=here.calls.append, longest_wait=1.0)
    with pytest.raises(AccessRefused, match="not connected to this company") as refused:
        other.company_name()
    assert "App Management" in refused.value.action
    other.close()


def test_the_erp_tool_is_found_by_key_or_title_with_its_level(here: Company) -> None:
    tool = here.procore.erp_tool()
    assert tool is not None
    assert (tool.name, tool.level) == ("erp_integrations", "admin")
    here.store.set_tool("erp_integrations", True, "Read Only")
    tool = here.procore.erp_tool()
    assert tool is not None
    assert tool.level == "read_only"
    here.store.set_tool("erp_integrations", False, "None")
    assert here.procore.erp_tool() is None


def test_a_user_is_found_by_exact_address_only(here: Company) -> None:
    here.store.add_user(login="ada@hallam.example", name="Ada Moss", erp_integrated_accountant=True)
    here.store.add_user(login="not.ada@hallam.example", name="Bea Moss")
    found = here.procore.user("ADA@hallam.example")
    assert found is not None
    assert (found.name, found.is_accounting_approver) == ("Ada Moss", True)
    assert found.permission_template == "Company Accounting"
    assert here.procore.user("hallam.example") is None
    other = here.procore.user("not.ada@hallam.example")
    assert other is not None
    assert not other.is_accounting_approver


def test_projects_come_with_the_inactive_and_without_the_hidden(here: Company) -> None:
    here.store.add_project(name="Old Mill", number="24-102", active=False)
    here.store.add_project(name="Unpermitted", number="24-103", hidden=True)
    found = {project.number: project for project in here.procore.projects()}
    assert set(found) == {"24-101", "24-102"}
    assert found["24-101"].active
    assert not found["24-102"].active
    assert found["24-101"].project_id == here.project
    assert int(here.project) > 2**32


def test_vendors_and_commitments_carry_their_origin(here: Company) -> None:
    order = here.add_commitment("PO-001", kind="purchase_order", currency="CAD")
    (vendor,) = here.procore.vendors()
    assert (vendor.name, vendor.origin_id) == ("Northgate Steel", "vendor-1")
    first, second = here.procore.commitments(here.project)
    assert (first.commitment_id, first.kind, first.origin_id) == (
        here.commitment,
        "work_order",
        "sc-1",
    )
    assert (second.commitment_id, second.kind, second.currency) == (order, "purchase_order", "CAD")
    assert first.vendor_id == vendor.vendor_id
    assert first.updated_at is not None
    assert first.updated_at.tzinfo == UTC


def test_updated_since_leaves_older_rows_out(here: Company) -> None:
    here.add_application("INV-1")
    here.clock.advance(3600)
    since = here.clock.now()
    here.add_application("INV-2", due=Decimal("12.30"))
    here.store.add_vendor(name="Later Ltd")
    later = here.add_commitment("SC-002")
    read = here.procore
    assert [a.invoice_number for a in read.applications(here.project, updated_since=since)] == [
        "INV-2"
    ]
    assert [v.name for v in read.vendors(updated_since=since)] == ["Later Ltd"]
    assert [c.commitment_id for c in read.commitments(here.project, updated_since=since)] == [later]
    tomorrow = since + timedelta(days=1)
    assert read.applications(here.project, updated_since=tomorrow) == []


def test_updated_since_without_a_zone_is_refused(here: Company) -> None:
    with pytest.raises(ValueError, match="time zone"):
        here.procore.vendors(updated_since=datetime(2026, 1, 1))


def test_an_application_states_due_tax_and_the_retainage_of_its_own(here: Company) -> None:
    here.add_application("INV-1", due=Decimal("900.00"), retainage=Decimal("100.00"))
    here.add_application(
        "INV-2", due=Decimal("950.25"), retainage=Decimal("50.00"), tax=Decimal("12.34")
    )
    here.clock.advance(60)
    since = here.clock.now()
    here.add_application("INV-3", due=Decimal("150.00"), retainage=Decimal("-150.00"))
    here.add_application("INV-4", origin_id="bill-4")
    found = {a.invoice_number: a for a in here.procore.applications(here.project)}
    assert [found[f"INV-{n}"].retainage for n in (1, 2, 3, 4)] == [100, 50, -150, 0]
    assert (found["INV-2"].due, found["INV-2"].tax) == (Decimal("950.25"), Decimal("12.34"))
    assert (found["INV-4"].origin_id, found["INV-4"].erp_status) == ("bill-4", "synced")
    assert found["INV-4"].number == "4"
    # The predecessor is read by its id where the change since then does not include it.
    late = {
        a.invoice_number: a.retainage
        for a in here.procore.applications(here.project, updated_since=since)
    }
    assert late == {"INV-3": -150, "INV-4": 0}


def test_the_state_of_a_commitment_tells_whether_payments_are_allowed(here: Company) -> None:
    closed = here.add_commitment("SC-002", allow_payments=False, status="Complete")
    here.type_payments(2)
    state = here.procore.commitment_state(here.project, here.commitment)
    assert state == CommitmentState(
        commitment_id=here.commitment,
        status="Approved",
        allow_payments=True,
        total_payments=Decimal("3.00"),
    )
    assert here.procore.commitment_state(here.project, closed).allow_payments is False
    with pytest.raises(NotThere):
        here.procore.commitment_state(here.project, "1")


@pytest.mark.parametrize("status", [403, 404, 410])
def test_v2_tells_the_state_where_the_deprecated_path_is_gone(here: Company, status: int) -> None:
    here.faults.add(
        {
            "system": "procore",
            "kind": "status",
            "status": status,
            "route": "/rest/v1.0/commitments",
            "count": None,
        }
    )
    for _ in range(2):
        state = here.procore.commitment_state(here.project, here.commitment)
        assert (state.status, state.allow_payments) == ("Approved", True)
        assert state.total_payments is None
    assert here.routes().count("/rest/v1.0/commitments/{id}") == 1


def test_one_payment_is_read_by_its_id(here: Company) -> None:
    application = here.add_application("INV-1")
    row = here.store.type_payment(
        commitment_id=int(here.commitment),
        amount=Decimal("-1250.50"),
        date=DAY,
        check_number="A100",
        requisition_id=int(application),
        origin_id="somebody:1",
    )
    found = here.procore.contract_payment(here.project, here.commitment, str(row))
    assert (found.amount, found.date, found.check_number) == (
        Decimal("-1250.50"),
        "2026-03-31",
        "A100",
    )
    assert (found.application_id, found.origin_id) == (application, "somebody:1")
    assert found.payment_number == "1"
    with pytest.raises(NotThere):
        here.procore.contract_payment(here.project, here.commitment, "1")


def test_a_project_off_the_permitted_list_is_not_there_and_says_what_to_do(here: Company) -> None:
    hidden = here.store.add_project(name="Unpermitted", number="24-103", hidden=True)
    with pytest.raises(NotThere, match="Project not found") as missing:
        here.procore.commitments(str(hidden))
    assert "permitted projects" in missing.value.action
    assert missing.value.request_id
    here.store.set_tool("commitments", False, "None", project_id=int(here.project))
    with pytest.raises(AccessRefused, match="not enabled") as off:
        here.procore.commitments(here.project)
    assert "Switch the tool on" in off.value.action


def test_server_time_is_procores_own(here: Company) -> None:
    assert here.procore.server_time() is None
    here.clock.advance(90_000)
    here.procore.caller()
    told = here.procore.server_time()
    assert told is not None
    assert abs(told - here.clock.now()) < timedelta(seconds=3)


def test_links_open_the_commitment_in_the_browser() -> None:
    begins_with: dict[Environment, str] = {
        "production": "https://app.procore.com",
        "sandbox": "https://sandbox.procore.com",
    }
    for environment, begins in begins_with.items():
        procore = Procore(_plain(environment), on_call=lambda _: None, longest_wait=1.0)
        link = procore.commitment_link("12", "34", "purchase_order")
        assert link == f"{begins}/12/project/commitments/purchase_order_contracts/34"
        procore.close()


def test_each_environment_has_its_own_addresses() -> None:
    monthly = _plain("monthly")
    assert (monthly.api, monthly.auth) == (
        "https://api-monthly.procore.com",
        "https://login-sandbox-monthly.procore.com",
    )
    production = _plain("production")
    assert (production.api, production.auth) == (
        "https://api.procore.com",
        "https://login.procore.com",
    )
    assert settings("http://127.0.0.1:9/").api == "http://127.0.0.1:9"


def test_settings_refuse_what_they_do_not_know_and_addresses_without_tls() -> None:
    with pytest.raises(ValidationError):
        settings("https://procore.example", api_key="x")
    with pytest.raises(ValidationError, match="not an https address"):
        settings("http://procore.example")
    with pytest.raises(ValidationError, match="names no user or password"):
        settings("https://me:secret@procore.example")


def test_an_id_that_is_none_is_refused_in_plain_words(here: Company) -> None:
    with pytest.raises(Rejected, match="not an integer"):
        here.procore.contract_payments("Quay Street", here.commitment)


def _plain(environment: Environment) -> ProcoreSettings:
    return ProcoreSettings(
        company_id=COMPANY_ID,
        environment=environment,
        client_id="id",
        client_secret=SecretRef(env=SECRET_NAME),
    )
