"""What ``connect``, ``check`` and ``listen`` say and do about Procore's button."""

import socket
from collections.abc import Callable

import pytest
from button import listening
from prefect.settings import PREFECT_API_URL, temporary_settings
from town import Town


@pytest.fixture
def town(build: Callable[..., Town]) -> Town:
    """A town without a Prefect server."""
    return build()


def said(town: Town, *arguments: str) -> str:
    """What a command that goes well says about the button."""
    answer = town.paidsync(*arguments)
    assert answer.code == 0, answer.err
    return next(line for line in answer.out.splitlines() if line.startswith("Procore's button"))


def hooks(town: Town) -> list[str]:
    """Where Procore delivers to."""
    return [hook.destination_url for hook in town.world.procore.hooks.values()]


def test_without_the_section_connect_and_check_say_what_the_button_needs(town: Town) -> None:
    assert "needs public_url and procore_secret" in said(town, "check", town.name)
    assert hooks(town) == []


def test_with_a_secret_alone_the_poll_answers(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    listening(town, monkeypatch)
    assert "is answered within about five minutes" in said(town, "check", town.name)
    assert hooks(town) == []


def test_connect_makes_the_hook_and_check_finds_it(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = listening(town, monkeypatch, port=8600)
    url = f"http://127.0.0.1:8600/procore/{town.name}"
    assert hooks(town) == [url]
    assert f"the hook is there: Procore tells {url}" in said(town, "check", town.name)
    (hook,) = town.world.procore.hooks.values()
    assert hook.authorization == f"Bearer {secret}"
    assert secret not in town.paidsync("check", town.name).out


def test_connecting_again_mends_the_hook_and_makes_no_second(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    listening(town, monkeypatch, port=8600)
    secret = listening(town, monkeypatch, port=8601)
    assert hooks(town) == [f"http://127.0.0.1:8601/procore/{town.name}"]
    (hook,) = town.world.procore.hooks.values()
    assert hook.authorization == f"Bearer {secret}"
    monkeypatch.setenv("TOWN_WEBHOOK_SECRET", "some-other-secret-for-webhooks")
    assert "it carries another secret. Connect again" in said(town, "check", town.name)
    town.world.procore.hooks.clear()
    assert "the hook is missing in Procore. Connect again" in said(town, "check", town.name)


def test_without_the_right_to_webhooks_the_connection_is_made_and_says_what_is_missing(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.do("/procore/tool", name="webhooks", enabled=True, level="Read Only")
    listening(town, monkeypatch, port=8600)
    assert hooks(town) == []
    line = said(town, "check", town.name)
    assert "needs Standard on Webhooks API" in line


def test_a_weak_webhook_secret_is_refused(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    listening(town, monkeypatch, port=8600)
    monkeypatch.setenv("TOWN_WEBHOOK_SECRET", "hunter2")
    answer = town.paidsync("check", town.name)
    assert answer.code == 2
    assert "TOWN_WEBHOOK_SECRET is shorter than 24 characters" in answer.err
    assert "hunter2" not in answer.err


def test_listening_needs_a_prefect_server_and_a_free_port(town: Town) -> None:
    alone = town.paidsync("listen")
    assert alone.code == 2
    assert "Set PREFECT_API_URL" in alone.err
    named = {PREFECT_API_URL: "http://127.0.0.1:4200/api"}
    with socket.socket() as taken, temporary_settings(named):
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        answer = town.paidsync("listen", "--port", port)
    assert answer.code == 2
    assert f"Nothing can listen at 127.0.0.1 port {port}" in answer.err
