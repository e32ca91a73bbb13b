"""No secret is left anywhere: neither by runs, nor by decisions, nor by what goes wrong.

The watch over the whole test run sees files and words as they are; these tests look into frames and
tables, and for secrets in whatever code.

Secrets are what the environment holds and what went over the wire: each authorization header, and
each token that a token endpoint gave or was given.
"""

import base64
import json
import logging
import os
import sqlite3
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote_plus

import httpx
import pandas as pd
import pyarrow.parquet as parquet
import pytest
from approving import ACCOUNTANT, CONTROLLER, Phone, answer, enrol
from cryptography.fernet import Fernet
from orchestra import ROOT, Orchestra
from sqlalchemy import inspect
from town import Said, Town

from cli.connect import check
from connectors.errors import OutsideError
from paidsync.settings import settings
from sandbox.erps import ERPS
from tests.secret_watch import SHORTEST, TOKENS

pytestmark = pytest.mark.timeout(300)
ALWAYS = 'approval = "always"\n'
_LISTENER = """
[listener]
procore_secret = { env = "TOWN_WEBHOOK_SECRET" }
"""
_NAMED = (
    "TOWN_PROCORE_SECRET",
    "BLUEBIRD_ERP_SECRET",
    "BLUEBIRD_ERP_TOKEN",
    "PAIDSYNC_SECRET_KEY",
    "TOWN_WEBHOOK_SECRET",
)


