"""What `make up` starts, as the people around it use it: the ERP and Procore through the control
API, and the command line in a terminal."""

import base64
import json
import os
import pty
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from sandbox.up.record import Record

ROOT = Path(__file__).resolve().parents[2]
CONNECTION = "bluebird-quickbooks-online"
ACCOUNTANT = "accountant@bluebird.example"  # both are accounting approvers in the sandbox's Procore
CONTROLLER = "controller@bluebird.example"
# Only one payment of the tests is larger. No schedule and no hint starts a run between theirs.
_POLICY = '[policy]\nschedule = "never"\napproval = { over = "200000.00" }'
_FOREIGN = ("PAIDSYNC_", "PREFECT_", "BLUEBIRD_")
_STEP = 30  # seconds that a code of an authenticator app stands for


@dataclass(frozen=True)
class Paid:
    """A bill that was paid in full by a check, and what both systems call it."""

    payment_id: str
    bill_id: str
    check: str
    bill_number: str
    prefix: str  # how the ids of its rows in Procore begin


class Premises:
    """One `make up` with QuickBooks Online."""

    def __init__(self, folder: Path, shown: dict[str, str], http: httpx.Client) -> None:
        self.ui = shown["Prefect UI"]
        self.login = (folder / "login").read_text(encoding="utf-8").strip()
        ready = json.loads((folder / "ready.json").read_text(encoding="utf-8"))
        self._control = ready["control"]
        self._folder = folder
        self._http = http

    def do(self, path: str, **body: Any) -> Any:
        """Move the world."""
        return self._ask("POST", path, body)

    def see(self, path: str) -> Any:
        """Look at the world."""
        return self._ask("GET", path)

    def mend(self) -> None:
        """Nothing goes wrong any more."""
        self._ask("DELETE", "/faults")

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        reply = self._http.request(method, self._control + path, json=body)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def commitment(self, number: str) -> int:
        """Procore's id of a commitment."""
        rows = self.see("/world")["commitments"]
        return next(int(row["id"]) for row in rows if row["number"] == number)

    def paid(self, amount: str, commitment: str) -> Paid:
        """An exported payment application whose bill was paid today."""
        bill = self.do("/erp/bill", commitment_id=self.commitment(commitment), amount=amount)
        payment = self.do("/erp/pay", bills=[{"bill_id": bill["bill_id"]}])
        ids = payment["payment_id"], bill["bill_id"]
        [part] = self.see(f"/truth?payment_id={ids[0]}&bill_id={ids[1]}")["allocations"]
        return Paid(*ids, payment["number"], bill["bill_number"], part["origin_prefix"])

    def rows(self, paid: Paid) -> list[str]:
        """The amounts that stand in Procore for a payment."""
        return [
            row["amount"]
            for row in self.see("/world?limit=5000")["rows"]
            if (row["origin_id"] or "").startswith(f"{paid.prefix}:")
        ]

    def paidsync(self, *arguments: str) -> str:
        """The command line, on a terminal of its own; what it shows there."""
        with_settings = '. "$0" && exec "$@"'
        settings = str(self._folder / "environment.sh")
        ours, theirs = pty.openpty()
        try:
            done = subprocess.run(
                ["sh", "-c", with_settings, settings, sys.executable, "-m", "cli.main", *arguments],
                cwd=ROOT,
                env={k: v for k, v in os.environ.items() if not k.startswith(_FOREIGN)},
                stdin=subprocess.DEVNULL,
                stdout=theirs,
                stderr=subprocess.PIPE,
                timeout=300,
                check=False,
            )
            assert done.returncode == 0, done.stderr.decode()
            return os.read(ours, 1 << 16).decode()
        finally:
            os.close(theirs)
            os.close(ours)

    def enrol(self, email: str) -> "Phone":
        """An approver's authenticator app."""
        shown = self.paidsync("approvers", "add", email)
        [uri] = [word for word in shown.split() if word.startswith("otpauth://")]
        return Phone(base64.b32decode(parse_qs(urlsplit(uri).query)["secret"][0]))

    def _choose_policy(self) -> None:
        """Change the policy in the connection file and connect again, as a person does."""
        file = self._folder / f"{CONNECTION}.toml"
        text = file.read_text(encoding="utf-8")
        file.write_text(re.sub(r"^\[policy\]", _POLICY, text, flags=re.MULTILINE), encoding="utf-8")
        self.paidsync("connect", str(file))


@dataclass(frozen=True)
class Phone:
    """An authenticator app (RFC 6238), written apart from the product."""

    seed: bytes

    def code(self) -> str:
        """The six digits of a clock half a minute ahead: a slow machine has a minute for them."""
        at = (int(time.time()) // _STEP + 1) * _STEP
        return TOTP(self.seed, 6, SHA1(), _STEP).generate(at).decode()  # noqa: S303


@contextmanager
def opened(folder: Path) -> Iterator[Premises]:
    """Start everything on free ports, end all of it afterwards; plans above a limit wait."""
    try:
        _up(folder, "--port", "0", "--erp", "quickbooks_online")
        record = Record.read(folder)
        assert record is not None
        with httpx.Client(timeout=60, trust_env=False) as http:
            premises = Premises(folder, record.shown, http)
            premises._choose_policy()
            yield premises
    finally:
        _up(folder, "--down")


def _up(folder: Path, *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "sandbox.up", "--folder", str(folder), *arguments],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
