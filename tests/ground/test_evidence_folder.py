"""The run folder is the evidence: each file written once, known by its hash, sealed at the end."""

import hashlib
import json
import os
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from paidsync.evidence import FileRef, RunFolder, SealBroken
from paidsync.evidence.folder import read_frame, read_json, read_records
from paidsync.reasons import RunStopped
from paidsync.records import ALLOCATIONS, BILLS, CONTRACT_PAYMENTS, ENTRIES, Schema, rows_of


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path / "runs" / "acme-us" / "1")


def bills(number: str = "INV-1") -> pd.DataFrame:
    return BILLS.frame([{"bill_id": "1", "vendor_id": "v1", "number": number}])


def call(system: str = "Procore") -> dict[str, Any]:
    return {"system": system, "method": "GET", "route": "/x", "status": 200}


def manifest_of(folder: RunFolder) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder.path / "manifest.json").read_text())
    return found


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_frame_comes_back_by_its_reference(folder: RunFolder) -> None:
    rows = [
        {"contract_payment_id": "1", "amount_minor": 2**62, "currency": "USD"},
        {"contract_payment_id": "2", "amount_minor": None, "currency": "USD"},
        {"contract_payment_id": "3", "amount_minor": -5, "currency": "JPY"},
    ]
    frame = CONTRACT_PAYMENTS.frame(rows)
    ref = folder.put_frame("rows", frame, CONTRACT_PAYMENTS, amount="amount_minor")
    assert (ref.rows, ref.totals) == (3, {"JPY": -5, "USD": 2**62})
    handed_on = json.loads(json.dumps(ref.as_dict()))
    pd.testing.assert_frame_equal(read_frame(handed_on, CONTRACT_PAYMENTS), frame)


@pytest.mark.parametrize("schema", [ALLOCATIONS, BILLS, CONTRACT_PAYMENTS, ENTRIES])
@pytest.mark.parametrize("count", [0, 1, 3])
def test_records_come_back_as_the_frame_has_them(
    folder: RunFolder, schema: Schema, count: int
) -> None:
    cells: dict[str, list[Any]] = {
        "str": ["Zoë", "", None], "Int64": [2**62, None, 0], "int64": [1, 0, -1],
        "bool": [True, False, True], "boolean": [None, True, False],
    }  # fmt: skip
    frame = schema.frame(
        {name: cells[dtype][row] for name, dtype in schema.columns.items()} for row in range(count)
    )
    ref = folder.put_frame("rows", frame, schema).as_dict()
    records = read_records(ref, schema)
    assert records == rows_of(read_frame(ref, schema))
    assert [[type(cell) for cell in row.values()] for row in records] == [
        [type(cell) for cell in row.values()] for row in rows_of(frame)
    ]
    other = BILLS if schema is not BILLS else ENTRIES
    with pytest.raises(RunStopped, match="not as declared"):
        read_records(ref, other)


def test_a_document_comes_back_by_its_reference(folder: RunFolder) -> None:
    ref = folder.put_json("context", {"generation": 3, "name": "Zoë"})
    assert read_json(ref.as_dict()) == {"generation": 3, "name": "Zoë"}


def test_a_frame_that_is_not_as_declared_is_not_written(folder: RunFolder) -> None:
    with pytest.raises(RunStopped):
        folder.put_frame("bills", bills().assign(more=1), BILLS)
    assert list(folder.path.iterdir()) == []


def test_each_file_is_written_once(folder: RunFolder) -> None:
    folder.put_frame("bills", bills(), BILLS)
    folder.put_json("context", {})
    folder.put_text("report.md", "one")
    for again in (
        lambda: folder.put_frame("bills", bills("other"), BILLS),
        lambda: folder.put_json("context", {"other": 1}),
        lambda: folder.put_text("report.md", "other"),
    ):
        with pytest.raises(SealBroken, match="was written already"):
            again()
    assert (folder.path / "report.md").read_text() == "one"


def test_an_attempt_never_uses_the_folder_of_another(folder: RunFolder) -> None:
    with pytest.raises(FileExistsError):
        RunFolder.create(folder.path)


def test_nothing_is_written_into_a_sealed_folder(folder: RunFolder) -> None:
    folder.put_frame("bills", bills(), BILLS)
    folder.log_call(call())
    assert not folder.sealed
    folder.seal({"state": "Completed"})
    assert folder.sealed
    before = {path: sha256(path) for path in folder.path.iterdir()}
    for write in (
        lambda: folder.put_frame("more", bills(), BILLS),
        lambda: folder.put_json("more", {}),
        lambda: folder.put_text("more.txt", ""),
        lambda: folder.log_call(call()),
        lambda: folder.seal({"state": "Failed"}),
        lambda: folder.seal({"state": "Failed"}, keep_files=False),
    ):
        with pytest.raises(SealBroken, match="is sealed"):
            write()
    assert {path: sha256(path) for path in folder.path.iterdir()} == before


