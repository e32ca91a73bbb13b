"""A run folder on a full disk: a sentence, nothing half-written, and it can still be sealed."""

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from paidsync.evidence import FolderUnusable, RunFolder
from paidsync.records import BILLS
from tests.full_disk import no_file_above

LONG = "x" * 10_000


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    return RunFolder.create(tmp_path / "runs" / "acme-us" / "1")


def _bills() -> pd.DataFrame:
    return BILLS.frame([{"bill_id": str(k), "number": f"{k * 7919}"} for k in range(5_000)])


WRITES: dict[str, Callable[[RunFolder], object]] = {
    "frame": lambda folder: folder.put_frame("bills", _bills(), BILLS),
    "document": lambda folder: folder.put_json("context", {"why": LONG}),
    "text": lambda folder: folder.put_text("summary.md", LONG),
    "manifest": lambda folder: folder.seal({"message": LONG}),
}


@pytest.mark.parametrize("what", WRITES)
def test_what_the_disk_does_not_take_leaves_nothing_half_written(
    folder: RunFolder, what: str
) -> None:
    folder.put_json("preflight", {"erp": "Xero"})
    with no_file_above(4_000), pytest.raises(FolderUnusable) as full:
        WRITES[what](folder)
    said = str(full.value)
    assert str(folder.path) in said
    assert "File too large. Make room on its disk" in said
    assert [path.name for path in folder.path.iterdir()] == ["preflight.json"]
    folder.seal({"state": "Failed"})
    sealed = json.loads((folder.path / "manifest.json").read_text(encoding="utf-8"))
    assert list(sealed["files"]) == ["preflight.json"]


def test_a_folder_that_cannot_be_made_says_where(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("not a folder", encoding="utf-8")
    with pytest.raises(FolderUnusable, match="runs/acme-us/1 cannot be written: Not a directory"):
        RunFolder.create(tmp_path / "runs" / "acme-us" / "1")
