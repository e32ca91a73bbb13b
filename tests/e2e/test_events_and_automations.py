"""What runs tell Prefect's event feed, and the automations that listen to it, on a real server."""

import io
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from orchestra import Orchestra, until
from prefect.events.schemas.automations import Posture
from prefect.server.events.schemas.automations import Automation
from prefect.server.events.schemas.events import ReceivedEvent
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
from town import Said, Town

import tasks.events
from cli.main import main
from paidsync.settings import settings
from tasks.summary import STATES

_STUCK = "PaidSync: end a run that is stuck"
_NOTIFYING = {
    "PaidSync: a run failed",
    "PaidSync: new holds",
    "PaidSync: nothing synced for a day",
}


def events(prefect: Orchestra, prefix: str) -> list[dict[str, Any]]:
    """What the server was told, the newest first."""
    asked = {"event": {"prefix": [prefix]}}
    found: list[dict[str, Any]] = prefect.post("/events/filter", filter=asked, limit=50)["events"]
    return found


def told(prefect: Orchestra, event: str, run_id: str) -> dict[str, Any]:
    """The one event of this name that a run told, once the server has it."""

    def look() -> list[dict[str, Any]]:
        return [each for each in events(prefect, event) if each["payload"].get("run") == run_id]

    [found] = until(look, seconds=60, what=f"{event} is told")
    return dict(found)


def automations(prefect: Orchestra) -> list[dict[str, Any]]:
    """Those on the server, by name."""
    found: list[dict[str, Any]] = prefect.post("/automations/filter")
    return sorted(found, key=lambda each: str(each["name"]))


