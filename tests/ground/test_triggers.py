"""What started a run is believed of Prefect, not of a tag that anybody may type."""

import pytest

from flows.triggers import BUTTON, COMMAND_LINE, WEBHOOK, Beginning, early_key, tag_of, trigger_of


@pytest.mark.parametrize("trigger", [BUTTON, COMMAND_LINE, WEBHOOK])
def test_a_tag_that_a_person_typed_for_a_deployments_run_is_not_believed(trigger: str) -> None:
    typed = Beginning(deployed=True, key="typed by a person")
    assert trigger_of([tag_of(trigger), "auto-scheduled"], typed) == "on demand"


@pytest.mark.parametrize(
    ("trigger", "began"),
    [
        (BUTTON, Beginning(child=True)),
        (COMMAND_LINE, Beginning()),
        (WEBHOOK, Beginning(deployed=True, key=early_key("acme-us", "5"))),
    ],
)
def test_a_tag_that_prefect_bears_out_is_believed(trigger: str, began: Beginning) -> None:
    assert trigger_of(["acme-us", tag_of(trigger)], began) == trigger


def test_what_a_schedule_or_another_run_started_acts_as_the_service_account() -> None:
    for began in (Beginning(child=True, deployed=True), Beginning(scheduled=True, deployed=True)):
        assert trigger_of(["acme-us"], began) == "schedule"
    assert trigger_of(["acme-us"], Beginning(deployed=True)) == "on demand"
