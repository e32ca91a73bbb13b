"""How a connection file names this organisation; the sandbox is told apart only by addresses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def section(ready: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """Return the `[erp]` part of a connection file, and the secrets that it names."""
    text = f"""\
[erp]
type = "xero"
tenant_id = "{ready["tenant_id"]}"
api_url = "{ready["api_url"]}"
token_url = "{ready["token_url"]}"
client_id = "{ready["app_client_id"]}"
client_secret = {{ env = "BLUEBIRD_ERP_SECRET" }}
refresh_token = {{ env = "BLUEBIRD_ERP_TOKEN" }}
"""
    return text, {
        "BLUEBIRD_ERP_SECRET": ready["app_client_secret"],
        "BLUEBIRD_ERP_TOKEN": ready["refresh_token"],
    }