def test_the_manifest_lists_every_file_with_its_hash(folder: RunFolder) -> None:
    folder.put_frame("bills", bills(), BILLS)
    folder.put_json("context", {"a": 1})
    folder.put_text("report.md", "text")
    folder.log_call(call())
    digest = folder.seal({"state": "Completed", "run_id": "run-1"})
    manifest = manifest_of(folder)
    others = {path for path in folder.path.iterdir() if path.name != "manifest.json"}
    assert manifest["files"] == {
        path.name: {"sha256": sha256(path), "bytes": path.stat().st_size} for path in others
    }
    assert len(others) == 4
    assert (manifest["state"], manifest["run_id"]) == ("Completed", "run-1")
    assert digest == sha256(folder.path / "manifest.json")


def test_the_manifest_names_an_earlier_attempt_s_files_by_their_hash(
    folder: RunFolder, tmp_path: Path
) -> None:
    ref = folder.put_frame("bills", bills(), BILLS)
    folder.seal({})
    later = RunFolder.create(tmp_path / "2")
    later.seal({}, reused=[ref])
    assert manifest_of(later)["reused"] == {"bills": {"path": ref.path, "sha256": ref.sha256}}


def test_a_run_with_nothing_to_do_leaves_its_manifest_alone(folder: RunFolder) -> None:
    folder.put_frame("bills", bills(), BILLS)
    folder.log_call(call())
    folder.seal({"state": "NothingToDo"}, keep_files=False)
    assert [path.name for path in folder.path.iterdir()] == ["manifest.json"]
    assert manifest_of(folder)["files"] == {}


def test_files_are_read_only_once_sealed(folder: RunFolder) -> None:
    folder.put_frame("bills", bills(), BILLS)
    folder.log_call(call())
    folder.seal({})
    modes = {stat.S_IMODE(path.stat().st_mode) for path in folder.path.iterdir()}
    assert modes == {0o444}


@pytest.mark.parametrize("keep_files", [True, False])
def test_a_process_that_dies_while_sealing_leaves_a_folder_that_can_be_sealed(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch, keep_files: bool
) -> None:
    class Died(Exception):
        pass

    def half(path: Path, text: str, **_: Any) -> int:
        path.write_bytes(text.encode()[:20])
        raise Died

    folder.put_text("report.md", "text")
    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_text", half)
        with pytest.raises(Died):
            folder.seal({"state": "Completed"}, keep_files=keep_files)
    assert not folder.sealed
    folder.seal({"state": "crashed"})
    assert manifest_of(folder)["state"] == "crashed"
    assert set(manifest_of(folder)["files"]) == ({"report.md"} if keep_files else set())
    left = {path.name for path in folder.path.iterdir()} - {"manifest.json"}
    assert left == set(manifest_of(folder)["files"])


def _changed(ref: FileRef) -> None:
    path = Path(ref.path)
    path.write_bytes(path.read_bytes() + b" ")


def _replaced(ref: FileRef) -> None:
    bills("other").to_parquet(ref.path, index=False)


def _removed(ref: FileRef) -> None:
    Path(ref.path).unlink()


@pytest.mark.parametrize("attack", [_changed, _replaced, _removed])
def test_a_frame_that_is_not_the_one_written_is_refused(folder: RunFolder, attack: Any) -> None:
    ref = folder.put_frame("bills", bills(), BILLS)
    attack(ref)
    with pytest.raises(SealBroken, match="Start a new run"):
        read_frame(ref.as_dict(), BILLS)
    with pytest.raises(SealBroken, match="Start a new run"):
        read_records(ref.as_dict(), BILLS)


def test_a_document_that_was_changed_is_refused(folder: RunFolder) -> None:
    ref = folder.put_json("context", {"generation": 1})
    Path(ref.path).write_text('{"generation": 2}')
    with pytest.raises(SealBroken):
        read_json(ref.as_dict())


def test_a_reference_with_another_hash_is_refused(folder: RunFolder) -> None:
    ref = replace(folder.put_json("context", {}), sha256="0" * 64)
    with pytest.raises(SealBroken):
        read_json(ref.as_dict())


def test_calls_are_counted_by_system(folder: RunFolder) -> None:
    assert folder.calls_by_system() == {}
    for system in ("Procore", "Procore", "QuickBooks Online"):
        folder.log_call(call(system))
    assert folder.calls_by_system() == {"Procore": 2, "QuickBooks Online": 1}
    assert (folder.path / "calls.jsonl").read_text().count(os.linesep) == 3
