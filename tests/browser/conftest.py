"""One `make up` and one Chromium for all tests in the browser."""

import shutil
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from tests.browser.prefect_ui import CHROMIUM, PrefectUi, browser
from tests.browser.premises import Premises, opened

_FAILED = pytest.StashKey[bool]()


@pytest.fixture(scope="session")
def chromium() -> str:
    """The browser; without it the tests are skipped."""
    found = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if found is None:
        pytest.skip("browser tests: there is no Chromium (Debian: apt install chromium)")
    return found


@pytest.fixture(scope="session")
def premises(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Premises]:
    """Everything that PaidSync needs, running."""
    with opened(tmp_path_factory.mktemp("browser") / "up") as found:
        yield found


@pytest.fixture(scope="session")
def _logged_in(
    chromium: str, premises: Premises, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[PrefectUi]:
    with browser(chromium, tmp_path_factory.mktemp("profile"), premises.ui) as ui:
        ui.log_in(premises.login)
        yield ui


@pytest.fixture
def ui(
    _logged_in: PrefectUi, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[PrefectUi]:
    """The UI, logged in; what it showed stays in the test's folder where the test fails."""
    yield _logged_in
    if request.node.stash.get(_FAILED, False):
        _logged_in.page.screenshot(path=tmp_path / "page.png", full_page=True)
        (tmp_path / "page.html").write_text(_logged_in.page.content(), encoding="utf-8")
        print(f"The page as it was: {tmp_path}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Whether a test failed, for its fixtures."""
    report = yield
    if call.when == "call":
        item.stash[_FAILED] = report.failed
    return report
