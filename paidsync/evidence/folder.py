"""Run folders: frames as Parquet, each known by its SHA-256; a manifest seals them."""

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
from pyarrow.parquet import ParquetFile

from paidsync.records import COUNT, FLAG, MAYBE, MONEY, TEXT, Schema, rows_of, totals

MANIFEST = "manifest.json"
CALLS = "calls.jsonl"
_UNFINISHED = "manifest.partial"
_LARGE = 1 << 20  # bytes
# How a Parquet file names the type of a column that a frame has as this dtype.
_STORED = {
    TEXT: ("large_string", "string"),
    MONEY: ("int64",),
    COUNT: ("int64",),
    FLAG: ("bool",),
    MAYBE: ("bool",),
}


class SealBroken(Exception):
    """A file is not the one that was written: changed, replaced or missing."""


class FolderUnusable(Exception):
    """A run folder cannot be written: its disk is full, or this user may not."""


@dataclass(frozen=True, slots=True)
class FileRef:
    """What a stage hands on instead of a frame; small enough for Prefect, plain JSON."""

    name: str
    path: str
    sha256: str
    rows: int
    totals: dict[str, int]  # minor units by currency, of the frame's leading amount

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


class RunFolder:
    """One attempt's folder. Nothing is written into it once it is sealed."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @classmethod
    def create(cls, path: Path) -> "RunFolder":
        """A new folder for a new attempt."""
        with _writing(path):
            path.mkdir(parents=True)
        return cls(path)

    @property
    def sealed(self) -> bool:
        """Whether the manifest stands."""
        return (self.path / MANIFEST).exists()

    @property
    def written_at(self) -> datetime:
        """When its run last wrote anything into it, a line of the call log included."""
        times = [self.path.stat().st_mtime]
        for path in self.path.iterdir():
            with suppress(FileNotFoundError):  # it may be ending at this moment
                times.append(path.stat().st_mtime)
        return datetime.fromtimestamp(max(times), UTC)

    def put_frame(
        self, name: str, frame: pd.DataFrame, schema: Schema, *, amount: str | None = None
    ) -> FileRef:
        """Write a frame of ``schema``; the reference bears the totals of column ``amount``."""
        path = self._new(f"{name}.parquet")
        with _writing(self.path, path):
            schema.check(frame).to_parquet(path, index=False)
        sums = totals(frame, amount) if amount is not None else {}
        return FileRef(name, str(path), _sha256(path), len(frame), sums)

    def put_json(self, name: str, value: Any) -> FileRef:
        """Write a small JSON document."""
        path = self._new(f"{name}.json")
        with _writing(self.path, path):
            path.write_text(json.dumps(value, indent=2, sort_keys=True) + "\n", encoding="utf-8")
        return FileRef(name, str(path), _sha256(path), 1, {})

    def put_text(self, file_name: str, text: str) -> FileRef:
        """Write a text for people."""
        path = self._new(file_name)
        with _writing(self.path, path):
            path.write_text(text, encoding="utf-8")
        return FileRef(file_name, str(path), _sha256(path), 1, {})

    def log_call(self, call: Mapping[str, Any]) -> None:
        """Append a line to the call log."""
        self._require_open()
        with _writing(self.path), (self.path / CALLS).open("a", encoding="utf-8") as log:
            log.write(json.dumps(dict(call), separators=(",", ":")) + "\n")

    def calls_by_system(self) -> dict[str, int]:
        """How many calls this attempt made."""
        counts: dict[str, int] = {}
        log = self.path / CALLS
        if log.exists():
            for line in log.read_text(encoding="utf-8").splitlines():
                system = json.loads(line)["system"]
                counts[system] = counts.get(system, 0) + 1
        return counts

    def seal(
        self, facts: Mapping[str, Any], *, reused: Iterable[FileRef] = (), keep_files: bool = True
    ) -> str:
        """Write the manifest: the SHA-256 of every file, and ``facts``. Answers the manifest's own
        SHA-256. With ``keep_files`` off, a run that had nothing to do leaves the manifest alone."""
        self._require_open()
        unfinished = self.path / _UNFINISHED
        unfinished.unlink(missing_ok=True)
        files = sorted(path for path in self.path.iterdir() if path.is_file())
        if not keep_files:
            for path in files:
                path.unlink()
            files = []
        manifest = {
            **facts,
            "files": {
                path.name: {"sha256": _sha256(path), "bytes": path.stat().st_size} for path in files
            },
            "reused": {ref.name: {"path": ref.path, "sha256": ref.sha256} for ref in reused},
        }
        text = json.dumps(manifest, indent=2, sort_keys=True) + "\n"
        with _writing(self.path, unfinished):
            unfinished.write_text(text, encoding="utf-8")
        for written in (*files, unfinished):
            written.chmod(0o444)
        # Whole or not at all: a process that dies here leaves a folder that can still be sealed.
        path = unfinished.rename(self.path / MANIFEST)
        return _sha256(path)

    def _require_open(self) -> None:
        if self.sealed:
            raise SealBroken(f"{self.path} is sealed; nothing is written into it any more.")

    def _new(self, file_name: str) -> Path:
        self._require_open()
        path = self.path / file_name
        if path.exists():
            raise SealBroken(f"{path} was written already; a run writes each file once.")
        return path


@contextmanager
def _writing(folder: Path, file: Path | None = None) -> Iterator[None]:
    """Whole or not at all: of a ``file`` that the disk does not take nothing stays."""
    try:
        yield
    except FileExistsError:  # a fault of ours: each attempt has a folder of its own
        raise
    except OSError as error:
        if file is not None:
            with suppress(OSError):
                file.unlink(missing_ok=True)
        reason = os.strerror(error.errno) if error.errno else str(error)
        raise FolderUnusable(
            f"The run folder {folder} cannot be written: {reason}. Make room on its disk, or let "
            "the user that runs PaidSync write there; the next run goes on where this one stopped."
        ) from error


def read_frame(ref: Mapping[str, Any], schema: Schema) -> pd.DataFrame:
    """The frame behind a reference, if it is still the one that was written (SealBroken if not)."""
    table = _table(ref)
    return schema.check(table.to_pandas(use_threads=_is_large(table)))


def read_records(ref: Mapping[str, Any], schema: Schema) -> list[dict[str, Any]]:
    """The rows of the frame behind a reference, as `records.rows_of` has them, in a quarter of the
    time: nothing becomes a frame on the way."""
    table = _table(ref)
    if not _is_of(table.schema, schema):
        return rows_of(schema.check(table.to_pandas()))
    columns = [
        [None if cell == "" else cell for cell in each.to_pylist()] for each in table.columns
    ]
    return [dict(zip(schema.columns, cells, strict=True)) for cells in zip(*columns, strict=True)]


def _table(ref: Mapping[str, Any]) -> pa.Table:
    path = _checked(ref)
    # pandas takes it for a data set of many files, and begins threads for the smallest.
    return ParquetFile(path).read(use_threads=path.stat().st_size > _LARGE)


def _is_large(table: pa.Table) -> bool:
    return bool(table.nbytes > _LARGE)


def _is_of(stored: pa.Schema, schema: Schema) -> bool:
    """Whether a file has just the columns declared, in their order."""
    return stored.names == [*schema.columns] and all(
        str(stored_type) in _STORED[dtype]
        for stored_type, dtype in zip(stored.types, schema.columns.values(), strict=True)
    )


def read_json(ref: Mapping[str, Any]) -> Any:
    """The document behind a reference, if it is still the one that was written."""
    return json.loads(_checked(ref).read_text(encoding="utf-8"))


def _checked(ref: Mapping[str, Any]) -> Path:
    path = Path(ref["path"])
    if not path.exists():
        raise SealBroken(f"{path} is gone; the run cannot go on without it. Start a new run.")
    if _sha256(path) != ref["sha256"]:
        raise SealBroken(f"{path} is not the file that was written. Start a new run.")
    return path


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
