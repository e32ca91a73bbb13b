"""The ledger is made by migrations and used only as this version knows it."""

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import inspect, text

from paidsync.ledger import Ledger, LedgerUnusable, schema
from paidsync.ledger.tables import Entry


def _set_revision(ledger: Ledger, revision: str) -> None:
    with ledger.engine.begin() as db:
        db.execute(text("UPDATE alembic_version SET version_num = :it"), {"it": revision})


def test_an_empty_database_is_upgraded_to_the_newest_revision(empty_url: str) -> None:
    ledger = Ledger(empty_url)
    ledger.upgrade()
    assert schema.current(ledger.engine) == schema.newest()
    assert ledger.require_current() is ledger
    assert len(ledger.connections.installation_id()) == 16
    ledger.close()


def test_an_upgrade_of_a_current_ledger_changes_nothing(ledger: Ledger) -> None:
    before = ledger.connections.installation_id()
    ledger.upgrade()
    assert ledger.connections.installation_id() == before


def test_the_migrations_make_exactly_the_tables_of_the_code(ledger: Ledger) -> None:
    with ledger.engine.connect() as db:
        context = MigrationContext.configure(db, opts={"compare_type": True})
        assert compare_metadata(context, Entry.metadata) == []


def test_every_amount_of_the_ledger_has_64_bits(ledger: Ledger) -> None:
    inspector = inspect(ledger.engine)
    amounts = [
        column
        for table in inspector.get_table_names()
        for column in inspector.get_columns(table)
        if column["name"].endswith("_minor")
    ]
    assert amounts
    assert {str(column["type"]) for column in amounts} == {"BIGINT"}


def test_an_empty_ledger_is_refused_with_the_command_that_helps(empty_url: str) -> None:
    ledger = Ledger(empty_url)
    with pytest.raises(LedgerUnusable, match=r"is empty\. Run `paidsync ledger upgrade` once"):
        ledger.require_current()
    ledger.close()


def test_a_ledger_of_a_newer_version_is_refused_and_not_changed(ledger: Ledger) -> None:
    _set_revision(ledger, "9999")
    for use in (ledger.require_current, ledger.upgrade):
        with pytest.raises(LedgerUnusable, match=r"newer PaidSync \(9999\).*nothing was changed"):
            use()
    assert schema.current(ledger.engine) == "9999"


def test_a_ledger_of_an_older_version_is_refused_with_the_command_that_helps(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema, "newest", lambda: "9998")
    with pytest.raises(LedgerUnusable, match=r"older version .*Run `paidsync ledger upgrade`"):
        ledger.require_current()


@pytest.mark.parametrize(
    "url",
    ["", "db.example/paidsync", "mysql://ledger:hush@db/paidsync", "hush", "postgresql://h:hush/d"],
)
def test_an_address_of_no_such_database_is_a_sentence_without_the_password(url: str) -> None:
    with pytest.raises(LedgerUnusable, match="PAIDSYNC_DATABASE_URL is not an address") as error:
        Ledger(url)
    assert "hush" not in str(error.value)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_may_be_written_as_hosting_providers_write_it(scheme: str) -> None:
    ledger = Ledger(f"{scheme}://ledger:hush@db.example/paidsync?password=hush&sslmode=require")
    assert ledger.engine.driver == "psycopg"
    assert "hush" not in ledger.shown_url
    assert "sslmode=require" in ledger.shown_url


def test_a_database_that_does_not_answer_is_a_sentence(tmp_path: Path) -> None:
    ledger = Ledger(f"postgresql://ledger:hush@/paidsync?host={tmp_path}")
    for use in (ledger.require_current, ledger.upgrade):
        with pytest.raises(LedgerUnusable, match="cannot be opened") as error:
            use()
        assert "hush" not in str(error.value)


def test_a_file_that_is_no_database_is_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    path.write_text("these are minutes of a meeting, not a database\n" * 100)
    for use in (Ledger(f"sqlite:///{path}").require_current, Ledger(f"sqlite:///{path}").upgrade):
        with pytest.raises(LedgerUnusable, match="cannot be opened"):
            use()


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerUnusable, match=r"folder .* cannot be made .* PAIDSYNC_DATA_DIR"):
        Ledger(f"sqlite:///{tmp_path / 'file' / 'data' / 'ledger.sqlite3'}").upgrade()


def test_sqlite_survives_a_power_cut_and_lets_readers_read(tmp_path: Path) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path / 'deep' / 'ledger.sqlite3'}")
    ledger.upgrade()
    with ledger.engine.begin() as db:
        assert db.exec_driver_sql("PRAGMA journal_mode").scalar_one() == "wal"
        assert db.exec_driver_sql("PRAGMA synchronous").scalar_one() == 2  # FULL
    ledger.close()


def test_what_a_ledger_knew_of_bills_survives_the_upgrade(empty_url: str) -> None:
    ledger = Ledger(empty_url)
    schema.upgrade(ledger.engine, "0002")
    with ledger.engine.begin() as db:
        db.execute(text("INSERT INTO bill (connection, bill_id, paid_minor) VALUES ('us', '7', 5)"))
    ledger.upgrade()
    with ledger.engine.begin() as db:
        kept = db.execute(text("SELECT settled_minor, paid_cash_minor FROM bill")).one()
    assert tuple(kept) == (5, None)
    ledger.close()
