"""``paidsync automations load``: the alerts, and the end of stuck runs, into Prefect."""

from pathlib import Path
from typing import Any
from uuid import UUID

import yaml
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.events.schemas.automations import AutomationCore
from prefect.exceptions import ObjectNotFound
from pydantic import ValidationError

from cli.faults import WrongUse
from cli.prefect_server import require_server
from paidsync.settings import settings

_OWN = Path(__file__).resolve().parent.parent / "deploy" / "automations.yaml"
_NOTIFIES = "send-notification"


def load(file: Path | None, notify: str | None) -> int:
    """Create what is missing and bring up to date what is there, by name."""
    found = _read(file or _OWN)
    require_server()
    notify = notify or settings().notify_block
    with get_client(sync_client=True) as client:
        block = _block(client, notify) if notify else None
        left_out = 0
        for document in found:
            automation = _checked(document, block)
            if automation is None:
                left_out += 1
                print(f"left out  {document['name']}: it notifies, and no block is named.")
            else:
                print(f"{_put(client, automation):<9} {automation.name}")
    if left_out:
        print(
            "To be notified, make a notification block in the Prefect UI (Blocks), for example a "
            "Slack Webhook, and load again with --notify slack-webhook/NAME or "
            "PAIDSYNC_NOTIFY_BLOCK."
        )
    return 0


def _read(file: Path) -> list[dict[str, Any]]:
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise WrongUse(f"{file} is not YAML ({error}).") from None
    found = document.get("automations") if isinstance(document, dict) else None
    rows = found if isinstance(found, list) else []
    named = [each.get("name") for each in rows if isinstance(each, dict)]
    names = {name for name in named if name and isinstance(name, str)}
    if not rows or len(names) != len(rows):
        raise WrongUse(f"{file} has no list `automations` in which each has a name of its own.")
    return rows


def _block(client: SyncPrefectClient, notify: str) -> UUID:
    kind, _, name = notify.partition("/")
    try:
        return client.read_block_document_by_name(name, kind).id
    except ObjectNotFound:
        raise WrongUse(
            f"There is no Prefect block {notify!r}. Make a notification block in the Prefect UI "
            "(Blocks) and name it as TYPE/NAME, for example slack-webhook/accounting."
        ) from None


def _checked(document: dict[str, Any], block: UUID | None) -> AutomationCore | None:
    """An automation; None where it notifies and there is nothing to notify by."""
    actions = document.get("actions")
    if isinstance(actions, list):
        if block is None and any(_notifies(action) for action in actions):
            return None
        filled = {"block_document_id": block}
        actions = [action | filled if _notifies(action) else action for action in actions]
    try:
        return AutomationCore.model_validate({**document, "actions": actions})
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()
        )
        raise WrongUse(f"The automation {document['name']!r} cannot be used: {faults}.") from None


def _notifies(action: object) -> bool:
    return isinstance(action, dict) and action.get("type") == _NOTIFIES


def _put(client: SyncPrefectClient, automation: AutomationCore) -> str:
    """Create or update; what was done. What a person has switched off stays off."""
    there = client.read_automations_by_name(automation.name)
    if not there:
        client.create_automation(automation)
        return "created"
    newest, *more = there
    client.update_automation(newest.id, automation.model_copy(update={"enabled": newest.enabled}))
    for other in more:  # made by `prefect automation create`, which knows no names
        client.delete_automation(other.id)
    return "updated"
