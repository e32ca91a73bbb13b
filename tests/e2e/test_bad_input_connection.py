"""Connection files, secrets and credentials that are wrong: one sentence each, nothing stored."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from bad_input import impatient, sentence
from town import Town

from paidsync.settings import settings

# In this order: once the ERP answers, the rotated token is kept and the first one may go.
_SECRETS = ("BLUEBIRD_ERP_TOKEN", "BLUEBIRD_ERP_SECRET", "TOWN_PROCORE_SECRET")
SPLIT = '[[policy.split]]\nbill = "7"\nparts = [{parts}]'


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    impatient(monkeypatch)


@pytest.fixture
def bare(build: Callable[..., Town]) -> Town:
    """Nothing is connected yet."""
    town = build(connect=False)
    assert town.paidsync("ledger", "upgrade").code == 0
    return town


def _refused(town: Town, text: str, says: str, code: int = 2) -> None:
    """The file is refused with a sentence that holds these words; nothing is stored."""
    file = town.file()
    file.write_text(text, encoding="utf-8")
    line = sentence(town.paidsync("connect", str(file)), code)
    assert says in line, line
    assert town.ledger.connections.all() == []


# A change of a good file: what is replaced, by what, and what the sentence says.
FILES: dict[str, tuple[str, str, str]] = {
    "unknown key on top": ('name = "bluebird"', 'name = "bluebird"\nnames = 1', "names: Extra"),
    "unknown table": ("[policy]", "[politics]\nx = 1\n[policy]", "politics: Extra"),
    "unknown key of Procore": ("[procore]", "[procore]\nproject = 7", "procore.project: Extra"),
    "unknown key of the ERP": ("[erp]", '[erp]\nrealm = "7"', "erp.realm: Extra"),
    "unknown key of a secret": (
        'env = "BLUEBIRD_ERP_TOKEN"',
        'environ = "X"',
        "erp.refresh_token",
    ),
    "two sources": (
        '"BLUEBIRD_ERP_TOKEN"',
        '"A", file = "/b"',
        "name either `env` or `file`",
    ),
    "no source": ('env = "BLUEBIRD_ERP_TOKEN"', "", "name either `env` or `file`"),
    "secret in the clear": ('{ env = "BLUEBIRD_ERP_SECRET" }', '"s3cr3t"', "erp.client_secret"),
    "text for a number": ("company_id = ", "company_id = 'no' # ", "procore.company_id"),
    "truth for a number": ("company_id = ", "company_id = true # ", "procore.company_id"),
    "negative": ("company_id = ", "company_id = -", "procore.company_id"),
    "number for a text": ('realm_id = "', 'realm_id = 7 # "', "erp.realm_id"),
    "letters in the realm": ('realm_id = "', 'realm_id = "x', "erp.realm_id"),
    "no such zone": ("America/Los_Angeles", "Mars/Olympus", "not an IANA time zone"),
    "a path as zone": ("America/Los_Angeles", "../../etc/passwd", "not an IANA time zone"),
    "another ERP": ("quickbooks_online", "pacioli", "erp.type"),
    "upper case": ('"bluebird"', '"Blue Bird"', "name: String should match"),
    "long name": ('"bluebird"', f'"{"b" * 41}"', "name: String should have at most 40"),
    "no name": ('name = "bluebird"', "", "name: Field required"),
    "a date that is none": ("2000-01-01", "2026-02-31", "is not TOML"),
    "text for a date": ("2000-01-01", '"soon"', "policy.start_date"),
    "no start": ("start_date", "cut_over", "policy.start_date: Field required"),
    "a key twice": ("[policy]", "[policy]\nstart_date = 2001-01-01", "is not TOML"),
    "a table twice": ("[policy]", "[erp]\n[policy]", "is not TOML"),
    "no end of text": ('name = "bluebird"', 'name = "bluebird', "is not TOML"),
    "http": ("http://127.0.0.1", "http://erp.example", "is not an https address"),
    "no scheme": ("http://127.0.0.1", "127.0.0.1", "address"),
    "another scheme": ("http://127.0.0.1", "ftp://127.0.0.1", "is not an https address"),
    "no address": ('auth_url = "http://127.0.0.1', 'auth_url = "http://[::1', "address"),
    "a user in the address": ("http://127.0.0.1", "https://me:pw@erp.example", "user or password"),
}


def test_a_wrong_file_is_a_sentence(bare: Town) -> None:
    good = bare.file().read_text(encoding="utf-8")
    for before, after, says in FILES.values():
        assert before in good
        _refused(bare, good.replace(before, after), says)


# What is added under [policy], and what the sentence says.
POLICIES: dict[str, tuple[str, str]] = {
    "unknown key": ("taxes = 'include'", "policy.taxes: Extra"),
    "unknown choice": ("tax = 'both'", "policy.tax"),
    "a choice of another type": ("typed_rows = true", "policy.typed_rows"),
    "cut over at no day": ("cut_over = 7.5", "policy.cut_over"),
    "a percent short": (
        SPLIT.format(parts="{application='1', percent='60'}, {application='2', percent='39.99'}"),
        "are 99.99 percent, not 100",
    ),
    "too many percent": (
        SPLIT.format(parts="{application='1', percent='60'}, {application='2', percent='41'}"),
        "are 101 percent, not 100",
    ),
    "no number": (
        SPLIT.format(parts="{application='1', percent='half'}, {application='2', percent='50'}"),
        "policy.split.0.parts.0.percent",
    ),
    "not a number": (
        SPLIT.format(parts="{application='1', percent='NaN'}, {application='2', percent='50'}"),
        "policy.split.0.parts.0.percent",
    ),
    "negative": (
        SPLIT.format(parts="{application='1', percent='-10'}, {application='2', percent='110'}"),
        "policy.split.0.parts",
    ),
    "one part": (SPLIT.format(parts="{application='1', percent='100'}"), "policy.split.0.parts"),
    "an application twice": (
        SPLIT.format(parts="{application='1', percent='50'}, {application='1', percent='50'}"),
        "names an application twice",
    ),
    "unknown key of a part": (
        SPLIT.format(parts="{application='1', share='50'}, {application='2', percent='50'}"),
        "policy.split.0.parts.0.share: Extra",
    ),
    "a bill twice": (
        "[[policy.map]]\napplication = '1'\nbills = ['7', '7']",
        "bills named twice in map and split: 7",
    ),
    "an application mapped twice": (
        (
            "[[policy.map]]\napplication = '1'\nbills = ['7']\n"
            "[[policy.map]]\napplication = '1'\nbills = ['8']"
        ),
        "applications named twice in map: 1",
    ),
    "no bills": ("[[policy.map]]\napplication = '1'\nbills = []", "policy.map.0.bills"),
    "an id as number": ("[[policy.map]]\napplication = 1\nbills = ['7']", "policy.map.0.app"),
}


def test_a_wrong_policy_is_a_sentence(bare: Town) -> None:
    for policy, says in POLICIES.values():
        _refused(bare, bare.file(policy).read_text(encoding="utf-8"), says)


def test_a_wrong_policy_leaves_the_one_before_in_force(town: Town) -> None:
    file = town.file("taxes = 'include'")
    sentence(town.paidsync("connect", str(file)), 2)
    [kept] = town.ledger.connections.all()
    assert kept.policy_version == 1
    town.paid("100.00")
    town.settled(posted=1)


def test_a_secret_that_is_not_set(bare: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in _SECRETS:
        for value in (None, "", " \n"):
            if value is None:
                monkeypatch.delenv(name)
            else:
                monkeypatch.setenv(name, value)
            line = sentence(bare.paidsync("connect", str(bare.file())), 2)
            assert f"{name} is not set. Set {name}" in line
        monkeypatch.setenv(name, bare.environment[name])
    assert bare.ledger.connections.all() == []


def test_a_secret_with_a_line_end_works(bare: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in _SECRETS:
        monkeypatch.setenv(name, f" {bare.environment[name]}\r\n")
    assert bare.paidsync("connect", str(bare.file())).code == 0


def test_a_secret_file_that_is_wrong(bare: Town, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    good = bare.file().read_text(encoding="utf-8")
    text = good.replace('env = "BLUEBIRD_ERP_SECRET"', f'file = "{secret}"')
    _refused(bare, text, "cannot be read (No such file or directory)")
    for content, says in (
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"\xff\xfe\x00s\x00", "is not text (UTF-8)"),
    ):
        secret.write_bytes(content)
        _refused(bare, text, says)


def test_credentials_that_open_nothing(bare: Town) -> None:
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"company_id": 1}, "App is not connected to this company"),
        ({"client_id": "nobody"}, "client_id"),
        ({"erp": {"realm_id": "42"}}, "Check `realm_id`"),
        ({"erp": {"client_id": "nobody"}}, "`client_id` and `client_secret`"),
    ]
    for changed, says in wrong:
        line = sentence(bare.paidsync("connect", str(bare.file(**changed))), 1)
        assert says in line, line
    assert bare.ledger.connections.all() == []


def test_a_refresh_token_of_another_company(
    build: Callable[..., Town], bare: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = build(seed=8, connect=False)
    key = bare.environment["PAIDSYNC_SECRET_KEY"]
    for name, value in (*bare.environment.items(), ("PAIDSYNC_SECRET_KEY", key)):
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("BLUEBIRD_ERP_TOKEN", other.environment["BLUEBIRD_ERP_TOKEN"])
    settings.cache_clear()
    line = sentence(bare.paidsync("connect", str(bare.file())), 1)
    assert "refused the refresh token" in line
    assert "Connect QuickBooks Online again" in line
    assert other.environment["BLUEBIRD_ERP_TOKEN"] not in line


def test_a_procore_company_without_the_erp_tool(bare: Town) -> None:
    bare.do("/procore/tool", name="erp_integrations", enabled=False)
    line = sentence(bare.paidsync("connect", str(bare.file())), 1)
    assert "shows no ERP Integrations tool" in line
    assert "switch the tool on" in line


def test_permissions_that_go_later_stop_the_run_and_lose_nothing(town: Town) -> None:
    one = town.paid("100.00")
    town.do("/procore/tool", name="erp_integrations", enabled=False)
    summary = town.sync()
    assert (summary["state"], town.rows()) == ("Refused", []), summary
    assert summary["message"].startswith("erp_tool_off")
    town.do("/procore/tool", name="erp_integrations", enabled=True, level="read_only")
    assert town.sync()["message"].startswith("not_permitted")
    town.do("/procore/tool", name="erp_integrations", enabled=True)
    town.settled(state="Completed", posted=1)
    assert town.amounts(one.prefix) == ["100.00"]
