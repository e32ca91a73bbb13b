"""The authorisation host: ``/oauth/...`` (reference 2.1).

Error bodies are not published; RFC 6749's ``{error, error_description}`` is used with the
message texts that are known.
"""

from __future__ import annotations

import json
from email import message_from_bytes
from email.policy import HTTP
from http import HTTPStatus
from urllib.parse import parse_qsl, urlencode, urlsplit
from uuid import uuid4

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.procore.store import ProcoreStore
from sandbox.procore.tokens import ACCESS_SECONDS, BadGrant, Token

OUT_OF_BAND = "urn:ietf:wg:oauth:2.0:oob"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


class _RequestId:
    """Gives every reply an ``x-request-id``."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def stamped(message: Message) -> None:
            if message["type"] == "http.response.start":
                stamp = (b"x-request-id", str(uuid4()).encode())
                message["headers"] = [*message.get("headers", ()), stamp]
            await send(message)

        await self._app(scope, receive, stamped)


def create_auth_app(store: ProcoreStore, *, client_id: str, client_secret: str) -> Starlette:
    """The authorisation server; its tokens open the API app made from the same store."""
    store.tokens.register(client_id, client_secret)
    auth = _Auth(store)
    return Starlette(
        routes=[
            Route("/oauth/authorize", auth.authorize, methods=["GET"]),
            Route("/oauth/authorize/native", auth.native, methods=["GET"]),
            Route("/oauth/token", auth.token, methods=["POST"]),
            Route("/oauth/token/info", auth.info, methods=["GET"]),
            Route("/oauth/revoke", auth.revoke, methods=["POST"]),
        ],
        middleware=[Middleware(_RequestId)],
    )


class _Auth:
    """The endpoints, over one store."""

    def __init__(self, store: ProcoreStore) -> None:
        self._store = store
        self._tokens = store.tokens

    async def authorize(self, request: Request) -> Response:
        """Consent is given at once, in the name of the first directory user who is a person."""
        query = request.query_params
        if not self._tokens.knows(query.get("client_id", "")):
            return _refusal(BadGrant("invalid_client", "The client is unknown"))
        if query.get("response_type") != "code":
            return _refusal(BadGrant("unsupported_response_type", "Only code is supported"))
        redirect = query.get("redirect_uri", "")
        if not _acceptable(redirect):
            return _refusal(BadGrant("invalid_request", "The redirect uri is not valid"))
        code = self._tokens.issue_code(query["client_id"], self._person(), redirect)
        answer = {"code": code} | ({"state": query["state"]} if "state" in query else {})
        target = "/oauth/authorize/native" if redirect == OUT_OF_BAND else redirect
        glue = "&" if urlsplit(target).query else "?"
        return RedirectResponse(f"{target}{glue}{urlencode(answer)}", status_code=302)

    async def native(self, request: Request) -> Response:
        """Where an out-of-band authorisation ends: the code, to be copied by the user."""
        return JSONResponse({"code": request.query_params.get("code")})

    async def token(self, request: Request) -> Response:
        """``client_credentials``, ``authorization_code`` and ``refresh_token`` grants."""
        try:
            fields = await _fields(request)
            client_id = _need(fields, "client_id")
            self._tokens.check_client(client_id, _need(fields, "client_secret"))
            token = self._grant(client_id, fields)
        except BadGrant as bad:
            return _refusal(bad)
        except ClientDisconnect:
            return Response(status_code=HTTPStatus.BAD_REQUEST)
        body: dict[str, object] = {
            "access_token": token.access,
            "token_type": "bearer",
            "expires_in": ACCESS_SECONDS,
            "created_at": int(token.created_at.timestamp()),
        }
        if token.refresh is not None:
            body["refresh_token"] = token.refresh
        return JSONResponse(body, headers={"Cache-Control": "no-store"})

    async def info(self, request: Request) -> Response:
        """What a bearer token is."""
        _, _, value = request.headers.get("authorization", "").partition(" ")
        try:
            token = self._tokens.check(value)
        except BadGrant as bad:
            return _refusal(bad)
        return JSONResponse(
            {
                "resource_owner_id": token.user_id,
                "scopes": [],
                "expires_in_seconds": token.seconds_left(self._store.clock()),
                "application": {"uid": token.client_id},
                "created_at": int(token.created_at.timestamp()),
            }
        )

    async def revoke(self, request: Request) -> Response:
        """Kills both tokens of a pair; answers 200 even for an unknown one."""
        try:
            fields = await _fields(request)
            self._tokens.check_client(_need(fields, "client_id"), _need(fields, "client_secret"))
            self._tokens.revoke(_need(fields, "token"))
        except BadGrant as bad:
            return _refusal(bad)
        except ClientDisconnect:
            return Response(status_code=HTTPStatus.BAD_REQUEST)
        return JSONResponse({})

    def _grant(self, client_id: str, fields: dict[str, str]) -> Token:
        grant = _need(fields, "grant_type")
        if grant == "client_credentials":
            account = self._store.service_account_id
            return self._tokens.issue(client_id, account, service_account=True)
        if grant == "authorization_code":
            redirect = _need(fields, "redirect_uri")
            return self._tokens.redeem_code(client_id, _need(fields, "code"), redirect)
        if grant == "refresh_token":
            return self._tokens.rotate(client_id, _need(fields, "refresh_token"))
        raise BadGrant("unsupported_grant_type", "The grant type is not supported")

    def _person(self) -> int:
        account = self._store.service_account_id
        return next((i for i in self._store.users if i != account), account)


def _acceptable(redirect: str) -> bool:
    """https or out-of-band as documented; plain http on loopback, where the sandbox lives."""
    parts = urlsplit(redirect)
    if redirect == OUT_OF_BAND or (parts.scheme == "https" and parts.hostname):
        return True
    return parts.scheme == "http" and parts.hostname in _LOOPBACK


def _need(fields: dict[str, str], name: str) -> str:
    value = fields.get(name)
    if not value:
        raise BadGrant("invalid_request", f"Missing required parameter: {name}")
    return value


def _refusal(bad: BadGrant) -> JSONResponse:
    status = 401 if bad.error in ("invalid_client", "invalid_token", "invalid_grant") else 400
    return JSONResponse(
        {"error": bad.error, "error_description": bad.description}, status_code=status
    )


async def _fields(request: Request) -> dict[str, str]:
    """The body as urlencoded form, form-data or JSON: all three are documented."""
    raw = await request.body()
    kind = request.headers.get("content-type", "")
    media = kind.partition(";")[0].strip().lower()
    try:
        if media == "application/json":
            document = json.loads(raw)
            if not isinstance(document, dict):
                raise ValueError("not an object")
            return {str(k): v for k, v in document.items() if isinstance(v, str)}
        if media == "multipart/form-data":
            parts = message_from_bytes(
                b"Content-Type: " + kind.encode() + b"\r\n\r\n" + raw, policy=HTTP
            )
            return {
                str(part.get_param("name", header="content-disposition")): str(
                    part.get_content()
                ).strip()
                for part in parts.iter_parts()
            }
        return dict(parse_qsl(raw.decode()))
    except (ValueError, KeyError):
        raise BadGrant("invalid_request", "The body cannot be read") from None
