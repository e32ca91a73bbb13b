"""README's table of ERPs and the pages in ``docs/erps`` say what the connectors do."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from connectors.connection import ConnectionFile, read
from connectors.credentials import SecretRef
from connectors.erp import Erp
from connectors.registry import ErpSettings, open_erp
from tests.connectors.keeper import MemoryKeeper

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
PAGES = ROOT / "docs/erps"
# MYOB Advanced is Acumatica under another name, with a row of its own.
NINE = {
    "QuickBooks Online", "Xero", "NetSuite", "Acumatica", "MYOB Advanced", "Workday",
    "Yardi Voyager", "CMiC", "MRI Platform X",
}  # fmt: skip
SETTINGS: dict[str, type[BaseModel]] = {
    get_args(model.model_fields["type"].annotation)[0]: model
    for model in get_args(get_args(ErpSettings)[0])
}
COLUMNS = {
    "change feed": "change_feed",
    "sees deletes": "sees_deletes",
    "payment method": "gives_payment_method",
}
# Where the sentences come from that a page explains.
SPEAKERS = ("connectors", "cli", "paidsync")

every_erp = pytest.mark.parametrize("name", SETTINGS)


def page_of(name: str) -> Path:
    return PAGES / f"{name.replace('_', '-')}.md"


def section(document: Path, title: str) -> str:
    """A section of a page, without its title."""
    text = document.read_text(encoding="utf-8")
    return text.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def table(text: str) -> list[dict[str, str]]:
    """The first table of a text, row by row, by its columns."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [dict(zip(cells[0], row, strict=True)) for row in cells[2:]]


def rows() -> dict[str, dict[str, str]]:
    """README's table, by the ERP's title."""
    found = table(section(README, "Which ERPs"))
    return {re.sub(r"\[(.+)\]\(.+\)", r"\1", row["ERP"]): row for row in found}


def example(name: str) -> ConnectionFile:
    return read(ROOT / f"connections/{name}.example.toml")


def opened(name: str) -> Erp:
    settings = example(name).erp
    return open_erp(settings, tokens=MemoryKeeper(), on_call=lambda _: None, longest_wait=0)


def secrets_of(part: BaseModel) -> Iterator[str]:
    for _, value in part:
        if isinstance(value, SecretRef) and value.env:
            yield value.env


@cache
def spoken() -> str:
    """Every text in the code that may reach a person."""
    trees = (
        ast.parse(path.read_text(encoding="utf-8"))
        for room in SPEAKERS
        for path in sorted((ROOT / room).rglob("*.py"))
    )
    return "\n".join(
        node.value
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def links(document: Path) -> Iterator[Path]:
    """Where a document's links within the repository lead."""
    for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", document.read_text(encoding="utf-8")):
        if ":" not in target:
            yield (document.parent / target).resolve()


def test_the_table_has_the_nine_erps() -> None:
    assert set(rows()) == NINE


@every_erp
def test_an_erp_that_can_be_connected_has_a_page_and_a_row_that_links_to_it(name: str) -> None:
    page, title = page_of(name), opened(name).title
    assert page.read_text(encoding="utf-8").startswith(f"# {title}\n")
    assert rows()[title]["ERP"] == f"[{title}]({page.relative_to(ROOT)})"
    assert "to come" not in rows()[title]["state"]


def test_the_others_are_to_come_and_have_no_page() -> None:
    others = set(rows()) - {opened(name).title for name in SETTINGS}
    assert all(rows()[title]["state"] == "to come" for title in others)
    assert set(PAGES.glob("*")) == {page_of(name) for name in SETTINGS}


@every_erp
def test_the_example_can_be_read_without_its_secrets(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = example(name)
    named = [*secrets_of(written.procore), *secrets_of(written.erp)]
    assert len(named) == len(set(named)) > 1
    for each in named:
        monkeypatch.delenv(each, raising=False)
    assert example(name).erp_name == name


@every_erp
@pytest.mark.parametrize("column", COLUMNS)
def test_the_table_says_what_the_connector_says_of_itself(name: str, column: str) -> None:
    erp = opened(name)
    said = re.match(r"yes|no\b", rows()[erp.title][column])
    assert said is not None
    assert (said[0] == "yes") is getattr(erp.capabilities, COLUMNS[column])


@every_erp
def test_every_setting_is_explained(name: str) -> None:
    page = page_of(name).read_text(encoding="utf-8")
    missing = [each for each in SETTINGS[name].model_fields if f"`{each}`" not in page]
    assert not missing


@every_erp
def test_every_sentence_explained_is_one_that_a_person_may_read(name: str) -> None:
    explained = table(section(page_of(name), "What you may read, and what to do"))
    sentences = [each for row in explained for each in re.findall(r"\*(.+?)\*", row["sentence"])]
    assert len(sentences) >= 10
    pieces = [piece.strip() for each in sentences for piece in each.split("…")]
    assert [piece for piece in pieces if piece not in spoken()] == []


@pytest.mark.parametrize("document", [README, *map(page_of, SETTINGS)], ids=lambda path: path.name)
def test_every_link_leads_somewhere(document: Path) -> None:
    assert [target for target in links(document) if not target.exists()] == []