@dataclass
class Known:
    """Secrets by what they are."""

    secrets: dict[str, str] = field(default_factory=dict)

    def add(self, what: str, secret: str) -> None:
        if len(secret) >= SHORTEST:
            self.secrets[f"{what} {len(self.secrets)}"] = secret

    def spellings(self) -> Iterator[tuple[str, str]]:
        """Each secret as it may be written."""
        for what, secret in self.secrets.items():
            raw = secret.encode()
            yield what, secret
            yield f"{what}, in JSON", json.dumps(secret)[1:-1]
            yield f"{what}, in an address", quote_plus(secret)
            yield f"{what}, in hex", raw.hex()
            for shift in range(3):  # base64, wherever in what is encoded it begins
                coded = base64.b64encode(b"\0" * shift + raw)
                whole = coded[4 if shift else 0 : len(coded) // 4 * 4 - 4].decode()
                yield f"{what}, in base64", whole
                yield f"{what}, in base64", whole.replace("+", "-").replace("/", "_")

    def found_in(self, places: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
        """Which secret stands where."""
        spellings = set(self.spellings())
        return {
            (what.split(",")[0].rstrip("0123456789 "), place)
            for place, text in places
            for what, spelling in spellings
            if spelling in text
        }


@pytest.fixture
def known(monkeypatch: pytest.MonkeyPatch) -> Known:
    """Notes every secret that goes over the wire from now on."""
    noted = Known()
    send = httpx.Client.send

    def noting(client: httpx.Client, request: httpx.Request, **more: Any) -> httpx.Response:
        noted.add("authorization", request.headers.get("authorization", "").partition(" ")[2])
        given = parse_qs(request.content.decode(errors="replace"))
        for name in TOKENS:
            noted.add(name, given.get(name, [""])[0])
        response = send(client, request, **more)
        try:
            body = response.json()
        except ValueError:
            return response
        for name in TOKENS if isinstance(body, Mapping) else ():
            noted.add(name, str(body.get(name, "")))
        return response

    monkeypatch.setattr(httpx.Client, "send", noting)
    return noted


@dataclass
class Traces:
    """Whatever was said or left behind."""

    town: Town
    said: list[tuple[str, str]] = field(default_factory=list)

    def note(self, what: str, words: Any) -> None:
        """Something that was said."""
        told = words if isinstance(words, str) else json.dumps(words, default=str)
        self.said.append((what, told))

    def run(self, what: str, summary: Mapping[str, Any]) -> Mapping[str, Any]:
        """A run: its summary and its artifacts."""
        self.note(f"summary of {what}", dict(summary))
        for each in self.town.artifacts:
            self.note(f"artifact {each['key']} of {what}", each)
        return summary

    def command(self, *words: str, code: int = 0) -> Said:
        """A command and what it printed."""
        said = self.town.paidsync(*words)
        assert said.code == code, said.err + said.out
        self.note(f"output of {words[0]}", said.out + said.err)
        return said

    def logged(self, records: Iterable[logging.LogRecord]) -> None:
        """Log records with their values and what went wrong."""
        plain = logging.Formatter("%(name)s %(message)s")
        for record in records:
            self.note(f"log of {record.name}", f"{plain.format(record)} {record.args!r}")

    def places(self) -> Iterator[tuple[str, str]]:
        """Everything, by where it stands."""
        yield from self.said
        for path in sorted(self.town.data_dir.parent.rglob("*")):
            if path.is_file():
                yield path.name, path.read_bytes().decode("latin-1")
            if path.suffix == ".parquet":
                frame = pd.read_parquet(path)
                yield path.name, frame.to_csv() + str(parquet.read_schema(path).metadata)
        yield from _ledger(self.town)


def _ledger(town: Town) -> Iterator[tuple[str, str]]:
    ledger = town.ledger
    with ledger.engine.begin() as db:
        for table in inspect(db).get_table_names():
            rows = db.exec_driver_sql(f'SELECT * FROM "{table}"').mappings().all()
            yield f"table {table}", "\n".join(str(value) for row in rows for value in row.values())
    ledger.close()


def _connected(build: Callable[..., Town], erp: str, patch: pytest.MonkeyPatch) -> Town:
    town: Town = build(erp=erp, connect=False)
    patch.setenv("TOWN_WEBHOOK_SECRET", "canary-of-the-webhook-0123456789")
    town.do("/erp/rates", per_minute=0, per_day=0) if erp == "xero" else None
    town.do("/erp/tokens", rotate_seconds=0)  # a new refresh token each time
    town.connect(ALWAYS + _LISTENER)
    return town


@pytest.mark.parametrize("erp", ERPS)
def test_runs_decisions_and_failures_leave_no_secret_anywhere(
    erp: str,
    build: Callable[..., Town],
    known: Known,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    town = _connected(build, erp, monkeypatch)
    traces = Traces(town)
    phone = enrol(town, CONTROLLER)
    _note_environment(known, phone)

    town.paid("100.00")
    late = town.paid("50.00", 1, date=town.day(-5))
    plan = traces.run("asking", town.sync(requested_by=ACCOUNTANT))["awaiting_plan"]
    traces.command("plans", town.name)
    carried = answer(town, plan, code=phone.code(), note="seen")
    assert traces.run("approving", carried)["posted"] == 1
    traces.command("holds", town.name)
    town.decide(late, "leave")
    town.paid("70.00", 2)
    traces.run("deciding", town.sync())
    for words in (["check", town.name], ["settings"], ["ledger", "status"], ["approvers", "list"]):
        traces.command(*words)

    for name in ("TOWN_PROCORE_SECRET", "BLUEBIRD_ERP_SECRET"):  # wrong ones are secrets, too
        with monkeypatch.context() as wrong:
            wrong.setenv(name, f"canary-wrong-{name.lower()}")
            known.add("wrong", f"canary-wrong-{name.lower()}")
            traces.run("a wrong secret", town.sync())
            traces.command("check", town.name, code=1)
            with pytest.raises(OutsideError) as refused:
                check(town.name)
            traces.note("exception", "".join(traceback.format_exception(refused.value)))
    for system in ("procore", erp):
        for status in (401, 403):
            town.fault("status", system=system, status=status)
            traces.run(f"{status} of {system}", town.sync())
            town.mend()
    traces.logged(caplog.records)

    kinds = {what.rstrip("0123456789 ") for what in known.secrets}
    assert kinds >= {*_NAMED, "authorization", "access_token", "refresh_token", "seed", "wrong"}
    places = list(traces.places())
    kinds = {place.split()[0] for place, _ in places}
    assert kinds >= {"summary", "artifact", "output", "log", "exception", "table", "calls.jsonl"}
    assert {"manifest.json", "approval.json", "decision.json", "planned.parquet"} <= kinds
    assert known.found_in(places) == set()


def test_what_prefect_keeps_holds_no_secret(
    build: Callable[..., Town],
    known: Known,
    orchestra: Orchestra,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    town = _connected(build, ERPS[0], monkeypatch)
    _note_environment(known, enrol(town, CONTROLLER))
    town.paid("100.00")
    environment = {
        **orchestra.environment,
        **{name: os.environ[name] for name in (*town.environment, "TOWN_WEBHOOK_SECRET")},
        "PREFECT_LOGGING_LEVEL": "DEBUG",
        "PYTHONPATH": str(ROOT),
    }
    # Other tests hand their stand-ins' secrets to a worker as job variables, as nobody should.
    of_others = {text for _, text in _prefects_own(orchestra.home)}
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "sync", town.name],
        cwd=town.data_dir.parent,
        env=environment,
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 3, done.stderr
    kept = town.do("/erp/tokens")["refresh_token"]  # that the process was given
    known.add("rotated", kept)
    own = [each for each in _prefects_own(orchestra.home) if each[1] not in of_others]
    places = [("output", done.stdout + done.stderr), *own]
    everything = "".join(text for _, text in places)
    assert town.name in everything
    assert "waits for approval" in everything
    assert {place for place, _ in places} >= {"table block_document", "table artifact", "table log"}
    assert known.found_in(places) == set()


def _prefects_own(home: Path) -> Iterator[tuple[str, str]]:
    """Every value in the tables of Prefect's server, and what was persisted."""
    database = sqlite3.connect(f"file:{home / 'prefect.db'}?mode=ro", uri=True, timeout=30)
    names = [
        row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type='table'")
    ]
    for name in names:
        for row in database.execute(f'SELECT * FROM "{name}"').fetchall():
            yield from ((f"table {name}", str(value)) for value in row)
    database.close()
    for path in sorted((home / "storage").rglob("*")):
        if path.is_file():
            yield path.name, path.read_bytes().decode("latin-1")


def test_a_planted_secret_is_found_wherever_it_lies(
    town: Town, known: Known, caplog: pytest.LogCaptureFixture
) -> None:
    canary = "canary-planted-0123456789/+ä"
    known.secrets.clear()
    known.add("canary", canary)
    coded = base64.b64encode(f"an-id:{canary}".encode()).decode()
    traces = Traces(town)
    folder = town.data_dir / "runs"
    folder.mkdir(parents=True, exist_ok=True)
    assert known.found_in(traces.places()) == set()

    pd.DataFrame({"notes": [canary]}).to_parquet(folder / "frame.parquet")
    (folder / "calls.jsonl").write_text(json.dumps({"route": f"/x?t={quote_plus(canary)}"}))
    (folder / "basic.json").write_text(json.dumps({"authorization": f"Basic {coded}"}))
    ledger = town.ledger
    ledger.inbound.record("procore", "e1", connection=town.name, body={"what": coded})
    ledger.close()
    logging.getLogger("town").warning("Sent %s.", {"token": canary})
    traces.logged(caplog.records)
    traces.note("summary", canary)
    town.artifacts.append({"key": "a", "content": canary})
    traces.run("artifacts", {})
    try:
        raise ValueError("outer") from OSError(canary)
    except ValueError as error:
        traces.note("exception", "".join(traceback.format_exception(error)))
    found = {place for _, place in known.found_in(traces.places())}
    assert found >= {
        "frame.parquet",
        "calls.jsonl",
        "basic.json",
        "table inbound_event",
        "log of town",
        "summary",
        "artifact a of artifacts",
        "exception",
    }


def test_a_new_key_is_taken_up_as_the_security_page_says(
    build: Callable[..., Town], monkeypatch: pytest.MonkeyPatch
) -> None:
    town = _connected(build, ERPS[0], monkeypatch)
    phone = enrol(town, CONTROLLER)
    monkeypatch.setenv("PAIDSYNC_SECRET_KEY", Fernet.generate_key().decode())
    monkeypatch.setenv("BLUEBIRD_ERP_TOKEN", town.do("/erp/tokens")["refresh_token"])
    settings.cache_clear()
    said = town.paidsync("check", town.name)
    assert (said.code, "does not open the token kept" in said.err) == (2, True)

    assert town.paidsync("approvers", "remove", CONTROLLER).code == 0
    anew = enrol(town, CONTROLLER)
    assert anew.seed != phone.seed
    assert town.paidsync("connect", str(town.data_dir.parent / f"{town.name}.toml")).code == 0
    town.paid("100.00")
    plan = town.sync(requested_by=ACCOUNTANT)["awaiting_plan"]
    assert answer(town, plan, code=anew.code())["posted"] == 1


def _note_environment(known: Known, phone: Phone) -> None:
    """The secrets of the environment, and an approver's seed."""
    for name in _NAMED:
        known.add(name, os.environ[name])
    known.add("seed", base64.b32encode(phone.seed).decode())
    known.secrets["seed, raw"] = phone.seed.decode("latin-1")
