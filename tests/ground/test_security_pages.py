"""What docs/security.md and SECURITY.md say is so: names exist, and claims hold that no other test
asks about."""

import argparse
import ast
import importlib
import inspect
import re
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_address
from pathlib import Path
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints
from urllib.parse import urlsplit

import pytest
import yaml
from cryptography import x509
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from http_helpers import Clock, judge
from postgresql_server import Server
from prefect.blocks.core import Block
from pydantic import BaseModel, SecretBytes, SecretStr
from test_deploy_files import names_in, prefect_names

from cli.main import _parser
from connectors.connection import ConnectionFile
from connectors.credentials import SecretRef
from connectors.errors import TryLater
from connectors.http import Http
from connectors.procore.settings import ProcoreSettings
from connectors.quickbooks_online.settings import QuickBooksOnlineSettings
from connectors.xero.settings import XeroSettings
from listener.limits import Limits
from paidsync.ledger import Ledger
from paidsync.ledger.connections import Connections
from paidsync.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
PAGES = (ROOT / "docs" / "security.md", ROOT / "SECURITY.md")
PAGE = PAGES[0].read_text(encoding="utf-8")
SECRET = re.compile(r"secret|token|passw|credential|seed|(^|_)(code|key|pin)($|_)", re.IGNORECASE)
# Good once, and worthless afterwards: docs/approval.md.
EXCEPTION = ("decide-plan", "code")


def spoken(pattern: str) -> list[str]:
    """What the page names between backticks, each once, in its order."""
    return list(dict.fromkeys(re.findall(rf"`({pattern})`", PAGE)))


def anchors(document: Path) -> set[str]:
    """The headings of a document as GitHub addresses them."""
    heads = re.findall(r"^#+ (.+)$", document.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


# Names


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    assert targets
    for target in targets:
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), target


@pytest.mark.parametrize("name", spoken(r"(?:tests|connectors|listener|flows|deploy|docs)/[^`]+"))
def test_every_file_that_is_named_exists_or_is_kept_out_of_git(name: str) -> None:
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    kept_out = name in ignored or name.rpartition("/")[2] in ignored
    assert (ROOT / name).exists() or kept_out


@cache
def known_tests() -> set[str]:
    """Every test there is."""
    return {
        node.name
        for path in (ROOT / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    }


@pytest.mark.parametrize("name", spoken(r"test_\w+"))
def test_every_test_that_is_named_exists(name: str) -> None:
    assert name in known_tests()


@pytest.mark.parametrize("name", spoken(r"[A-Z]+_[A-Z0-9_]+"))
def test_every_variable_that_is_named_exists(name: str) -> None:
    known = prefect_names() | {f"PAIDSYNC_{field.upper()}" for field in Settings.model_fields}
    known |= {"DO_NOT_TRACK"}
    assert name.partition("=")[0] in known


@pytest.mark.parametrize("words", spoken(r"paidsync [^`]+"))
def test_every_command_that_is_named_exists(words: str) -> None:
    filled = words.split()[1:]
    needs = {"probe": 2, "connect": 2, "rebuild": 3}
    filled += ["acme"] * max(needs.get(word, 0) - len(filled) for word in filled)
    assert isinstance(_parser().parse_args(filled), argparse.Namespace)


def test_the_fields_and_options_that_are_named_exist() -> None:
    for name in ("api_url", "auth_url"):
        assert name in ProcoreSettings.model_fields
    for model in (QuickBooksOnlineSettings, XeroSettings):
        assert {"api_url", "token_url", "refresh_token"} <= set(model.model_fields)
    listen = _parser().parse_args(["listen", "--proxy", "127.0.0.1"])
    assert listen.proxy == "127.0.0.1"


# Claims


def test_the_limits_of_the_listener_are_those_of_the_code() -> None:
    limits = Limits()
    [table] = re.findall(r"^\| limit .*?\n\n", PAGE, re.MULTILINE | re.DOTALL)
    for said in (
        f"{limits.body_bytes // 1024} KiB, within {limits.body_seconds:g} s",
        f"within {limits.record_seconds:g} s",
        f"{limits.burst} knocks at once, {limits.per_second:g} a second",
        f"newest {limits.sources} sources",
        f"{limits.connections} open",
        f"{limits.connection_seconds:g} s from beginning to end",
    ):
        assert said in table


def test_the_network_table_names_every_host_and_no_other() -> None:
    here: dict[str, Any] = {"client_id": "a", "client_secret": {"env": "A"}}
    qbo = {"type": "quickbooks_online", "realm_id": "1", "time_zone": "UTC", **here}
    xero = {"type": "xero", "tenant_id": "00000000-0000-0000-0000-000000000000", **here}
    models: list[Any] = [
        *(
            ProcoreSettings.model_validate({"company_id": 1, "environment": each, **here})
            for each in ("production", "sandbox", "monthly")
        ),
        *(
            QuickBooksOnlineSettings.model_validate(
                {"environment": each, "refresh_token": {"env": "A"}, **qbo}
            )
            for each in ("production", "sandbox")
        ),
        XeroSettings.model_validate(xero),
    ]
    hosts = {urlsplit(url).hostname for model in models for url in model.hosts}
    [table] = re.findall(r"^\| from \| to .*?\n\n", PAGE, re.MULTILINE | re.DOTALL)
    assert set(re.findall(r"`([a-z0-9-]+(?:\.[a-z0-9-]+)+)`", table)) == hosts
    for scope in models[-1].scopes:
        assert f"`{scope}`" in PAGE


def test_no_block_and_no_form_has_a_field_for_a_secret() -> None:
    found = {
        (path, name)
        for path, name, kind in [*_of_blocks(), *_of_forms()]
        if SECRET.search(name) or kind in (SecretStr, SecretBytes)
    }
    assert found == {EXCEPTION}


def test_a_field_for_a_secret_would_be_found() -> None:
    class Inner(BaseModel):
        api_key: str

    class Form(BaseModel):
        plain: str
        inner: list[Inner] | None = None
        hidden: SecretStr

    names = {name for _, name, kind in _fields("x", Form) if SECRET.search(name)}
    assert names == {"api_key"}
    assert {name for _, name, kind in _fields("x", Form) if kind is SecretStr} == {"hidden"}


def test_deployments_name_no_secret_and_set_no_environment() -> None:
    told = yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))

    def names(value: Any) -> Iterator[str]:
        if isinstance(value, dict):
            yield from value
            value = list(value.values())
        for each in value if isinstance(value, list) else ():
            yield from names(each)

    found = set(names(told))
    assert "deployments" in found
    assert not {name for name in found if SECRET.search(name)} | found & {"env", "job_variables"}


