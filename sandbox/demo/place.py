"""Where the demonstration keeps what it makes, and the environment that its commands see."""

from __future__ import annotations

import fcntl
import re
import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sandbox.erps import connection_section

CONNECTION = "bluebird"
# Settings of the person who starts the demonstration; none of them may reach its own systems.
_FOREIGN = re.compile(r"^(PAIDSYNC_|PREFECT_|BLUEBIRD_)")

_CONNECTION_FILE = """\
# Bluebird Construction, an invented company: both its systems are stand-ins on this machine.
# The file names secrets and never holds them.
name = "{name}"

[procore]
company_id = {company_id}
api_url = "{api_url}"
auth_url = "{auth_url}"
client_id = "{client_id}"
client_secret = {{ env = "BLUEBIRD_PROCORE_SECRET" }}

{erp}
[policy]
start_date = {start_date}
"""


class DemoFailed(Exception):
    """What went wrong, as a sentence."""


@dataclass(frozen=True, slots=True)
class Place:
    """The folder `.paidsync/demo` of a checkout."""

    root: Path

    @property
    def logs(self) -> Path:
        """What the commands and the servers wrote beside their output."""
        return self.root / "logs"

    @property
    def data(self) -> Path:
        """PaidSync's own folder: the ledger and the run folders."""
        return self.root / "data"

    @property
    def runs(self) -> Path:
        """The run folders of the connection."""
        return self.data / "runs" / CONNECTION

    @property
    def connection_file(self) -> Path:
        """What `paidsync connect` is given."""
        return self.root / f"{CONNECTION}.toml"

    @property
    def summary(self) -> Path:
        """What the demonstration came to."""
        return self.root / "summary.json"

    def write_connection(
        self, erp: str, ready: Mapping[str, Any], start_date: str
    ) -> dict[str, str]:
        """Write the connection file for an ERP; answers the secrets that it names."""
        text, secrets = connection_text(CONNECTION, erp, ready, start_date)
        self.connection_file.write_text(text, encoding="utf-8")
        return secrets

    def write_environment(self, environment: Mapping[str, str]) -> Path:
        """Write what a person's own commands need to work with these systems; the file."""
        file = self.root / "environment.sh"
        file.touch(mode=0o600)
        names = ("PAIDSYNC_", "PREFECT_", "BLUEBIRD_", "NO_PROXY")
        file.write_text(
            "".join(
                f"export {name}={shlex.quote(value)}\n"
                for name, value in sorted(environment.items())
                if name.startswith(names)
            ),
            encoding="utf-8",
        )
        return file

    def environment(self, outer: Mapping[str, str], prefect_port: int) -> dict[str, str]:
        """The environment of every process that is started here."""
        own = {name: value for name, value in outer.items() if not _FOREIGN.match(name)}
        if sys.dont_write_bytecode:  # else every process would compile half of Prefect anew
            own |= {
                "PYTHONDONTWRITEBYTECODE": "",
                "PYTHONPYCACHEPREFIX": str(self.root / "bytecode"),
            }
        prefect = self.root / "prefect"
        return own | {
            "PAIDSYNC_DATA_DIR": str(self.data),
            # An unanswered write may be judged at once: nothing here is slower than this machine.
            "PAIDSYNC_SENDING_GRACE_SECONDS": "0",
            "PREFECT_HOME": str(prefect),
            "PREFECT_API_URL": f"http://127.0.0.1:{prefect_port}/api",
            "PREFECT_UI_STATIC_DIRECTORY": str(prefect / "ui"),
            "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
            "DO_NOT_TRACK": "1",
            "TMPDIR": str(self.root / "tmp"),
            "PYTHONUNBUFFERED": "1",
            # Artifacts and commands on one machine: no proxy stands in between.
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
        }


def connection_text(
    name: str, erp: str, ready: Mapping[str, Any], start_date: str
) -> tuple[str, dict[str, str]]:
    """A connection file of the company in one ERP, and the secrets that it names.

    The secrets' names begin with the connection's, so that several can live in one environment.
    """
    procore = ready[erp]["procore"]
    section, secrets = connection_section(erp, ready[erp])
    text = _CONNECTION_FILE.format(name=name, **procore, erp=section, start_date=start_date)
    secrets = {"BLUEBIRD_PROCORE_SECRET": procore["client_secret"], **secrets}
    prefix = f"{name.upper().replace('-', '_')}_"
    return (
        text.replace('"BLUEBIRD_', f'"{prefix}'),
        {key.replace("BLUEBIRD_", prefix, 1): value for key, value in secrets.items()},
    )


@contextmanager
def fresh_place(checkout: Path) -> Iterator[Place]:
    """A new, empty `.paidsync/demo`, for one demonstration at a time."""
    above = checkout / ".paidsync"
    above.mkdir(exist_ok=True)
    with (above / "demo.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise DemoFailed(
                "Another demonstration runs in this checkout; stop it with Ctrl-C first."
            ) from None
        place = Place(above / "demo")
        shutil.rmtree(place.root, ignore_errors=True)
        for folder in (place.root, place.logs, place.root / "tmp"):
            folder.mkdir(exist_ok=True)
        yield place
