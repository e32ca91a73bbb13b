"""What the command line needs of the Prefect server."""

from prefect.client.orchestration import get_client
from prefect.exceptions import PrefectHTTPStatusError
from prefect.settings import PREFECT_API_URL

from cli.faults import WrongUse
from connectors.connection import ConnectionFile
from flows.handle import PaidsyncConnection, load_handle


def is_named() -> bool:
    """Whether a Prefect server is named, by the environment, a ``.env`` file or a profile."""
    return bool(PREFECT_API_URL.value())


def require_server() -> None:
    """Raises WrongUse where no Prefect server answers, or where it does not let us in."""
    url = PREFECT_API_URL.value()
    if not url:
        raise WrongUse(
            "No Prefect server is named. Start one with `prefect server start` and set "
            "PREFECT_API_URL (http://127.0.0.1:4200/api for a local one)."
        )
    with get_client(sync_client=True) as client:
        fault = client.api_healthcheck()
    if fault is not None:
        raise WrongUse(
            f"The Prefect server at {url} does not answer ({type(fault).__name__}). Start it with "
            "`prefect server start`, or correct PREFECT_API_URL."
        )
    try:
        with get_client(sync_client=True) as client:
            client.api_version()
    except PrefectHTTPStatusError as error:
        raise WrongUse(
            f"The Prefect server at {url} refuses this login ({error.response.status_code}). Set "
            "PREFECT_API_AUTH_STRING to the user:password that it was started with."
        ) from None


def register(connection: ConnectionFile) -> PaidsyncConnection:
    """The connection's handle in Prefect, made anew."""
    PaidsyncConnection.register_type_and_schema()
    handle = PaidsyncConnection(
        connection=connection.name,
        erp=connection.erp_name,
        erp_company=connection.erp_company,
        procore_company=str(connection.procore.company_id),
    )
    handle.save(connection.name, overwrite=True)
    return load_handle(connection.name)
