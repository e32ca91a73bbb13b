"""Every kind of fault, over HTTP."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import httpx
import pytest
from quickbooks_helpers import Player

from sandbox.server import start

COUNT = {"query": "SELECT COUNT(*) FROM BillPayment"}


def count(player: Player) -> httpx.Response:
    return player.call("GET", "query", params=COUNT)


def fault(player: Player, kind: str, **more: object) -> None:
    player.do("/faults", system="quickbooks_online", kind=kind, **more)


def payment(player: Player) -> dict[str, object]:
    bill = player.read("Bill", player.billed("100.00")["bill_id"])
    return {
        "VendorRef": {"value": bill["VendorRef"]["value"]},
        "PayType": "Check",
        "CheckPayment": {"BankAccountRef": {"value": "35"}},
        "TotalAmt": 100.0,
        "Line": [{"Amount": 100.0, "LinkedTxn": [{"TxnId": bill["Id"], "TxnType": "Bill"}]}],
    }


def made(player: Player) -> int:
    return len(player.world.erp.payments.rows)


def test_a_lost_reply_has_been_carried_out(sandbox_empty: Player) -> None:
    body = payment(sandbox_empty)
    fault(sandbox_empty, "lost_reply", method="POST", route="/billpayment")
    with pytest.raises(httpx.RemoteProtocolError):
        sandbox_empty.write("BillPayment", body)
    assert made(sandbox_empty) == 1
    assert count(sandbox_empty).status_code == 200


def test_a_late_commit_comes_when_it_is_told_to(sandbox_empty: Player) -> None:
    body = payment(sandbox_empty)
    fault(sandbox_empty, "late_commit", method="POST")
    with pytest.raises(httpx.RemoteProtocolError):
        sandbox_empty.write("BillPayment", body)
    assert made(sandbox_empty) == 0
    assert sandbox_empty.see("/faults")["late"] == 1
    assert sandbox_empty.do("/faults/commit-late") == {"committed": 1, "statuses": [200]}
    assert made(sandbox_empty) == 1


def test_a_late_commit_comes_by_the_clock(sandbox_empty: Player) -> None:
    body = payment(sandbox_empty)
    fault(sandbox_empty, "late_commit", method="POST", seconds=300)
    with pytest.raises(httpx.RemoteProtocolError):
        sandbox_empty.write("BillPayment", body)
    sandbox_empty.do("/clock", advance_seconds=299)
    assert made(sandbox_empty) == 0
    sandbox_empty.do("/clock", advance_seconds=2)
    assert made(sandbox_empty) == 1


@pytest.mark.parametrize("status", [429, 500, 503])
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_status_before_or_after_the_commit(sandbox_empty: Player, status: int, when: str) -> None:
    body = payment(sandbox_empty)
    fault(sandbox_empty, "status", status=status, retry_after=7, when=when, method="POST")
    reply = sandbox_empty.write("BillPayment", body)
    assert (reply.status_code, reply.headers["retry-after"]) == (status, "7")
    assert made(sandbox_empty) == (when == "after")


def test_a_status_without_retry_after(sandbox_empty: Player) -> None:
    fault(sandbox_empty, "429")
    reply = count(sandbox_empty)
    assert reply.status_code == 429
    assert "retry-after" not in reply.headers
    assert reply.json()["fault"]["error"][0]["code"] == "3001"


def test_an_html_page(sandbox_empty: Player) -> None:
    fault(sandbox_empty, "html_error")
    reply = count(sandbox_empty)
    assert reply.status_code == 502
    assert reply.headers["content-type"] == "text/html"


def test_a_slow_answer(sandbox_empty: Player) -> None:
    fault(sandbox_empty, "slow", seconds=0.2)
    with pytest.raises(httpx.ReadTimeout):
        sandbox_empty.call("GET", "query", params=COUNT, timeout=0.05)
    assert count(sandbox_empty).status_code == 200


def test_what_is_slow_is_carried_out_before_the_servers_stop() -> None:
    with start("empty") as running, Player(running) as player:
        body = payment(player)
        fault(player, "slow", seconds=600)
        with pytest.raises(httpx.ReadTimeout):
            player.call("POST", "billpayment", json=body, timeout=0.05)
    assert made(player) == 1


def test_a_truncated_body(sandbox_empty: Player) -> None:
    fault(sandbox_empty, "truncated")
    with pytest.raises(httpx.RemoteProtocolError):
        count(sandbox_empty)


def test_ok_with_errors(sandbox_empty: Player) -> None:
    body = payment(sandbox_empty)
    fault(sandbox_empty, "ok_with_errors", method="POST")
    reply = sandbox_empty.write("BillPayment", body)
    assert reply.status_code == 200
    assert reply.json()["Fault"]["type"] == "SystemFault"
    assert made(sandbox_empty) == 0


def test_ok_with_errors_lists_every_item_of_a_procore_sync(sandbox_empty: Player) -> None:
    sandbox_empty.do("/faults", system="procore", kind="ok_with_errors", route="/sync")
    url = sandbox_empty.running.ready["procore"]["api_url"] + "/rest/v1.0/vendors/sync"
    reply = sandbox_empty.http.patch(url, json={"updates": [{"name": "A"}, {"name": "B"}]})
    assert reply.status_code == 200
    assert reply.json()["entities"] == []
    assert [item["name"] for item in reply.json()["errors"]] == ["A", "B"]


def test_expired_tokens_need_a_refresh(sandbox_empty: Player) -> None:
    fault(sandbox_empty, "expire_tokens", after=1)
    codes = [count(sandbox_empty).status_code for _ in range(3)]
    assert codes == [200, 401, 401]
    sandbox_empty.refresh()
    assert count(sandbox_empty).status_code == 200


def test_a_reset_connection(sandbox_empty: Player) -> None:
    fault(sandbox_empty, "reset")
    with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
        count(sandbox_empty)
    assert sandbox_empty.see("/calls")["statuses"]["quickbooks_online"]["none"] == 1


def sleeper() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])


@pytest.mark.parametrize("when", ["before", "after"])
def test_the_caller_is_killed(sandbox_empty: Player, when: str) -> None:
    body = payment(sandbox_empty)
    with sleeper() as caller:
        fault(sandbox_empty, "kill", pid=caller.pid, when=when, method="POST")
        with pytest.raises(httpx.RemoteProtocolError):
            sandbox_empty.write("BillPayment", body)
        assert caller.wait(timeout=5) == -signal.SIGKILL
    assert made(sandbox_empty) == (when == "after")


def test_the_caller_is_frozen_at_the_third_request(sandbox_empty: Player) -> None:
    with sleeper() as caller:
        try:
            fault(sandbox_empty, "freeze", pid=caller.pid, after=2)
            for _ in range(3):
                assert count(sandbox_empty).status_code == 200
            deadline = time.monotonic() + 5
            stopped = False
            while not stopped and time.monotonic() < deadline:
                pid, status = os.waitpid(caller.pid, os.WUNTRACED | os.WNOHANG)
                stopped = pid == caller.pid and os.WIFSTOPPED(status)
            assert stopped
        finally:
            caller.kill()


def test_only_what_matches_is_hit_and_only_so_often(sandbox_empty: Player) -> None:
    fault(sandbox_empty, "500", route="/v3/company/{realm}/query", method="GET", count=2, after=1)
    sandbox_empty.call("GET", "bill/1")
    codes = [count(sandbox_empty).status_code for _ in range(4)]
    assert codes == [200, 500, 500, 200]
    fired = sandbox_empty.see("/faults")["fired"]
    assert [one["route"] for one in fired] == ["GET /v3/company/{realm}/query"] * 2


def test_without_a_system_requests_to_all_of_them_are_counted(sandbox_empty: Player) -> None:
    sandbox_empty.do("/faults", kind="500", after=2, count=2)
    procore = sandbox_empty.running.ready["procore"]
    codes = []
    for _ in range(3):
        codes.append(count(sandbox_empty).status_code)
        codes.append(sandbox_empty.http.post(procore["auth_url"] + "/oauth/token").status_code)
    assert [code == 500 for code in codes] == [False, False, True, True, False, False]
    fired = sandbox_empty.see("/faults")["fired"]
    assert [one["system"] for one in fired] == ["quickbooks_online", "procore"]


def test_a_rate_is_the_same_for_the_same_seed() -> None:
    from sandbox.server import start

    def hits() -> list[int]:
        with start("empty", 11) as running, Player(running) as player:
            fault(player, "503", rate=0.5)
            return [count(player).status_code for _ in range(20)]

    first = hits()
    assert first == hits()
    assert {200, 503} == set(first)


def test_faults_can_be_taken_back(sandbox_empty: Player) -> None:
    fault(sandbox_empty, "500", count=9)
    reply = sandbox_empty.http.delete(sandbox_empty.running.ready["control"] + "/faults")
    assert reply.json() == {"cleared": 1}
    assert count(sandbox_empty).status_code == 200


def test_faults_that_cannot_be_are_refused(sandbox_empty: Player) -> None:
    cannot = sandbox_empty.cannot
    assert "kinds are" in cannot("/faults", system="procore", kind="flood")
    assert "system must be" in cannot("/faults", system="mars", kind="slow")
    assert "'pid'" in cannot("/faults", system="procore", kind="kill")
    assert "does not stop itself" in cannot(
        "/faults", system="procore", kind="kill", pid=os.getpid()
    )
    assert "has no 'colour'" in cannot("/faults", system="procore", kind="slow", colour=1)


def test_procore_is_behind_the_same_doorway(sandbox_demo: Player) -> None:
    """A write to Procore whose reply is lost stands, and the truth sees it."""
    ready = sandbox_demo.running.ready["procore"]
    form = {
        "grant_type": "client_credentials",
        "client_id": ready["client_id"],
        "client_secret": ready["client_secret"],
    }
    token = sandbox_demo.http.post(f"{ready['auth_url']}/oauth/token", data=form).json()
    truth = next(c for c in sandbox_demo.see("/truth")["commitments"] if c["rows"])
    row = truth["rows"][0]
    body = {
        "project_id": truth["project_id"],
        "contract_id": truth["commitment_id"],
        "contract_payment": {
            "requisition_id": row["requisition_id"],
            "amount": f"{row['amount_minor'] / 100:.2f}",
            "date": row["date"],
            "check_number": row["check_number"],
            "origin_id": f"{row['origin_prefix']}:1",
        },
    }
    headers = {
        "Authorization": f"Bearer {token['access_token']}",
        "Procore-Company-Id": str(ready["company_id"]),
    }
    before = len(sandbox_demo.see("/differences"))
    sandbox_demo.do("/faults", system="procore", kind="lost_reply", route="contract_payments")
    url = f"{ready['api_url']}/rest/v1.0/contract_payments"
    with pytest.raises(httpx.RemoteProtocolError):
        sandbox_demo.http.post(url, json=body, headers=headers)
    assert len(sandbox_demo.see("/differences")) == before - 1
