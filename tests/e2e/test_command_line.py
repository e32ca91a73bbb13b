"""``paidsync`` as a person meets it: exit codes, and one sentence where something is wrong."""

import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from orchestra import ROOT
from town import Said, Town

from paidsync.settings import settings

_HEAVY = ("prefect", "pandas", "great_expectations", "sqlalchemy", "httpx", "pydantic")


def _sentence(said: Said, code: int) -> str:
    """One line on standard error, no traceback; the line."""
    assert said.code == code, said
    lines = said.err.strip().splitlines()
    assert len(lines) == 1, said.err
    assert lines[0].startswith("paidsync: ")
    assert "Traceback" not in said.err
    return lines[0]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--help"], 0),
        (["sync", "--help"], 0),
        (["ledger", "--help"], 0),
        (["connect", "--help"], 0),
        ([], 2),
        (["synk"], 2),
        (["sync"], 2),
        (["ledger"], 2),
        (["sync", "acme", "--since", "yesterday"], 2),
        (["sync", "acme", "--sinse", "2026-01-01"], 2),
        (["approve", "acme", "0123"], 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_help_and_usage_errors_load_nothing_heavy(arguments: list[str], code: int) -> None:
    script = (
        "import sys\nfrom cli.main import main\ntry:\n    code = main(sys.argv[1:])\n"
        "except SystemExit as end:\n    code = end.code or 0\n"
        f"print([name for name in {_HEAVY} if name in sys.modules], code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == f"[] {code}", done.stdout + done.stderr


def test_connect_prints_what_it_may_do_and_what_to_know(build: Callable[..., Town]) -> None:
    town = build(connect=False)
    town.paidsync("ledger", "upgrade")
    said = town.paidsync("connect", str(town.file()))
    assert said.code == 0, said.err
    assert "Bluebird Construction" in said.out
    assert "home currency USD, days in America/Los_Angeles" in said.out
    assert "ERP Integrations: admin" in said.out
    assert "3 active projects of 3 visible" in said.out
    assert f"Connected {town.name}, policy version 1." in said.out
    assert town.paidsync("check", town.name).code == 0


@pytest.mark.parametrize(
    ("level", "says"),
    [("none", "shows no ERP Integrations tool"), ("read_only", "Standard or Admin is needed")],
)
def test_connect_says_which_permission_is_missing(
    build: Callable[..., Town], level: str, says: str
) -> None:
    town = build(connect=False)
    town.paidsync("ledger", "upgrade")
    town.do("/procore/tool", name="erp_integrations", enabled=True, level=level)
    line = _sentence(town.paidsync("connect", str(town.file())), 1)
    assert says in line
    assert town.ledger.connections.all() == []


def test_connect_refuses_another_company_under_a_known_name(
    build: Callable[..., Town], monkeypatch: pytest.MonkeyPatch
) -> None:
    town = build()
    other = build(seed=8, connect=False)
    monkeypatch.setenv("PAIDSYNC_SECRET_KEY", town.environment["PAIDSYNC_SECRET_KEY"])
    settings.cache_clear()
    line = _sentence(other.paidsync("connect", str(other.file())), 2)
    assert "stands for" in line
    assert "another name" in line


def test_connect_with_wrong_files(build: Callable[..., Town], tmp_path: Path) -> None:
    town = build(connect=False)
    town.paidsync("ledger", "upgrade")
    assert "cannot be read" in _sentence(town.paidsync("connect", "nowhere.toml"), 2)
    assert "cannot be read" in _sentence(town.paidsync("connect", str(tmp_path)), 2)
    file = town.file()
    good = file.read_text(encoding="utf-8")
    wrong = {
        "name = ": "is not TOML",
        good.replace('name = "bluebird"', 'name = "Blue Bird"'): "name",
        good.replace("start_date", "starting_date"): "policy.start_date",
        good.replace(
            "BLUEBIRD_ERP_SECRET", "TOWN_NO_SUCH_SECRET"
        ): "TOWN_NO_SUCH_SECRET is not set",
        good.replace('type = "quickbooks_online"', 'type = "pacioli"'): "erp",
        good.replace("http://127.0.0.1", "http://erp.example"): "https",
        good + "\nclient_secret = 'in the clear'": "client_secret",
    }
    for text, says in wrong.items():
        file.write_text(text, encoding="utf-8")
        assert says in _sentence(town.paidsync("connect", str(file)), 2), text
    file.write_bytes(b"\xff\xfe\x00name")
    _sentence(town.paidsync("connect", str(file)), 2)
    assert town.ledger.connections.all() == []


def test_connect_with_wrong_credentials(
    build: Callable[..., Town], monkeypatch: pytest.MonkeyPatch
) -> None:
    town = build(connect=False)
    town.paidsync("ledger", "upgrade")
    monkeypatch.setenv("TOWN_PROCORE_SECRET", "not the secret")
    line = _sentence(town.paidsync("connect", str(town.file())), 1)
    assert "Procore" in line
    assert "not the secret" not in line


def test_no_ledger_an_empty_one_and_none_that_can_be_opened(
    build: Callable[..., Town], monkeypatch: pytest.MonkeyPatch
) -> None:
    town = build(connect=False)
    for arguments in (["sync", "x"], ["check", "x"], ["ledger", "status"], ["connect", "f.toml"]):
        assert "paidsync ledger upgrade" in _sentence(town.paidsync(*arguments), 2)
    monkeypatch.setenv("PAIDSYNC_DATABASE_URL", "sqlite:////nowhere/at/all.sqlite3")
    settings.cache_clear()
    _sentence(town.paidsync("ledger", "status"), 2)
    monkeypatch.setenv("PAIDSYNC_DATABASE_URL", "this is no address")
    settings.cache_clear()
    _sentence(town.paidsync("ledger", "status"), 2)


def test_a_ledger_that_cannot_be_written_is_a_sentence(
    build: Callable[..., Town], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    town = build(connect=False)
    file = tmp_path / "file"
    file.write_text("not a folder", encoding="utf-8")
    monkeypatch.setenv("PAIDSYNC_DATA_DIR", str(file))
    settings.cache_clear()
    _sentence(town.paidsync("ledger", "upgrade"), 2)


def test_unknown_connections_and_unset_secrets(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    assert town.name in _sentence(town.paidsync("sync", "nobody"), 2)
    assert town.name in _sentence(town.paidsync("check", "nobody"), 2)
    _sentence(town.paidsync("approve", "nobody", "0", "--by", "a@b.example"), 2)
    monkeypatch.delenv("TOWN_PROCORE_SECRET")
    assert "TOWN_PROCORE_SECRET is not set" in _sentence(town.paidsync("check", town.name), 2)


def test_no_prefect_server(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    from prefect.settings import PREFECT_API_URL, temporary_settings

    with temporary_settings({PREFECT_API_URL: None}):
        assert "prefect server start" in _sentence(town.paidsync("sync", town.name), 2)
    with temporary_settings({PREFECT_API_URL: "http://127.0.0.1:9/api"}):
        assert "does not answer" in _sentence(town.paidsync("sync", town.name), 2)
    assert town.rows() == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PAIDSYNC_LEASE_SECONDS", "soon"),
        ("PAIDSYNC_RETRY_SECONDS", "five"),
        ("PAIDSYNC_SENDING_GRACE_SECONDS", "-1"),
    ],
)
def test_wrong_settings_are_named(
    town: Town, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    settings.cache_clear()
    assert name in _sentence(town.paidsync("ledger", "status"), 2)


def test_settings_mask_secrets(build: Callable[..., Town], monkeypatch: pytest.MonkeyPatch) -> None:
    town = build(connect=False)
    monkeypatch.setenv("PAIDSYNC_DATABASE_URL", "postgresql://desk:hunter2@db.example/paidsync")
    settings.cache_clear()
    said = town.paidsync("settings")
    assert said.code == 0
    assert "hunter2" not in said.out + said.err
    assert town.environment["PAIDSYNC_SECRET_KEY"] not in said.out
    assert "PAIDSYNC_LEASE_SECONDS" in said.out
    assert str(town.data_dir) in said.out


def test_a_new_key_alone_on_standard_output(town: Town) -> None:
    said = town.paidsync("settings", "--new-key")
    assert (said.code, len(said.out.split()), said.err) == (0, 1, "")


def test_ledger_status_tells_of_each_connection(town: Town) -> None:
    town.paid("99.00", date=town.day(-5))
    assert "never run" in town.paidsync("ledger", "status").out
    town.sync()
    said = town.paidsync("ledger", "status")
    assert said.code == 0
    assert "audit trail   whole" in said.out
    assert "last run Held" in said.out
    assert "1 held" in said.out


def test_the_installed_command_is_the_same(tmp_path: Path) -> None:
    script = Path(sys.executable).with_name("paidsync")
    assert script.stat().st_mode & stat.S_IXUSR
    done = subprocess.run(
        [str(script), "settings"],
        cwd=tmp_path,
        env={**os.environ, "PAIDSYNC_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )
    assert str(tmp_path) in done.stdout
