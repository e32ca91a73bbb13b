"""People who approve plans: enrolled with an authenticator app, they fill in the form."""

import base64
import io
import json
import time
import uuid
from contextlib import redirect_stdout
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from town import Town, manifest

import flows.decide_plan as decide_module
from cli.main import main
from flows.decide_plan import PlanDecision
from paidsync.evidence.folder import read_json
from tests.secret_watch import WATCH

ACCOUNTANT = "accountant@bluebird.example"  # an accounting approver of every town
CONTROLLER = "controller@bluebird.example"


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Phone:
    """An authenticator app, as RFC 6238 has it; written apart from the product."""

    def __init__(self, uri: str) -> None:
        secret = parse_qs(urlsplit(uri).query)["secret"][0]
        WATCH.note("an approver's seed", secret)
        self.seed = base64.b32decode(secret)

    def code(self) -> str:
        """The code of now: taken for at least 30 s more."""
        return self._code(0)

    def next_code(self) -> str:
        """The code after this one, as a clock that is ahead shows it: a second one, unwaited for.

        There is no previous_code: it is no longer taken once these 30 s are over.
        """
        return self._code(1)

    def wrong(self) -> str:
        """Six digits that are no code about now."""
        near = {self._code(step) for step in range(-3, 4)}
        return next(f"{k:06}" for k in range(10) if f"{k:06}" not in near)

    def _code(self, steps: int) -> str:
        at = int(time.time()) // 30 + steps
        return TOTP(self.seed, 6, SHA1(), 30).generate(at * 30).decode()  # noqa: S303


def enrol(town: Town, email: str) -> Phone:
    """``paidsync approvers add``, on a terminal."""
    shown = _Terminal()
    with redirect_stdout(shown):
        assert main(["approvers", "add", email]) == 0
    [uri] = [word for word in shown.getvalue().split() if word.startswith("otpauth://")]
    return Phone(uri)


def controller(town: Town) -> Phone:
    """A second accounting approver of every town, enrolled."""
    return enrol(town, CONTROLLER)


def answer(
    town: Town,
    plan: str,
    decision: str = "approve",
    *,
    approver: str = CONTROLLER,
    run_id: str | None = None,
    attempt: int = 1,
    **more: Any,
) -> dict[str, Any]:
    """A run of decide-plan's own body; its summary."""
    run_id = run_id or str(uuid.uuid4())
    chosen = PlanDecision(plan=plan, decision=decision, approver=approver, **more)
    here = SimpleNamespace(id=run_id, run_count=attempt, parent_flow_run_id=None, tags=[])
    with (
        town.without_prefect(run_id, attempt=attempt, tag="") as handle,
        pytest.MonkeyPatch.context() as patch,
    ):
        patch.setattr(decide_module, "runtime", SimpleNamespace(flow_run=here))
        patch.setattr(decide_module, "take_decision", decide_module.take_decision.fn)
        decide_module.decide_plan.fn(handle, chosen)
    return town.summary_of(run_id)


def trail(town: Town, *kinds: str) -> list[dict[str, Any]]:
    """The bodies of the audit trail's events of these kinds, oldest first; the trail is whole."""
    ledger = town.ledger
    assert ledger.audit.broken_at() is None
    with ledger.engine.begin() as db:
        rows = db.exec_driver_sql("SELECT kind, body FROM audit_event ORDER BY number").fetchall()
    ledger.close()
    return [json.loads(body) for kind, body in rows if kind in kinds]


def kept(summary: dict[str, Any], name: str) -> Any:
    """A document of a run folder, as its manifest seals it."""
    folder = Path(summary["folder"])
    sealed = manifest(folder)["files"][f"{name}.json"]
    return read_json({"path": str(folder / f"{name}.json"), "sha256": sealed["sha256"]})
