"""Every ERP of ``registered.py`` in turn, each with books of its own for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.connectors.suite.bench import Bench
from tests.connectors.suite.desk import Desk, seated
from tests.connectors.suite.office import Office, serve
from tests.connectors.suite.registered import REGISTERED


def pytest_configure(config: pytest.Config) -> None:
    """The marks of ``bench.py``."""
    config.addinivalue_line("markers", "needs(*can): only ERPs in which people can do this")
    config.addinivalue_line("markers", "where(fits): only ERPs that fit")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test is made once for each ERP that fits it, and not at all for the others."""
    if "bench" not in metafunc.fixturenames:
        return
    can = {one for mark in metafunc.definition.iter_markers("needs") for one in mark.args}
    fits = [mark.kwargs["fits"] for mark in metafunc.definition.iter_markers("where")]
    found = [bench for bench in REGISTERED if bench.can >= can and all(fit(bench) for fit in fits)]
    names = [bench.name for bench in found]
    metafunc.parametrize("bench", found, ids=names, scope="module")


def _office(bench: Bench, size: str, folder: Path) -> Iterator[Office]:
    with serve(bench, size) as running:
        office = Office(bench, running.ready, folder)
        yield office
        office.http.close()


@pytest.fixture
def office(bench: Bench, tmp_path: Path) -> Iterator[Office]:
    """Books with vendors and nothing else."""
    yield from _office(bench, "empty", tmp_path)


@pytest.fixture
def desk(office: Office) -> Iterator[Desk]:
    """The connector on these books."""
    with seated(office) as opened:
        yield opened


@pytest.fixture(scope="module")
def archive(bench: Bench, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    """Years of books, with more payments than any page holds; shared by the tests of a file."""
    yield from _office(bench, "10k", tmp_path_factory.mktemp(bench.name))


@pytest.fixture
def archivist(archive: Office) -> Iterator[Desk]:
    """The connector on the years of books."""
    with seated(archive) as opened:
        yield opened
