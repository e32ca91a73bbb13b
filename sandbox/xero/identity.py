"""The identity service: authorise, token and revocation (reference sections 2 and 3)."""

from __future__ import annotations

import base64
import binascii
from urllib.parse import parse_qsl, urlencode

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from .connections import Connections
from .tokens import SCOPES, Tokens

AUTHORISE_PATH = "/identity/connect/authorize"
TOKEN_PATH = "/connect/token"
REVOCATION_PATH = "/connect/revocation"


def _error(name: str) -> JSONResponse:
    return JSONResponse({"error": name}, 400)


def _basic(header: str) -> tuple[str, str] | None:
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return user, secret


class Identity:
    """Answers for one web app and one custom connection."""

    def __init__(self, tokens: Tokens, connections: Connections) -> None:
        self.tokens = tokens
        self.connections = connections

    def app(self) -> Starlette:
        """Build the routes."""
        return Starlette(
            routes=[
                Route(AUTHORISE_PATH, self._authorise, methods=["GET"]),
                Route(TOKEN_PATH, self._token, methods=["POST"]),
                Route(REVOCATION_PATH, self._revoke, methods=["POST"]),
            ]
        )

    async def _authorise(self, request: Request) -> Response:
        """Consent at once and send the browser back; a client that is not known stays here."""
        query = request.query_params
        back = query.get("redirect_uri", "")
        if query.get("client_id") != self.tokens.client_id:
            return PlainTextResponse("unauthorized_client: Unknown client", 400)
        if back not in self.tokens.redirect_uris:
            return PlainTextResponse("unauthorized_client: Invalid redirect_uri", 400)
        state = {"state": query["state"]} if "state" in query else {}
        refused = self._authorise_error(request)
        if refused is not None:
            return RedirectResponse(f"{back}?{urlencode({'error': refused} | state)}", 302)
        scopes = frozenset(query["scope"].split())
        code = self.tokens.authorise(back, scopes, query.get("code_challenge"))
        return RedirectResponse(f"{back}?{urlencode({'code': code} | state)}", 302)

    @staticmethod
    def _authorise_error(request: Request) -> str | None:
        query = request.query_params
        if query.get("response_type") != "code":
            return "unsupported_response_type"
        scopes = frozenset(query.get("scope", "").split())
        if not scopes or not scopes <= SCOPES:
            return "invalid_scope"
        if ("code_challenge" in query) != (query.get("code_challenge_method") == "S256"):
            return "invalid_request"
        return None

    async def _form(self, request: Request) -> tuple[dict[str, str], str | None]:
        """Return the form and the client whose secret came with it."""
        kind = request.headers.get("content-type", "").partition(";")[0].strip()
        if kind != "application/x-www-form-urlencoded":
            return {}, None
        form = dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))
        given = _basic(request.headers.get("authorization", ""))
        client = given or (form.get("client_id", ""), form.get("client_secret", ""))
        tokens = self.tokens
        web = (tokens.client_id, tokens.client_secret)
        custom = (tokens.custom_id, tokens.custom_secret)
        return form, client[0] if client in (web, custom) else None

    async def _token(self, request: Request) -> Response:
        form, client = await self._form(request)
        if not form:
            return _error("invalid_request")
        if client is None:
            return _error("invalid_client")
        grant = form.get("grant_type")
        if grant not in ("refresh_token", "authorization_code", "client_credentials"):
            return _error("unsupported_grant_type")
        if (grant == "client_credentials") != (client == self.tokens.custom_id):
            return _error("unauthorized_client")
        issued = self._issue(grant, form)
        if issued is None:
            name = "invalid_scope" if grant == "client_credentials" else "invalid_grant"
            return _error("unauthorized_client" if self._withdrawn(grant) else name)
        return JSONResponse(issued, headers={"Cache-Control": "no-store"})

    def _withdrawn(self, grant: str) -> bool:
        return grant == "client_credentials" and self.tokens.revoked

    def _issue(self, grant: str, form: dict[str, str]) -> dict[str, object] | None:
        tokens = self.tokens
        if grant == "refresh_token":
            return tokens.refresh(form.get("refresh_token", ""))
        if grant == "client_credentials":
            return tokens.grant_custom(frozenset(form.get("scope", "").split()))
        back, verifier = form.get("redirect_uri", ""), form.get("code_verifier")
        issued = tokens.exchange(form.get("code", ""), back, verifier)
        if issued is not None:
            self.connections.connect(tokens.client_id)
        return issued

    async def _revoke(self, request: Request) -> Response:
        """End a refresh token and the connections that came with it; unknown ones answer 200."""
        form, client = await self._form(request)
        if client is None:
            return _error("invalid_client")
        if self.tokens.revoke(form.get("token", "")):
            self.connections.disconnect(client)
        return Response(status_code=200)


def create_identity_app(tokens: Tokens, connections: Connections) -> Starlette:
    """Build the identity service of one organisation's apps."""
    return Identity(tokens, connections).app()
