"""Histories run without Prefect's server, and without the waiting that a slow world asks for."""

from collections.abc import Iterator

import pytest

from tests.histories.scene import without_prefect


@pytest.fixture(autouse=True)
def _without_prefect() -> Iterator[None]:
    with without_prefect():
        yield
