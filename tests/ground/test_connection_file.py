"""A connection file's faults are told as sentences that name the key."""

import codecs
from pathlib import Path

import pytest

from connectors.connection import ConnectionFile, checked, read
from connectors.errors import WrongSettings

GOOD = """
name = "acme-us"

[procore]
company_id = 4711
environment = "sandbox"
client_id = "procore-client"
client_secret = { env = "PROCORE_SECRET" }

[erp]
type = "quickbooks_online"
realm_id = "9130347957983546"
time_zone = "America/Los_Angeles"
client_id = "intuit-client"
client_secret = { env = "INTUIT_SECRET" }
refresh_token = { file = "/run/secrets/refresh" }

[policy]
start_date = 2026-01-01
"""


def reading(tmp_path: Path, text: str | bytes) -> ConnectionFile:
    path = tmp_path / "acme-us.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read(path)


def fault(tmp_path: Path, text: str | bytes) -> str:
    with pytest.raises(WrongSettings) as raised:
        reading(tmp_path, text)
    assert "acme-us.toml" in raised.value.message
    assert raised.value.system == "connection file"
    return str(raised.value)


def test_a_good_file_is_read(tmp_path: Path) -> None:
    found = reading(tmp_path, GOOD)
    assert (found.name, found.erp_name, found.erp_company) == (
        "acme-us",
        "quickbooks_online",
        "9130347957983546",
    )
    assert found.procore.api == "https://sandbox.procore.com"
    assert len(found.hosts) == 4


def test_what_the_ledger_keeps_is_read_back_and_names_secrets_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PROCORE_SECRET", "hush")
    found = reading(tmp_path, GOOD)
    kept = found.without_policy()
    assert "policy" not in kept
    assert "hush" not in str(kept)
    again = checked({**kept, "policy": found.policy.model_dump(mode="json")}, "the ledger")
    assert again == found


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('name = "acme-us"', 'name = "Acme US"', "name: String should match"),
        ('name = "acme-us"', 'name = "acme--us"', "name: "),
        ('name = "acme-us"', f'name = "{"a" * 41}"', "name: "),
        ('name = "acme-us"', 'naem = "acme-us"', "naem: Extra inputs are not permitted"),
        ("company_id = 4711", "company_id = 0", "procore.company_id: "),
        ("company_id = 4711", 'company_id = "acme"', "procore.company_id: "),
        ('"sandbox"', '"test"', "procore.environment: "),
        ("company_id = 4711", "", "procore.company_id: Field required"),
        ("America/Los_Angeles", "Mars/Olympus", "erp.time_zone: "),
        ("America/Los_Angeles", "", "erp.time_zone: "),
        ("America/Los_Angeles", "../../etc/passwd", "erp.time_zone: "),
        ("9130347957983546", "12a", "erp.realm_id: "),
        ('"quickbooks_online"', '"quickboks"', "erp.type: "),
        ("2026-01-01", '"soon"', "policy.start_date: "),
        ("start_date", "start_day", "policy.start_day: Extra inputs are not permitted"),
        ('{ env = "PROCORE_SECRET" }', "{ }", "procore.client_secret: "),
        (
            '{ env = "PROCORE_SECRET" }',
            '{ env = "A", file = "b" }',
            "procore.client_secret: Value error, name either `env` or `file`",
        ),
        ("[policy]", "[polcy]", "policy: Field required"),
    ],
)
def test_a_fault_is_told_with_the_path_of_its_key(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    assert GOOD.count(old) == 1
    told = fault(tmp_path, GOOD.replace(old, new))
    assert words in told
    assert told.endswith("Correct these settings.")


def test_every_fault_of_a_file_is_told_at_once(tmp_path: Path) -> None:
    told = fault(tmp_path, GOOD.replace("4711", "-1").replace("2026-01-01", '"soon"'))
    assert "procore.company_id: " in told
    assert "policy.start_date: " in told


def test_a_secret_written_into_the_file_is_refused_and_not_repeated(tmp_path: Path) -> None:
    told = fault(tmp_path, GOOD.replace('{ env = "PROCORE_SECRET" }', '"hush"'))
    assert "procore.client_secret: " in told
    assert "hush" not in told
    told = fault(tmp_path, GOOD.replace('{ env = "PROCORE_SECRET" }', '{ value = "hush" }'))
    assert "procore.client_secret.value: Extra inputs are not permitted" in told
    assert "hush" not in told


def test_a_file_that_is_no_toml_is_told_with_its_line(tmp_path: Path) -> None:
    told = fault(tmp_path, GOOD.replace("4711", "4711 dollars"))
    assert "is not TOML: " in told
    assert "line 5" in told
    assert "Correct that line." in told


def test_an_empty_file_lacks_everything(tmp_path: Path) -> None:
    told = fault(tmp_path, "")
    for key in ("name", "procore", "erp", "policy"):
        assert f"{key}: Field required" in told


def test_a_missing_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(WrongSettings, match=r"cannot be read \(No such file.*Check the file"):
        read(tmp_path / "acme-us.toml")


def test_a_file_saved_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    assert reading(tmp_path, codecs.BOM_UTF8 + GOOD.encode()).name == "acme-us"


@pytest.mark.parametrize("encoding", ["utf-16", "latin-1"])
def test_a_file_saved_in_another_encoding_is_a_sentence(tmp_path: Path, encoding: str) -> None:
    told = fault(tmp_path, (GOOD + "# Zoë\n").encode(encoding))
    assert "is not text in UTF-8" in told
    assert "Save the file as UTF-8." in told
