"""Starts everything, one after the other, as the README tells a person to."""

from __future__ import annotations

import json
import os
import re
import secrets
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import httpx

from sandbox.demo.place import Place, connection_text
from sandbox.demo.processes import Processes, free_port, script
from sandbox.demo.screen import Screen

from .ending import MARK
from .record import Record, write_secret

CHECKOUT = Path(__file__).resolve().parent.parent.parent
POOL = "paidsync"
_PATIENCE = 300.0
_LISTENER_PORT = 8600
_ACCOUNTANT = "accountant@bluebird.example"
_LISTENER = """
[listener]
public_url = "{url}"
procore_secret = {{ env = "{webhook}" }}
"""
_ENVIRONMENT_OF_A_PERSON = re.compile(r"^\s*(?:export\s+)?(PAIDSYNC_\w+)\s*=", re.MULTILINE)


@dataclass(slots=True)
class Start:
    """One `make up`, on its way."""

    place: Place
    processes: Processes
    record: Record
    screen: Screen
    environment: dict[str, str]
    login: str
    port: int
    listener: str

    def everything(self, erps: tuple[str, ...]) -> dict[str, str]:
        """Start it, wait until it answers; what a person is told."""
        self._serve(
            "prefect-server",
            [*_prefect("server", "start"), "--host", "127.0.0.1", "--port", str(self.port)],
            PREFECT_SERVER_API_AUTH_STRING=self.login,
        )
        ready_file = self.place.root / "ready.json"
        erp_arguments = [part for erp in erps for part in ("--erp", erp)]
        self._serve(
            "sandbox",
            [sys.executable, "-m", "sandbox", *erp_arguments, "--ready-file", str(ready_file)],
        )
        key = self._run("new-key", *_paidsync("settings", "--new-key"))
        self.environment["PAIDSYNC_SECRET_KEY"] = key.strip()
        self._tell("paidsync", "ledger", "upgrade")
        self.processes.wait_for("sandbox", ready_file.exists, _PATIENCE)
        self.processes.wait_for(
            "prefect-server", lambda: self._api("/health").is_success, _PATIENCE
        )

        ready = json.loads(ready_file.read_text(encoding="utf-8"))
        self._tell("prefect", "work-pool", "create", POOL, "--type", "process")
        self._tell("prefect", "variable", "set", "paidsync_home", str(CHECKOUT))
        names = [self._connect(erp, ready) for erp in erps]
        self._tell("prefect", "--no-prompt", "deploy", "--all", where=CHECKOUT)
        self._tell("paidsync", "automations", "load")
        self._serve("worker", _paidsync("worker"))
        self._serve("listener", _paidsync("listen", "--port", self.listener.rsplit(":", 1)[1]))
        self.processes.wait_for("listener", self._listener_answers, _PATIENCE)
        self.processes.wait_for("worker", self._worker_is_online, _PATIENCE)
        exports = self.place.write_environment(self.environment)
        return self._shown(names, ready, exports)

    def _serve(self, name: str, command: list[str], **more: str) -> None:
        self.record.started(name, self.processes.start(name, command, self.environment | more))

    def _run(self, name: str, *command: str, where: Path | None = None) -> str:
        return self.processes.run(name, [*command], self.environment, good=(0,), where=where)

    def _tell(self, *words: str, where: Path | None = None) -> None:
        """Run a command, and show it as it is typed."""
        self.screen.command(" ".join(_near(word) for word in words))
        start = _paidsync if words[0] == "paidsync" else _prefect
        name = "-".join(Path(word).stem for word in words[:3] if word[0] != "-")
        self._run(name, *start(*words[1:]), where=where)

    def _connect(self, erp: str, ready: Mapping[str, Any]) -> str:
        """A connection of the company in one ERP; its name."""
        name = f"bluebird-{erp.replace('_', '-')}"
        clock = httpx.get(f"{ready[erp]['control']}/clock", trust_env=False, timeout=30).json()
        start = (date.fromisoformat(clock["today"]) - timedelta(days=365)).isoformat()
        text, named = connection_text(name, erp, ready, start)
        webhook = f"{name.upper().replace('-', '_')}_WEBHOOK"
        text += _LISTENER.format(url=self.listener, webhook=webhook)
        file = self.place.root / f"{name}.toml"
        file.write_text(text, encoding="utf-8")
        self.environment |= {**named, webhook: secrets.token_urlsafe(32)}
        self._tell("paidsync", "connect", str(file))
        return name

    def _api(self, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        """Ask the Prefect server; an answer that says 503 where it does not listen yet."""
        try:
            return httpx.request(
                "GET" if body is None else "POST",
                self.environment["PREFECT_API_URL"] + path,
                json=body,
                auth=httpx.BasicAuth(*self.login.split(":")),
                trust_env=False,
                timeout=10,
            )
        except httpx.HTTPError:
            return httpx.Response(503)

    def _server_answers(self) -> bool:
        return self._api("/health").is_success

    def _listener_answers(self) -> bool:
        try:
            return httpx.get(f"{self.listener}/health", trust_env=False, timeout=10).is_success
        except httpx.HTTPError:
            return False

    def _worker_is_online(self) -> bool:
        reply = self._api(f"/work_pools/{POOL}/workers/filter", {})
        return reply.is_success and any(each["status"] == "ONLINE" for each in reply.json())

    def _shown(self, names: list[str], ready: Mapping[str, Any], exports: Path) -> dict[str, str]:
        near = _near(str(exports))
        return {
            "Prefect UI": self.environment["PREFECT_API_URL"].removesuffix("/api"),
            "log in with": f"the line that `cat {_near(str(self.place.root / 'login'))}` shows",
            "press": "Deployments, preview, Run, Custom run; choose a connection, Submit",
            "requested by": f"{_ACCOUNTANT}, who may ask for runs in the sandbox's Procore",
            "connections": ", ".join(names),
            "listener": f"{self.listener} (Procore's button)",
            "both systems": f"control API {ready['control']}",
            "on your own": f". {near} && .venv/bin/paidsync sync {names[0]} --preview",
            "what is logged": _near(str(self.place.logs)),
            "end it": "make down",
        }


def begin(place: Place, processes: Processes, record: Record, screen: Screen, wished: int) -> Start:
    """A start with its login and the environment that every process sees; the UI has the port that
    is wished for where it is free."""
    port = _a_port(wished)
    login = f"admin:{secrets.token_urlsafe(24)}"
    write_secret(place.root / "login", login + "\n")
    environment = {
        **_blank_settings(),
        **place.environment(os.environ, port),
        "PREFECT_API_AUTH_STRING": login,
        "PREFECT_SERVER_EPHEMERAL_ENABLED": "false",
        # How it logs is the one thing that a person may choose for it.
        "PAIDSYNC_LOG_FORMAT": os.environ.get("PAIDSYNC_LOG_FORMAT", ""),
        MARK: record.mark,
    }
    # Who does not mind which port the UI has runs beside others, whose listener must not be met.
    listener = f"http://127.0.0.1:{_a_port(_LISTENER_PORT if wished else 0)}"
    return Start(place, processes, record, screen, environment, login, port, listener)


def _a_port(wished: int) -> int:
    """The port that is wished for where there is a wish and it is free, else any other."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wished))
        except OSError:
            return free_port()
    return wished or free_port()


def _blank_settings() -> dict[str, str]:
    """The checkout may hold the `.env` of real companies, and a run works in the checkout: what is
    set there counts as not set here."""
    file = CHECKOUT / ".env"
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    return dict.fromkeys(_ENVIRONMENT_OF_A_PERSON.findall(text), "")


def _paidsync(*words: str) -> list[str]:
    return [*script("paidsync", "cli.main"), *words]


def _prefect(*words: str) -> list[str]:
    return [*script("prefect", "prefect"), *words]


def _near(text: str) -> str:
    """A path as seen from the checkout; anything else as it is."""
    return text.replace(f"{CHECKOUT}/", "")
