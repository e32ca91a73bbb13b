"""A hold decided in the Prefect UI: the form, the run, its artifact, the sync that it starts."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from orchestra import Orchestra, until
from town import Town

from flows.decide_hold import HoldDecision, decide_hold
from flows.handle import load_handle
from paidsync.reasons import Decision
from tasks.deciding import WORDS

IGNORE = WORDS[Decision.LEAVE]
POST = WORDS[Decision.POST]
WHO = "controller@bluebird.example"


@pytest.fixture
def held(build: Callable[..., Town], prefect: Orchestra) -> Town:
    """A town with a payment that looks like a typed one; the connection is in the drop-down."""
    town: Town = build()
    town.paid("100.00")
    town.do("/procore/row", commitment_id=town.commitments[0], amount="100.00")
    said = town.paidsync("sync", town.name)
    assert said.code == 3, said.err + said.out
    return town


def hold_in_table(town: Town, prefect: Orchestra) -> dict[str, Any]:
    """The row of the table of held payments in which a person finds the hold's number."""
    run = town.ledger.runs.last(town.name)
    (row,) = json.loads(prefect.artifacts(run.run_id)[f"held-{town.name}"]["data"])
    return dict(row)


def decided(town: Town, **answer: Any) -> tuple[str, str, str]:
    """A run of the form, here; its state's name, its message, its id."""
    state = decide_hold(load_handle(town.name), HoldDecision(**answer), return_state=True)
    return state.name, state.message, str(state.state_details.flow_run_id)


def test_the_form_speaks_an_accountants_words(deployed: Orchestra) -> None:
    schema = deployed.deployment("decide-hold")["parameter_openapi_schema"]
    assert schema["required"] == ["connection", "answer"]
    form = schema["definitions"]["HoldDecision"]
    fields = form["properties"]
    assert set(fields["decision"]["enum"]) == set(WORDS.values())
    assert set(WORDS) == set(Decision)
    titles = [each["title"] for each in sorted(fields.values(), key=lambda each: each["position"])]
    assert titles == [
        "Hold", "Decision", "Payment application", "Decided by", "Note", "Run a sync now",
    ]  # fmt: skip
    assert all(each["description"].endswith(".") for each in fields.values())
    assert form["additionalProperties"] is False
    assert form["required"] == ["hold", "decision", "decided_by"]


def test_a_decision_is_taken_shown_and_acted_on_by_the_next_run(
    held: Town, prefect: Orchestra
) -> None:
    row = hold_in_table(held, prefect)
    assert row["you may decide"] == "post, leave, retry"
    name, message, run_id = decided(
        held, hold=int(row["hold"]), decision=POST, decided_by=WHO, note="two checks"
    )
    assert name == "Completed", message
    assert message.startswith(f"Hold {row['hold']} (looks_like_manual_payment): post, by ")
    assert message.endswith("It takes effect in the next run.")
    shown = prefect.artifacts(run_id)[f"decision-{held.name}"]["data"]
    for words in (POST, "two checks", "100.00 USD", "takes effect in the next run", "Controller"):
        assert words in shown
    run = prefect.get(f"/flow_runs/{run_id}")
    assert run["name"] == f"{held.name} post {row['hold']}"
    assert held.name in run["tags"]
    assert held.rows()[-1].origin_id is None
    said = held.paidsync("sync", held.name)
    assert said.code == 0, said.err + said.out
    assert held.amounts() == ["100.00", "100.00"]


def test_a_wrong_combination_ends_refused_with_the_sentence(held: Town, prefect: Orchestra) -> None:
    number = int(hold_in_table(held, prefect)["hold"])
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"decision": IGNORE}, "`leave` needs a note that says why"),
        ({"decision": WORDS[Decision.REVERSE], "note": "x"}, "can be decided, not 'reverse'"),
        ({"decision": POST, "note": "x", "application": "5"}, "no other decision takes one"),
        ({"decision": POST, "note": "x", "hold": 9999}, "has no open hold 9999"),
        (
            {"decision": POST, "note": "x", "decided_by": "site@bluebird.example"},
            "may not decide about holds",
        ),
    ]
    for answer, says in wrong:
        name, message, run_id = decided(held, **{"hold": number, "decided_by": WHO, **answer})
        assert (name, says in message) == ("Refused", True), message
        assert prefect.get(f"/flow_runs/{run_id}")["state_type"] == "FAILED"
        assert prefect.artifacts(run_id) == {}
    assert held.ledger.holds.decisions(held.name) == {}


def test_words_that_are_not_on_the_list_are_refused_by_the_form(
    town: Town, prefect: Orchestra, deployed: Orchestra, http: httpx.Client
) -> None:
    answer = {"hold": 1, "decision": "Do what you think is right", "decided_by": WHO}
    reply = http.post(
        f"{prefect.url}/deployments/{prefect.deployment('decide-hold')['id']}/create_flow_run",
        json={"parameters": {"connection": prefect.handle(town.name), "answer": answer}},
    )
    assert reply.status_code == 409
    assert "decision" in reply.text


def test_a_sync_is_started_at_once_where_it_is_asked_for(
    held: Town, prefect: Orchestra, deployed: Orchestra
) -> None:
    prefect.give_environment("sync", held.environment)
    number = int(hold_in_table(held, prefect)["hold"])
    run_id = prefect.start(
        "decide-hold",
        environment=held.environment,
        connection=prefect.handle(held.name),
        answer={
            "hold": number,
            "decision": POST,
            "decided_by": WHO,
            "note": "two checks",
            "sync_now": True,
        },
    )
    done = prefect.ended(run_id)
    assert done["state_name"] == "Completed", done["state"]
    until(lambda: held.amounts() == ["100.00", "100.00"], seconds=120, what="the sync has posted")
    shown = prefect.artifacts(run_id)[f"decision-{held.name}"]["data"]
    assert "which was started with it" in shown
