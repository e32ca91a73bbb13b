"""The run folders: what an auditor finds in them."""

import hashlib
import itertools
from pathlib import Path

from town import Town, folders, manifest


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_every_file_is_in_the_manifest_under_its_hash(town: Town) -> None:
    town.paid("100.00")
    summary = town.settled(posted=1)
    folder = Path(summary["folder"])
    sealed = manifest(folder)
    there = {path.name for path in folder.iterdir()} - {"manifest.json"}
    assert set(sealed["files"]) == there
    expected = {
        "allocations.parquet", "applications.parquet", "bills.parquet", "calls.jsonl",
        "commitments.parquet", "context.json", "decided.parquet", "dispositions.parquet",
        "faults.parquet", "planned.parquet", "preflight.json", "procore_before.parquet",
        "rules.json", "summary.json", "summary.md", "verified_0001.parquet",
    }  # fmt: skip
    assert there == expected
    for name, facts in sealed["files"].items():
        assert _sha256(folder / name) == facts["sha256"]
    text = "".join(path.read_text(errors="replace") for path in folder.iterdir())
    for secret in ("TOWN_PROCORE_SECRET", "BLUEBIRD_ERP_SECRET", "BLUEBIRD_ERP_TOKEN"):
        assert town.environment[secret] not in text


def test_the_manifests_are_a_chain(town: Town) -> None:
    town.paid("100.00")
    town.settled(posted=1)
    town.sync("preview")
    town.paid("50.00", 1)
    town.settled(posted=1)
    places = folders(town)
    assert manifest(places[0])["previous_manifest"] is None
    for before, after in itertools.pairwise(places):
        assert manifest(after)["previous_manifest"] == _sha256(before / "manifest.json")


def test_a_run_with_nothing_to_do_leaves_a_manifest_alone(town: Town) -> None:
    town.paid("100.00")
    town.settled(posted=1)
    summary = town.settled(state="NothingToDo")
    assert [path.name for path in Path(summary["folder"]).iterdir()] == ["manifest.json"]


def test_a_run_that_fails_is_sealed_with_what_it_had(town: Town) -> None:
    town.fault("status", status=403, route="/companyinfo", system="quickbooks_online", rate=1)
    summary = town.sync()
    assert summary["state"] == "Failed"
    assert manifest(summary["folder"])["state"] == "Failed"
    assert "calls.jsonl" in manifest(summary["folder"])["files"]
