"""Histories in which something did not hold once, played again."""

from pathlib import Path

import pytest

from tests.histories.cases import CASES, Case


@pytest.mark.parametrize("file", sorted(CASES.glob("*.json")), ids=lambda file: file.stem)
def test_what_once_went_wrong_goes_well(file: Path) -> None:
    Case.read(file).play()
