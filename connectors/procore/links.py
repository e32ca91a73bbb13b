"""Where people see Procore's records in their browser."""

from urllib.parse import quote

from connectors.procore.settings import ProcoreSettings


def commitment_link(
    settings: ProcoreSettings, project_id: str, commitment_id: str, kind: str
) -> str:
    """A commitment's page (Procore: side panel views); ``kind`` is work_order or purchase_order."""
    project, commitment = quote(project_id, safe=""), quote(commitment_id, safe="")
    return f"{settings.app}/{project}/project/commitments/{kind}_contracts/{commitment}"
