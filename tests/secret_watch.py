"""The whole test run leaves no secret anywhere.

Noted are the secrets of each test's environment and what goes over the wire in its process; tokens
of the sandbox are known by their shape, whichever process they were given to. Looked for are they
in every file below the run's folder (run folders, ledgers, Prefect's database and storage, logs)
and in all that a test said: captured output, logs, exceptions. What is found fails the run.
"""

import os
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote_plus

import httpx
import pytest

SHORTEST = 16  # what is shorter is no secret of ours, and found by chance
TOKENS = ("access_token", "refresh_token", "client_secret", "id_token")
_NAMES = re.compile(r"\w*(?:SECRET|TOKEN|KEY|WEBHOOK|VERIFIER)\w*")
# Files that are there to hold secrets, for the product to read them; and the sandbox's own code.
_HOLDERS = re.compile(rf"{_NAMES.pattern}|.*\.env|.*ready\.json|environment\.sh|login|.*\.pyc")
# What tests tell Prefect's workers of their stand-ins, as nobody should of a real system.
_TOLD_BY_TESTS = ("job_variables", "infrastructure_overrides", "infra_overrides")
_TELLING = b'"updated_fields": ["infra_overrides"]'  # the event of having been told
_OF_THE_SANDBOX = re.compile(
    rb"AB1-sandbox-refresh-\d{4}-[0-9a-f]{24}|eyJ-sandbox-access-\d{4}-[0-9a-f]{24}"
    rb"|sandbox-(?:refresh|access|code)-\d{4}-[0-9a-f]{24}|sandbox-client-secret-not-real"
    rb"|eyJ0eXAiOiAiSldUIiwgImFsZyI6ICJub25lIn0\.[\w.-]{40,}"  # Procore's access tokens
    rb"|eyJhbGciOiJSUzI1NiIsImtpZCI6IlNBTkRCT1gi[\w.-]{40,}"  # Xero's
)
_WORD = re.compile(rb"[A-Za-z0-9+/_.%%-]{%d,}" % SHORTEST)


class Watch:
    """What is secret in this process, and where it was seen."""

    def __init__(self) -> None:
        self.found: set[str] = set()
        self._names: dict[bytes, str] = {}

    def note(self, name: str, secret: str) -> None:
        """A secret, from now on: as it is, in an address, in hex."""
        secret = secret.strip("=")
        if len(secret) >= SHORTEST and secret.isprintable():
            raw = secret.encode()
            for spelling in (raw, quote_plus(secret).encode(), raw.hex().encode()):
                self._names[spelling] = name

    def note_environment(self) -> None:
        """The secrets that are set now."""
        for name, value in os.environ.items():
            if _NAMES.fullmatch(name) and not value.startswith(("/", "http")):
                self.note(name, value)

    def note_wire(self, request: httpx.Request, response: httpx.Response) -> None:
        """The authorization of a request, and the tokens of a token endpoint."""
        self.note("authorization", request.headers.get("authorization", "").partition(" ")[2])
        if "token" not in request.url.path:
            return
        # What is sent piece by piece is gone by now.
        sent = request.content if isinstance(request.stream, httpx.ByteStream) else b""
        given = parse_qs(sent.decode(errors="replace"))
        answer = response.json() if response.content.startswith(b"{") else {}
        for name in TOKENS:
            self.note(name, given.get(name, [""])[0])
            self.note(name, str(answer.get(name, "")) if isinstance(answer, Mapping) else "")

    def look(self, place: str, text: bytes) -> None:
        """Whether a secret stands in a text."""
        for token in _OF_THE_SANDBOX.findall(text):
            self.found.add(f"{place}: a token of the sandbox ({token[:32].decode()})")
        for word in set(_WORD.findall(text)):
            for part in {word, word.strip(b"."), *word.split(b"/")}:
                if part in self._names:
                    self.found.add(f"{place}: {self._names[part]}")

    def look_below(self, folder: Path) -> None:
        """Every file, but for those that are there to hold secrets."""
        for parent, _, names in os.walk(folder):
            for path in (Path(parent, name) for name in names):
                if path.name == "prefect.db":
                    for table, text in _prefects(path):
                        self.look(f"{path} {table}", text)
                elif (
                    path.is_file()
                    and not _HOLDERS.fullmatch(path.name)
                    and not (path.name.startswith("prefect.db-"))
                ):
                    self.look(str(path), path.read_bytes())


def _prefects(path: Path) -> Iterator[tuple[str, bytes]]:
    """What a Prefect server keeps, table by table."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=30)) as db:
        db.text_factory = bytes
        tables = db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            rows = db.execute(f'SELECT * FROM "{table.decode()}"')
            kept = [k for k, about in enumerate(rows.description) if about[0] not in _TOLD_BY_TESTS]
            values = (row[k] for row in rows for k in kept)
            texts = (v for v in values if isinstance(v, bytes) and _TELLING not in v)
            yield table.decode(), b"\n".join(texts)


WATCH = Watch()  # of this process; for what is in no environment and on no wire


@pytest.fixture(scope="session", autouse=True)
def _no_secret_is_left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Set up before everything else, and so looked at after everything else has ended."""
    send = httpx.Client.send

    def noting(client: httpx.Client, request: httpx.Request, **more: Any) -> httpx.Response:
        response = send(client, request, **more)
        WATCH.note_wire(request, response)
        return response

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(httpx.Client, "send", noting)
        yield
    WATCH.look_below(tmp_path_factory.getbasetemp())
    if WATCH.found:
        pytest.fail("Secrets were left:\n" + "\n".join(sorted(WATCH.found)), pytrace=False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Whatever a test said, and what it ended with, while its environment is still set."""
    report: pytest.TestReport = yield
    WATCH.note_environment()
    for name, words in (*report.sections, ("exception", report.longreprtext)):
        WATCH.look(f"{item.nodeid}, {name}", words.encode())
    return report