def paidsync(*arguments: str) -> Said:
    """The command line, in this process."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main([*arguments])
    return Said(code, out.getvalue(), err.getvalue())


# Events


def test_a_run_tells_its_counts_and_its_money_as_text(town: Town, prefect: Orchestra) -> None:
    kept, gone = town.paid("1250.50"), town.paid("80.00", 1)
    town.paid("99.00", 2, date=town.day(-5))  # in the future: held
    first = town.paidsync("sync", town.name)
    assert first.code == 3, first.err + first.out
    run_id = town.ledger.runs.last(town.name).run_id

    ended = told(prefect, "paidsync.run.finished", run_id)
    assert ended["resource"]["prefect.resource.id"] == f"paidsync.connection.{town.name}"
    assert ended["resource"]["paidsync.state"] == "Held"
    assert ended["payload"]["posted"] == 2
    assert ended["payload"]["held"] == {"date_in_future": 1}
    assert ended["payload"]["money"]["posted"] == {"USD": "1330.50"}
    related = {each["prefect.resource.role"]: each for each in ended["related"]}
    assert related["flow-run"]["prefect.resource.id"] == f"prefect.flow-run.{run_id}"
    opened = told(prefect, "paidsync.holds.opened", run_id)
    assert opened["payload"] == {
        "connection": town.name, "run": run_id, "mode": "sync",
        "count": 1, "money": {"USD": "99.00"}, "reasons": {"date_in_future": 1},
    }  # fmt: skip

    town.do("/erp/void", payment_id=gone.payment)
    second = town.paidsync("sync", town.name)
    assert second.code == 3, second.err + second.out
    again = town.ledger.runs.last(town.name).run_id
    back = told(prefect, "paidsync.reversals.posted", again)
    assert (back["payload"]["count"], back["payload"]["money"]) == (1, {"USD": "-80.00"})
    assert told(prefect, "paidsync.run.finished", again)["payload"]["reversed"] == 1
    # The hold stands since the first run: it is not new.
    runs = [each["payload"]["run"] for each in events(prefect, "paidsync.holds")]
    assert runs.count(again) == 0
    assert town.amounts(kept.prefix) == ["1250.50"]


def test_a_preview_tells_that_it_ended_and_opens_no_holds(town: Town, prefect: Orchestra) -> None:
    town.paid("99.00", date=town.day(-5))
    assert town.paidsync("sync", town.name, "--preview").code in (0, 3)
    run_id = town.ledger.runs.last(town.name, mode="preview").run_id
    ended = told(prefect, "paidsync.run.finished", run_id)
    assert ended["resource"]["paidsync.mode"] == "preview"
    runs = [each["payload"]["run"] for each in events(prefect, "paidsync.holds")]
    assert run_id not in runs


def test_a_run_whose_events_cannot_be_told_ends_as_ever(
    town: Town, prefect: Orchestra, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError("no feed")

    monkeypatch.setattr(tasks.events, "emit_event", refuse)
    one = town.paid("10.00")
    done = town.paidsync("sync", town.name)
    assert done.code == 0, done.err + done.out
    assert town.amounts(one.prefix) == ["10.00"]


def test_no_event_holds_a_secret(town: Town, prefect: Orchestra) -> None:
    town.paid("10.00")
    assert town.paidsync("sync", town.name).code == 0
    run_id = town.ledger.runs.last(town.name).run_id
    text = str(told(prefect, "paidsync.run.finished", run_id))
    for name, secret in town.environment.items():
        if any(word in name for word in ("SECRET", "TOKEN")):
            assert secret not in text, name


# Automations


@pytest.fixture
def loading(
    prefect: Orchestra, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Orchestra]:
    """A server without automations, and settings of nobody."""
    monkeypatch.delenv("PAIDSYNC_NOTIFY_BLOCK", raising=False)
    monkeypatch.chdir(tmp_path)
    settings.cache_clear()
    yield prefect
    settings.cache_clear()
    for each in automations(prefect):
        prefect.delete(f"/automations/{each['id']}")


@pytest.fixture(scope="module")
def block(orchestra: Orchestra) -> str:
    """A notification block, as a person makes one in the UI."""
    kind = orchestra.get("/block_types/slug/slack-webhook")
    of_kind = {"block_type_id": {"any_": [kind["id"]]}}
    name = f"accounting-{uuid4().hex[:6]}"
    orchestra.post(
        "/block_documents/",
        name=name,
        block_type_id=kind["id"],
        block_schema_id=orchestra.post("/block_schemas/filter", block_schemas=of_kind)[0]["id"],
        data={"url": "https://hooks.slack.com/services/not/areal/one"},
    )
    return f"slack-webhook/{name}"


def test_without_a_block_only_what_needs_none_is_loaded(loading: Orchestra) -> None:
    said = paidsync("automations", "load")
    assert said.code == 0, said.err
    assert [each["name"] for each in automations(loading)] == [_STUCK]
    for name in _NOTIFYING:
        assert f"left out  {name}" in said.out
    assert "--notify" in said.out


def test_loading_twice_gives_the_same_automations(loading: Orchestra, block: str) -> None:
    assert paidsync("automations", "load", "--notify", block).code == 0
    first = automations(loading)
    assert {each["name"] for each in first} == {*_NOTIFYING, _STUCK}
    assert all(each["enabled"] for each in first)
    again = paidsync("automations", "load", "--notify", block)
    assert again.code == 0, again.err
    assert again.out.count("updated") == 4
    second = automations(loading)
    for each in (*first, *second):
        each.pop("updated")
        each["trigger"].pop("id")
    assert second == first


def test_what_a_person_switched_off_stays_off(loading: Orchestra) -> None:
    paidsync("automations", "load")
    [stuck] = automations(loading)
    loading.patch(f"/automations/{stuck['id']}", enabled=False)
    assert paidsync("automations", "load").code == 0
    assert [each["enabled"] for each in automations(loading)] == [False]


def test_the_block_may_be_a_setting(
    loading: Orchestra, block: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAIDSYNC_NOTIFY_BLOCK", block)
    settings.cache_clear()
    assert paidsync("automations", "load").code == 0
    assert len(automations(loading)) == 4


def test_a_block_that_is_not_there_is_a_sentence(loading: Orchestra) -> None:
    said = paidsync("automations", "load", "--notify", "slack-webhook/nobody")
    assert said.code == 2
    assert "slack-webhook/nobody" in said.err
    assert automations(loading) == []


@pytest.mark.parametrize(
    "text",
    ["automations: [", "automations: 7", "[]", "automations: [{}]", "automations: [{name: [a]}]"],
)
def test_a_file_that_is_no_list_of_automations_is_a_sentence(
    loading: Orchestra, tmp_path: Path, text: str
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text)
    said = paidsync("automations", "load", str(file))
    assert said.code == 2
    assert str(file) in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize("actions", ["7", "[7]", "[{type: fly}]"])
def test_an_automation_that_prefect_does_not_know_is_a_sentence(
    loading: Orchestra, tmp_path: Path, actions: str
) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(f"automations: [{{name: Mine, trigger: {{type: event}}, actions: {actions}}}]")
    said = paidsync("automations", "load", str(file))
    assert said.code == 2
    assert "Mine" in said.err
    assert automations(loading) == []


def test_every_failing_state_is_told(loading: Orchestra, block: str) -> None:
    paidsync("automations", "load", "--notify", block)
    [failed] = [each for each in automations(loading) if each["name"] == "PaidSync: a run failed"]
    names = {name for name, kind in STATES.items() if kind == "FAILED"}
    assert set(failed["trigger"]["expect"]) == {
        f"prefect.flow-run.{name}" for name in (*names, "Crashed", "TimedOut")
    }


def test_the_trigger_of_a_stuck_run_hears_what_a_run_really_tells(
    build: Callable[..., Town], loading: Orchestra
) -> None:
    """Its heartbeats begin the wait, its other events end it, and only runs of ours are meant."""
    town: Town = build()
    paidsync("automations", "load")
    [stored] = automations(loading)
    trigger = Automation.model_validate({**stored, "account": None, "workspace": None}).trigger
    assert (trigger.posture, trigger.within.total_seconds()) == (Posture.Proactive, 540)

    town.paid("10.00")
    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: 30}):
        assert town.paidsync("sync", town.name).code == 0
    run_id = town.ledger.runs.last(town.name).run_id

    def all_told() -> list[ReceivedEvent] | None:
        found = [
            ReceivedEvent.model_validate(each)
            for each in events(loading, "prefect.flow-run.")
            if each["resource"]["prefect.resource.id"] == f"prefect.flow-run.{run_id}"
        ]
        names = {each.event for each in found}
        wanted = {"prefect.flow-run.heartbeat", "prefect.flow-run.Completed"}
        return found if names >= wanted else None

    for event in until(all_told, seconds=60, what="the run's events are told"):
        assert trigger.starts_after(event.event) is (event.event == "prefect.flow-run.heartbeat")
        assert trigger.expects(event.event)
        assert trigger.match.matches(event.resource)
        assert trigger.match_related.includes(event.related)
