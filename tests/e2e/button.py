"""Procore's button in a town: the connection listens, people press, and look at their request."""

import secrets
from typing import Any

import pytest
from orchestra import Orchestra
from town import Town

from flows.answer_sync_request import answer_sync_request
from flows.handle import load_handle

_SECTION = """
[listener]
{address}
procore_secret = {{ env = "TOWN_WEBHOOK_SECRET" }}
"""


def listening(
    town: Town, patch: pytest.MonkeyPatch, *, port: int | None = None, choices: str = ""
) -> str:
    """Connect the town with a [listener] section; without a port no hook is made. The secret."""
    secret = secrets.token_urlsafe(32)
    town.environment["TOWN_WEBHOOK_SECRET"] = secret
    patch.setenv("TOWN_WEBHOOK_SECRET", secret)
    if "refresh_token" in town.running.ready[town.erp]:
        patch.setenv("BLUEBIRD_ERP_TOKEN", town.do("/erp/tokens")["refresh_token"])
    address = f'public_url = "http://127.0.0.1:{port}"' if port else ""
    town.connect(choices + _SECTION.format(address=address))
    return secret


def shown(town: Town, request_id: int) -> dict[str, Any]:
    """What the ERP tab shows of a request."""
    requests = town.see("/procore/button")["requests"]
    return next(each for each in requests if each["request_id"] == request_id)


def answered(town: Town, prefect: Orchestra, request_id: int) -> tuple[str, str]:
    """The flow in this process; its state's name and message."""
    handle = load_handle(town.name)
    state = answer_sync_request(handle, str(request_id), return_state=True)
    return state.name, state.message
