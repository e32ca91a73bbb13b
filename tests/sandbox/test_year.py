"""Some days of the benchmark's year: Procore equals the truth after each sync, come what may."""

import functools
from pathlib import Path

import pytest

from benchmarks.year.place import company
from benchmarks.year.walk import walk
from expectations import bill_payments, payment_applications
from sandbox.erps import ERPS


@pytest.mark.parametrize("erp", ERPS)
def test_five_business_days_of_the_year_end_equal_to_the_truth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, erp: str
) -> None:
    for module in (bill_payments, payment_applications):
        # The questions are put together once instead of at each run: half of a small run's time.
        monkeypatch.setattr(module, "suite", functools.cache(module.suite))
    said: list[str] = []
    with company(tmp_path, erp, seed=7) as here:
        year = walk(here, days=5, allocations=60, seed=7, between=False, say=said.append)
    assert year.differences == [], "\n".join(said)
    assert year.syncs == 5
    assert year.posted > 10
    assert year.holds.total() > 0
