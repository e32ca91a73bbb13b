"""Where the year is lived: the sandbox in a process of its own, a ledger, and a connection."""

import io
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from datetime import datetime
from pathlib import Path
from typing import Any

from cli.main import main as paidsync
from paidsync.settings import settings
from sandbox.demo.place import CONNECTION, Place
from sandbox.demo.processes import Processes
from sandbox.demo.tale import Control

Json = dict[str, Any]

_CHECKOUT = Path(__file__).resolve().parents[2]
# The documented limits would be measured otherwise.
_NO_LIMIT = str(100_000_000)
_PATIENCE = 60.0


class Company:
    """The running sandbox and the connection to it."""

    def __init__(self, place: Place, erp: str, ready: Json) -> None:
        self._place = place
        self._ready = ready
        self.erp = erp
        self.connection = CONNECTION
        self.control = Control(ready["control"])

    def set_clock(self, instant: datetime) -> None:
        """What time it is in both systems."""
        self.control.ask("/clock", {"set": instant.isoformat()})

    def agree(self, policy: Json) -> None:
        """Store the connection with a policy, and tell the truth of it; a changed one is a new
        version. ``policy`` as the control API takes it."""
        self._place.write_connection(self.erp, self._ready, policy["start_date"])
        with self._place.connection_file.open("a", encoding="utf-8") as file:
            file.write(policy_as_toml(policy))
        self.paidsync("connect", str(self._place.connection_file))
        self.control.ask("/policy", policy)

    def paidsync(self, *arguments: str) -> str:
        """The command line, in this process; what it printed. Raises RuntimeError if it fails."""
        said = io.StringIO()
        with redirect_stdout(said), redirect_stderr(said):
            code = paidsync([*arguments])
        if code != 0:
            raise RuntimeError(f"paidsync {' '.join(arguments)}: {said.getvalue()}")
        return said.getvalue()


def policy_as_toml(policy: Json) -> str:
    """The policy as a connection file writes it, apart from its start date."""
    lines = []
    for name, value in policy.items():
        if name == "cut_over":
            lines.append(f"cut_over = {value}")
        elif isinstance(value, str) and name != "start_date":
            lines.append(f'{name} = "{value}"')
    for each in policy.get("map", []):
        bills = ", ".join(f'"{bill}"' for bill in each["bills"])
        lines += ["[[policy.map]]", f'application = "{each["application"]}"', f"bills = [{bills}]"]
    for each in policy.get("split", []):
        parts = ", ".join(
            f'{{application = "{part["application"]}", percent = "{part["percent"]}"}}'
            for part in each["parts"]
        )
        lines += ["[[policy.split]]", f'bill = "{each["bill"]}"', f"parts = [{parts}]"]
    return "\n".join([*lines, ""])


@contextmanager
def company(scratch: Path, erp: str, seed: int) -> Iterator[Company]:
    """The company's two systems, served, and an empty ledger; this process's environment is that
    of the product while it is entered."""
    place = Place(scratch)
    for folder in (place.logs, scratch / "tmp"):
        folder.mkdir()
    before = dict(os.environ)
    environment = place.environment(os.environ, prefect_port=0)
    del environment["PREFECT_API_URL"]
    environment |= {"PYTHONPATH": str(_CHECKOUT), "PREFECT_SERVER_EPHEMERAL_ENABLED": "false"}
    with Processes(place.logs, scratch) as processes:
        ready = _serve(processes, scratch, environment, erp, seed)
        environment |= place.write_connection(erp, ready, "2000-01-01")
        environment["PAIDSYNC_SECRET_KEY"] = _new_key()
        os.environ.clear()
        os.environ.update(environment)
        settings.cache_clear()
        try:
            with redirect_stdout(io.StringIO()):
                paidsync(["ledger", "upgrade"])
            yield Company(place, erp, ready)
        finally:
            os.environ.clear()
            os.environ.update(before)
            settings.cache_clear()


def _new_key() -> str:
    said = io.StringIO()
    with redirect_stdout(said):
        paidsync(["settings", "--new-key"])
    return said.getvalue().strip()


def _serve(
    processes: Processes, scratch: Path, environment: dict[str, str], erp: str, seed: int
) -> Json:
    ready_file = scratch / "ready.json"
    limits = ["--procore-hourly", _NO_LIMIT, "--procore-spike", _NO_LIMIT]
    world = ["--erp", erp, "--size", "empty", "--seed", str(seed)]
    command = [sys.executable, "-m", "sandbox", *world, *limits]
    processes.start("sandbox", [*command, "--ready-file", str(ready_file)], environment)
    processes.wait_for("sandbox", ready_file.exists, _PATIENCE)
    ready: Json = json.loads(ready_file.read_text(encoding="utf-8"))
    control = Control(ready["control"])
    control.ask("/erp/rates", dict.fromkeys(control.ask("/erp/rates", {}), 0))
    return ready
