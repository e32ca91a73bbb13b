"""The command line in the wrong place: unknown names and options, ledgers that cannot be used."""

from collections.abc import Callable
from pathlib import Path

import pytest
from bad_input import sentence
from town import Town

from paidsync.settings import settings


@pytest.mark.parametrize(
    "arguments",
    [
        ["sync", "bluebird", "--perview"],
        ["sync", "bluebird", "extra"],
        ["sync", "--preview"],
        ["check"],
        ["connect"],
        ["ledger", "downgrade"],
        ["approve", "bluebird"],
        ["--verbose", "sync"],
        ["sync", "bluebird", "--since", "2026-02-31"],
        ["sync", "bluebird", "--project"],
    ],
    ids=" ".join,
)
def test_a_wrong_command_shows_how_it_is_used(town: Town, arguments: list[str]) -> None:
    said = town.paidsync(*arguments)
    assert said.code == 2
    assert said.err.startswith("usage: paidsync")
    assert "Traceback" not in said.err
    assert town.posts == 0


def test_unknown_connections_are_named_with_the_known_ones(town: Town) -> None:
    for arguments in (["sync", "blue bird"], ["check", "Bluebird"], ["sync", "../etc"]):
        line = sentence(town.paidsync(*arguments), 2)
        assert repr(arguments[1]) in line
        assert "known: bluebird" in line


def _point_at(patch: pytest.MonkeyPatch, url: str) -> None:
    patch.setenv("PAIDSYNC_DATABASE_URL", url)
    settings.cache_clear()


def test_a_ledger_that_can_be_read_but_not_written(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = town.data_dir / "ledger.sqlite3"
    _point_at(monkeypatch, f"sqlite:///file:{path}?mode=ro&uri=true")
    for arguments in (["connect", str(town.file())], ["approve", "bluebird", "0", "--by", "me"]):
        line = sentence(town.paidsync(*arguments), 2)
        if arguments[0] == "connect":
            assert "cannot be used: attempt to write a readonly database. Let the user" in line
            assert "UPDATE" not in line


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///{tmp}/file/ledger.sqlite3",
        "sqlite:///{tmp}",
        "postgresql://nobody@127.0.0.1:9/paidsync",
        "mysql://nobody@127.0.0.1/paidsync",
        "oracle",
    ],
    ids=["in a file", "a folder", "no server", "another database", "a word"],
)
def test_a_ledger_that_cannot_be_opened(
    build: Callable[..., Town], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str
) -> None:
    town = build(connect=False)
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    _point_at(monkeypatch, url.format(tmp=tmp_path))
    for arguments in (["ledger", "upgrade"], ["ledger", "status"], ["sync", "x"]):
        line = sentence(town.paidsync(*arguments), 2)
        assert "ledger" in line or "PAIDSYNC_DATABASE_URL" in line, line


def test_a_ledger_that_is_no_database(
    build: Callable[..., Town], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    town = build(connect=False)
    file = tmp_path / "ledger.sqlite3"
    file.write_text("Dear diary, " * 100, encoding="utf-8")
    _point_at(monkeypatch, f"sqlite:///{file}")
    for arguments in (["ledger", "upgrade"], ["ledger", "status"], ["check", "x"]):
        sentence(town.paidsync(*arguments), 2)
    assert file.read_text(encoding="utf-8").startswith("Dear diary")


@pytest.mark.parametrize("key", ["short", "k" * 44, "é"])
def test_a_key_that_is_none(build: Callable[..., Town], key: str) -> None:
    town = build(connect=False)
    town.paidsync("ledger", "upgrade")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PAIDSYNC_SECRET_KEY", key)
        settings.cache_clear()
        line = sentence(town.paidsync("connect", str(town.file())), 2)
    settings.cache_clear()
    assert "PAIDSYNC_SECRET_KEY" in line
    assert key not in line
