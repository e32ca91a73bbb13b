"""Fifty histories that Hypothesis draws, always the same; a failure shows its moves."""

import pytest
from hypothesis import seed

from tests.histories.machine import SHORT, Histories


@seed(4)
class _Histories(Histories):
    """Those of this seed."""


TestHistories = pytest.mark.timeout(900)(_Histories.TestCase)
TestHistories.settings = SHORT