def test_whatever_is_secret_in_a_connection_file_is_named_and_never_held() -> None:
    secret = {name: kind for _, name, kind in _fields("", ConnectionFile) if SECRET.search(name)}
    secret.pop("token_url")
    assert set(secret) >= {"client_secret", "refresh_token", "procore_secret", "erp_secret"}
    assert set(secret.values()) == {SecretRef}


def test_the_examples_of_the_environment_hold_no_key_that_would_work() -> None:
    for file in (ROOT / ".env.example", ROOT / "deploy" / ".env.example"):
        assert names_in(file)["PAIDSYNC_SECRET_KEY"] == ""


def test_a_certificate_that_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    with _served(_own_certificate(tmp_path)) as (port, asked):
        client = _client(f"https://127.0.0.1:{port}")
        with pytest.raises(TryLater, match="ConnectError"):
            client.read("/", route="/")
        with pytest.raises(TryLater, match="Not reached"):
            client.write("POST", "/", route="/", body={"amount": "1.00"})
        client.close()
    assert asked == []


def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with _served(None) as (port, asked):
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, "http://127.0.0.1:9")
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        client = _client(f"http://127.0.0.1:{port}")
        assert client.read("/here", route="/here").body == {}
        client.close()
    assert asked == ["/here"]


@pytest.mark.xdist_group("postgresql")
def test_the_role_that_runs_needs_no_more_than_the_page_grants(postgresql: Server) -> None:
    [grants] = re.findall(r"^```sql\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    with postgresql.database() as name:
        with postgresql.connect(name) as admin:
            admin.execute(grants)
        try:
            owner = Ledger(_as("paidsync_owner", postgresql.url(name)))
            owner.upgrade()
            owner.close()
            _work_with(Ledger(_as("paidsync_run", postgresql.url(name))).require_current())
            with postgresql.connect(name) as admin:
                tables = admin.execute(
                    "SELECT tablename, has_table_privilege('paidsync_run', "
                    "quote_ident(tablename), 'TRUNCATE') FROM pg_tables WHERE schemaname = 'public'"
                ).fetchall()
            assert len(tables) > 15
            assert not any(may for _, may in tables)
        finally:
            with postgresql.connect(name) as admin:
                for role in ("paidsync_run", "paidsync_owner"):
                    admin.execute(f"DROP OWNED BY {role}")
                    admin.execute(f"DROP ROLE {role}")


# What they are asked with


def _as(role: str, url: str) -> str:
    return url.replace("postgresql://postgres@", f"postgresql://{role}@")


def _work_with(ledger: Ledger) -> None:
    """A little of everything that a run, a listener and a person write."""
    key = Fernet.generate_key().decode()
    connections: Connections = ledger.connections
    connections.save(
        name="acme",
        erp="xero",
        erp_company="c1",
        procore_company="7",
        config={},
        policy={"start_date": "2026-01-01"},
        by_whom="ann",
    )
    keeper = ledger.tokens.keeper("acme", key)
    with keeper.locked():
        keeper.save("a-token")
    assert keeper.load() == "a-token"
    ledger.approvers.add("ann@acme.example", key=key, by_whom="bob")
    assert ledger.approvers.remove("ann@acme.example", by_whom="bob")
    ledger.inbound.record("procore", "e1", connection="acme", body={"what": "x", "record_id": "1"})
    ledger.inbound.handled(ledger.inbound.waiting())
    ledger.inbound.forget()
    run = {"run_id": "r1", "connection": "acme", "mode": "sync", "requested_by": None}
    ledger.runs.open(**run, trigger="schedule", attempt=1, folder="/nowhere")
    lease = ledger.leases.take("7", run_id="r1", connection="acme", seconds=60)
    assert lease.fencing >= 1
    ledger.holds.note_refusal(
        "acme", 1, decision="leave", by_whom="ann", note=None, why="not permitted"
    )
    with ledger.engine.begin() as db:  # tables whose numbers the database gives
        db.exec_driver_sql(
            "INSERT INTO hold (connection, allocation_id, reason, state, opened_run, opened_at) "
            "VALUES ('acme', 'a', 'x', 's', 'r1', 'now')"
        )
    assert ledger.audit.broken_at() is None
    ledger.close()


def _client(url: str) -> Http:
    clock = Clock()
    return Http(
        system="Example",
        base_url=url,
        judge=judge,
        on_call=lambda _call: None,
        sleep=clock.sleep,
    )


@contextmanager
def _served(certificate: Path | None) -> Iterator[tuple[int, list[str]]]:
    """A server on this machine, and the paths that it was asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def do_POST(self) -> None:
            self.do_GET()

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    class Quiet(HTTPServer):
        def handle_error(self, *_: Any) -> None:
            """A handshake that the other side broke off."""

    server = Quiet(("127.0.0.1", 0), Handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.server_address[1], asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _own_certificate(folder: Path) -> Path:
    """A certificate for this machine that it made itself, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    file = folder / "own.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return file


Field = tuple[str, str, Any]


def _fields(path: str, kind: Any) -> Iterator[Field]:
    """The fields of a model and of the models in it; a secret's own fields are not looked at."""
    if get_origin(kind) in (Union, UnionType) or get_args(kind):
        for part in get_args(kind):
            yield from _fields(path, part)
    elif inspect.isclass(kind) and issubclass(kind, BaseModel) and kind is not SecretRef:
        for name, field in kind.model_fields.items():
            parts = [each for each in get_args(field.annotation) if each is not type(None)]
            yield path, name, parts[0] if len(parts) == 1 else field.annotation
            yield from _fields(path, field.annotation)


def _of_blocks() -> Iterator[Field]:
    """The fields of every Prefect block of ours."""
    for file in sorted((ROOT / "flows").glob("*.py")):
        importlib.import_module(f"flows.{file.stem}".removesuffix(".__init__"))
    ours = [each for each in _below(Block) if each.__module__.split(".")[0] == "flows"]
    assert ours
    for block in ours:
        yield from _fields(block.__name__, block)


def _below(kind: type) -> Iterator[type]:
    for each in kind.__subclasses__():
        yield each
        yield from _below(each)


def _of_forms() -> Iterator[Field]:
    """The parameters of every deployment, and the fields in them."""
    told = yaml.safe_load((ROOT / "prefect.yaml").read_text(encoding="utf-8"))
    for deployment in told["deployments"]:
        file, _, function = deployment["entrypoint"].partition(":")
        module = importlib.import_module(file.removesuffix(".py").replace("/", "."))
        flow = getattr(module, function)
        hints = get_type_hints(flow.fn)
        hints.pop("return", None)
        for name, kind in hints.items():
            yield deployment["name"], name, kind
            yield from _fields(deployment["name"], kind)
