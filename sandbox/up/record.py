"""What `make up` writes down, so that `make down` ends exactly what was started."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Self

_FILE = "running.json"


@dataclass(slots=True)
class Record:
    """What runs: kept from the first process on, so that nothing is lost when `up` is killed."""

    folder: str
    mark: str = field(default_factory=lambda: secrets.token_hex(16))
    """What every process of this `up` bears in its environment, and hands down."""
    processes: dict[str, int] = field(default_factory=dict)
    """Ids by name, in the order in which they were started."""
    shown: dict[str, str] = field(default_factory=dict)
    """What a person is told once everything answers; empty until then."""

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """The record in a folder, if there is one."""
        try:
            return cls(**json.loads((folder / _FILE).read_text(encoding="utf-8")))
        except FileNotFoundError:
            return None

    def started(self, name: str, pid: int) -> None:
        """A process runs."""
        self.processes[name] = pid
        self._write()

    def ready(self, shown: Mapping[str, str]) -> None:
        """Everything answers."""
        self.shown = dict(shown)
        self._write()

    def forget(self) -> None:
        """Nothing runs any more."""
        (Path(self.folder) / _FILE).unlink(missing_ok=True)

    def _write(self) -> None:
        file = Path(self.folder) / _FILE
        draft = file.with_suffix(".tmp")
        draft.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")
        draft.replace(file)


def write_secret(file: Path, text: str) -> None:
    """Write a new file that only its owner can read."""
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as line:
        line.write(text)
