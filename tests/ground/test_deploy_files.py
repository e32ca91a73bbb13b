"""What is deployed by files: the image, compose, the example of the environment. No container."""

import fnmatch
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect.cli import app as prefect_main
from prefect.settings import Settings as PrefectSettings
from pydantic import BaseModel

from cli.main import main as paidsync_main
from paidsync.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load(
    (ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8")
)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
_FIVE = {
    "PREFECT_SERVER_EVENTS_MESSAGING_BROKER",
    "PREFECT_SERVER_EVENTS_MESSAGING_CACHE",
    "PREFECT_SERVER_EVENTS_CAUSAL_ORDERING",
    "PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE",
    "PREFECT_SERVER_DOCKET_URL",
}


def names_in(file: Path) -> dict[str, str]:
    """The variables that a file sets; commented ones of an example count."""
    lines = re.findall(r"^(?:# )?([A-Z][A-Z0-9_]+)=(.*)$", file.read_text(), re.MULTILINE)
    return dict(lines)


def prefect_names(model: type[BaseModel] = PrefectSettings, path: str = "prefect_") -> set[str]:
    """Every environment variable that Prefect knows."""
    found: set[str] = set()
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            found |= prefect_names(kind, f"{path}{name}_")
            continue
        found.add(f"{path}{name}".upper())
        choices = getattr(field.validation_alias, "choices", [])
        found |= {each.upper() for each in choices if isinstance(each, str)}
    return found


def environment_of(service: dict[str, Any]) -> dict[str, str]:
    """What a service is told: its files beside compose.yaml and its own variables."""
    found: dict[str, str] = {}
    files = service.get("env_file", [])
    for name in [files] if isinstance(files, str) else files:
        for chosen in ("one", "scale"):
            file = ROOT / "deploy" / name.replace("${COMPOSE_PROFILES:-one}", chosen)
            if file.name == ".env":
                file = file.with_name(".env.example")
            found |= names_in(file)
    return found | service.get("environment", {})


def copied() -> list[str]:
    """What the image takes from the checkout."""
    lines = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE, re.MULTILINE)
    return [name for line in lines for name in line.replace("${LOCK}", "app").split()]


def ignored(name: str) -> bool:
    """Whether .dockerignore keeps a path of the checkout out of the build."""
    out = False
    for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines():
        pattern = line.removeprefix("!").removeprefix("**/").rstrip("/")
        if not pattern or line.startswith("#"):
            continue
        parts = [name, *(str(each) for each in Path(name).parents if str(each) != ".")]
        if line.startswith("**/") or "!**/" in line:
            parts += [Path(name).name]
        if any(fnmatch.fnmatch(part, pattern) for part in parts):
            out = not line.startswith("!")
    return out


def test_the_example_of_the_environment_names_every_setting_and_no_other() -> None:
    named = {name for name in names_in(ROOT / ".env.example") if name.startswith("PAIDSYNC_")}
    assert named == {f"PAIDSYNC_{name.upper()}" for name in Settings.model_fields}


def test_the_example_of_the_environment_can_be_used_as_it_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in names_in(ROOT / ".env.example").items():
        monkeypatch.setenv(name, value)
    found = Settings()
    for name, field in Settings.model_fields.items():
        if isinstance(field.default, int | tuple):
            assert getattr(found, name) == field.default, name


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_variable_of_compose_is_a_real_setting(name: str) -> None:
    known = prefect_names() | {f"PAIDSYNC_{field.upper()}" for field in Settings.model_fields}
    known |= {"PREFECT_REDIS_MESSAGING_URL"}  # of prefect-redis, in the image alone
    told = {each for each in environment_of(SERVICES[name]) if each.startswith(("PRE", "PAID"))}
    assert told <= known


def test_several_server_processes_share_all_five_through_redis() -> None:
    one = names_in(ROOT / "deploy" / "server.one.env")
    several = names_in(ROOT / "deploy" / "server.scale.env")
    assert one.keys() == _FIVE
    assert several.keys() == {*_FIVE, "PREFECT_REDIS_MESSAGING_URL"}
    assert all("redis" in value for value in several.values())
    for name, value in one.items():
        field: Any = PrefectSettings()
        for part in _path(name):
            field = getattr(field, part)
        assert value == field, name
    profiles = {name: service.get("profiles", []) for name, service in SERVICES.items()}
    assert {name for name, of in profiles.items() if of == ["scale"]} == {
        "redis",
        "services",
        "more-workers",
    }
    assert SERVICES["services"]["env_file"] == "server.scale.env"


def _path(name: str) -> list[str]:
    """``server.docket.url`` of its environment variable."""
    top, section, rest = name.removeprefix("PREFECT_").lower().split("_", 2)
    return [top, section, rest]


