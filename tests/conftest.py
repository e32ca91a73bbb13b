"""What holds for every test."""

import pytest
from hypothesis import settings

pytest_plugins = ("tests.secret_watch",)

# How long an example takes is the machine's business: no test fails for it.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take longest begin, so that no worker is left alone with one in the end."""
    items.sort(key=lambda item: not {"histories", "e2e"} & {*item.path.parts})
