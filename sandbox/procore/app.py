"""The API host: every route under ``/rest``."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from sandbox.procore.commitments import OPERATIONS as COMMITMENTS
from sandbox.procore.commitments_v2 import OPERATIONS as COMMITMENTS_V2
from sandbox.procore.directory import OPERATIONS as DIRECTORY
from sandbox.procore.erp import OPERATIONS as ERP
from sandbox.procore.errors import ApiError
from sandbox.procore.gate import Gate
from sandbox.procore.operation import routes
from sandbox.procore.payments import OPERATIONS as PAYMENTS
from sandbox.procore.projects import OPERATIONS as PROJECTS
from sandbox.procore.rates import RateLimits
from sandbox.procore.requisitions import OPERATIONS as REQUISITIONS
from sandbox.procore.store import ProcoreStore
from sandbox.procore.vendors import OPERATIONS as VENDORS
from sandbox.procore.webhooks import OPERATIONS as WEBHOOKS
from sandbox.procore.webhooks_v2 import OPERATIONS as WEBHOOKS_V2

_OPERATIONS = (
    *DIRECTORY,
    *PROJECTS,
    *VENDORS,
    *COMMITMENTS,
    *COMMITMENTS_V2,
    *REQUISITIONS,
    *PAYMENTS,
    *ERP,
    *WEBHOOKS,
    *WEBHOOKS_V2,
)


def create_app(
    store: ProcoreStore, *, client_id: str, client_secret: str, rates: RateLimits
) -> Starlette:
    """The API of a company in which the app with these credentials is installed.

    Tokens come from the store's registry, which the authorisation server fills.
    """
    store.tokens.register(client_id, client_secret)
    gate = Middleware(Gate, store=store, client_id=client_id, rates=rates)
    return Starlette(
        routes=routes(store, _OPERATIONS),
        middleware=[gate],
        exception_handlers={HTTPException: _unrouted},
    )


async def _unrouted(request: Request, error: Exception) -> Response:
    """An unknown path, or a method it does not have, in the version's error shape."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    message = error.detail if isinstance(error, HTTPException) else "Internal error"
    return ApiError(status, message).response(v2=request.url.path.startswith("/rest/v2"))
