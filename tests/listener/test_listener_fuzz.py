"""Whatever comes, the listener answers within its limits, with an expected status, and records only
what is genuine.
"""

import json
from typing import Any

from house import COMPANY, INTUIT, PROCORE, REALM, SECRET, House, paid, pressed, signed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

_CALM = settings(
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
_EXPECTED = {204, 400, 401, 404, 405, 408, 413, 415, 429}
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=40),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4)
    ),
    max_leaves=12,
)
_HEADER = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=40)


@_CALM
@given(
    path=st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=60),
    body=st.binary(max_size=300),
    media=_HEADER,
    authorization=_HEADER,
    signature=_HEADER,
)
def test_a_stranger_gets_a_short_refusal_and_records_nothing(
    old_house: House, path: str, body: bytes, media: str, authorization: str, signature: str
) -> None:
    target = "/" + path.replace("?", "").replace("#", "").lstrip("/")
    head = (
        f"POST {target} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\nContent-Type: {media}"
        f"\r\nAuthorization: {authorization}\r\nIntuit-Signature: {signature}\r\n\r\n"
    )
    with old_house.line() as line:
        line.sendall(head.encode() + body)
        said = line.recv(2000)
    assert int(said.split(b" ", 2)[1]) in _EXPECTED
    assert len(said) < 500
    assert old_house.heard == []


@_CALM
@given(body=st.one_of(st.binary(max_size=400), _JSON.map(lambda value: json.dumps(value).encode())))
def test_any_genuine_body_is_answered(old_house: House, body: bytes) -> None:
    to_procore = old_house.knock(PROCORE, body, authorization=f"Bearer {SECRET}")
    to_intuit = old_house.knock(INTUIT, body, intuit_signature=signed(body))
    assert {to_procore, to_intuit} <= {204, 400}
    assert old_house.heard == []


@_CALM
@given(changed=st.dictionaries(st.sampled_from(sorted(pressed())), _JSON, max_size=3))
def test_a_press_with_odd_fields_records_a_press_or_nothing(
    house: House, changed: dict[str, Any]
) -> None:
    body = json.dumps(pressed(**changed)).encode()
    assert house.knock(PROCORE, body, authorization=f"Bearer {SECRET}") == 204
    for row in house.heard:
        assert row["body"]["record_id"].isdigit()
        assert len(row["event_id"]) <= 120
        assert set(row["body"]) == {"what", "record_id"}
    told = {"company_id": COMPANY} | changed
    if str(told["company_id"]) != str(COMPANY):
        assert pressed(**changed)["id"] not in [row["event_id"] for row in house.heard]


@_CALM
@given(
    events=st.lists(
        st.builds(
            lambda number, changed: paid(number, **changed),
            st.integers(0, 3),
            st.dictionaries(st.sampled_from(sorted(paid())), _JSON, max_size=2),
        )
        | _JSON,
        max_size=4,
    )
)
def test_events_of_intuit_with_odd_fields_are_answered(house: House, events: list[Any]) -> None:
    assert house.intuit(events) == 204
    for row in house.heard:
        assert (row["source"], row["connection"]) == ("quickbooks_online", "acme-us")
        assert len(row["body"]["record_id"]) <= 100
        assert REALM not in row["body"].values()
