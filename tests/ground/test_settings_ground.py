"""Settings come from the environment, and their secrets are never shown."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from cli.show_settings import new_key, show
from paidsync.settings import Settings, settings

Set = Callable[..., Settings]


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Set]:
    """Settings of an environment that has nothing but what is given."""
    import os

    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.upper().startswith("PAIDSYNC_")]:
        monkeypatch.delenv(name)

    def given(**values: str) -> Settings:
        for name, value in values.items():
            monkeypatch.setenv(f"PAIDSYNC_{name.upper()}", value)
        settings.cache_clear()
        return settings()

    yield given
    settings.cache_clear()


def test_the_ledger_is_an_sqlite_file_below_the_data_folder(own: Set, tmp_path: Path) -> None:
    assert own(data_dir=str(tmp_path)).ledger_url == f"sqlite:///{tmp_path / 'ledger.sqlite3'}"


def test_a_relative_data_folder_is_shown_and_used_as_an_absolute_one(
    own: Set, tmp_path: Path
) -> None:
    found = own(data_dir="here")
    assert found.ledger_url == f"sqlite:///{tmp_path / 'here' / 'ledger.sqlite3'}"
    assert found.runs_dir == tmp_path / "here" / "runs"


def test_without_a_setting_the_data_folder_is_the_platform_s_own(own: Set) -> None:
    assert own().data_dir.is_absolute()
    assert own().data_dir.name == "paidsync"


def test_a_database_url_takes_the_place_of_the_file(own: Set) -> None:
    url = "postgresql://ledger:hush@db/paidsync"
    assert own(database_url=url).ledger_url == url


def test_an_empty_variable_counts_as_not_set(own: Set) -> None:
    found = own(database_url="", secret_key="", lease_seconds="")
    assert found.ledger_url.startswith("sqlite:///")
    assert found.secret_key is None
    assert found.lease_seconds == 300


def test_settings_show_no_secret(own: Set, capsys: pytest.CaptureFixture[str]) -> None:
    key = Fernet.generate_key().decode()
    found = own(database_url="postgresql://ledger:hush@db/paidsync", secret_key=key)
    assert show() == 0
    out = capsys.readouterr().out
    for secret in ("hush", key):
        assert secret not in out
        assert secret not in repr(found)
        assert secret not in found.model_dump_json()
    assert "PAIDSYNC_SECRET_KEY" in out
    assert "********" in out
    assert "ledger:***@db/paidsync" in out


def test_settings_say_where_ledger_and_run_folders_are(
    own: Set, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own(data_dir=str(tmp_path))
    show()
    out = capsys.readouterr().out
    assert str(tmp_path / "ledger.sqlite3") in out
    assert str(tmp_path / "runs") in out


def test_a_new_key_is_one_that_the_ledger_takes(capsys: pytest.CaptureFixture[str]) -> None:
    new_key()
    Fernet(capsys.readouterr().out.strip())


@pytest.mark.parametrize(
    ("name", "value"),
    [("lease_seconds", "9"), ("sending_grace_seconds", "-1"), ("batch_commitments", "0")],
)
def test_a_setting_out_of_its_range_is_refused(own: Set, name: str, value: str) -> None:
    with pytest.raises(ValueError, match=name):
        own(**{name: value})