def test_compose_holds_no_secret_and_starts_nothing_without_one() -> None:
    text = (ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8")
    for name in ("POSTGRES_PASSWORD", "PREFECT_API_AUTH_STRING"):
        assert re.findall(rf"\$\{{{name}(\S\S)", text)
        assert set(re.findall(rf"\$\{{{name}(\S\S)", text)) == {":?"}
        assert names_in(ROOT / "deploy" / ".env.example")[name] == ""
    assert names_in(ROOT / "deploy" / ".env.example")["PAIDSYNC_SECRET_KEY"] == ""


def test_a_server_never_runs_without_a_login() -> None:
    for name in ("server", "services", "migrate"):
        assert SERVICES[name]["environment"]["PREFECT_SERVER_API_AUTH_STRING"].startswith("${")
    for service in SERVICES.values():  # nor is anything reachable from another machine
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))


def test_runs_and_results_lie_on_a_volume_that_every_worker_shares() -> None:
    for name in ("worker", "more-workers", "listener"):
        assert "paidsync:/var/lib/paidsync" in SERVICES[name]["volumes"]
    assert "PAIDSYNC_DATA_DIR=/var/lib/paidsync" in DOCKERFILE
    assert "PREFECT_LOCAL_STORAGE_PATH=/var/lib/paidsync/results" in DOCKERFILE


def commands() -> list[list[str]]:
    """Every command of the image and of compose, without its shell."""
    found: list[list[str]] = []
    for service in [*SERVICES.values(), {"command": yaml.safe_load(DOCKERFILE.split("\nCMD ")[1])}]:
        words = service.get("command", [])
        texts = [words[-1]] if words[:2] == ["sh", "-c"] else [" ".join(words)]
        for text in re.split(r"&&|\|\||;|then|else", texts[0]):
            plain = re.sub(r"[()]|exec |\$\$\w+|> /dev/null", "", text).split()
            if plain[:1] in (["prefect"], ["paidsync"]) and plain not in found:
                found.append(plain)
    return found


def test_compose_uses_what_make_up_uses() -> None:
    said = [" ".join(words) for words in commands()]
    for start in (
        "prefect server start",
        "prefect server services start",
        "prefect server database upgrade",
        "prefect work-pool create paidsync --type process",
        "prefect variable set paidsync_home /app",
        "prefect --no-prompt deploy --all",
        "paidsync ledger upgrade",
        "paidsync automations load",
        "paidsync worker --with-healthcheck",
        "paidsync listen",
    ):
        assert any(each.startswith(start) for each in said), (start, said)


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_of_compose_exists_with_its_options(
    words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = {"prefect": prefect_main, "paidsync": paidsync_main}[words[0]]
    options = [word for word in words if word.startswith("-") and word != "--no-prompt"]
    verbs = [word for word in words[1:] if word.isascii() and word.replace("-", "").isalpha()]
    verbs = [word for word in verbs if not word.startswith("-")]
    of_one = ("deploy", "worker", "listen")
    of_three = (["server", "database"], ["server", "services"])
    count = 1 if verbs[0] in of_one else 3 if verbs[:2] in of_three else 2
    monkeypatch.setattr("sys.argv", [words[0], *verbs[:count], "--help"])
    with pytest.raises(SystemExit) as end:
        app()
    shown = capsys.readouterr().out
    assert not end.value.code, shown
    for option in options:
        assert option in shown, option


def test_the_image_takes_only_what_is_there_and_nothing_that_is_kept_out() -> None:
    names = copied()
    assert {"cli", "flows", "tasks", "listener", "paidsync", "prefect.yaml"} <= set(names)
    for name in names:
        assert (ROOT / name).exists(), name
        assert not ignored(name), name
    rooms = {each.parent.name for each in ROOT.glob("*/__init__.py")}
    assert rooms - set(names) <= {"sandbox", "tests", "benchmarks"}


@pytest.mark.parametrize(
    "name",
    [
        "sandbox/world.py",
        "tests/e2e/town.py",
        "benchmarks/year/walk.py",
        "docs/rules.md",
        ".env",
        "deploy/.env",
        "deploy/secrets/key",
        "deploy/compose.yaml",
        ".paidsync/up/login",
        ".git/config",
    ],
)
def test_no_sandbox_no_tests_and_no_secrets_reach_the_image(name: str) -> None:
    assert ignored(name)


def test_the_image_runs_as_nobody_in_particular_from_locked_packages() -> None:
    assert re.search(r"^USER paidsync$", DOCKERFILE, re.MULTILINE)
    assert "--require-hashes" in DOCKERFILE
    assert "HEALTHCHECK" in DOCKERFILE
    locked = (ROOT / "locks" / "scale.txt").read_text(encoding="utf-8")
    app = (ROOT / "locks" / "app.txt").read_text(encoding="utf-8")
    assert set(re.findall(r"^\S+==\S+", app, re.MULTILINE)) < set(
        re.findall(r"^\S+==\S+", locked, re.MULTILINE)
    )
    assert "prefect-redis==" in locked
