"""What is started for what was heard, by whom it is checked first, and what is tried again."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from house import BOTH, connection, store
from sqlalchemy import update

from listener.acting import Acting, Starters
from listener.doors import Doors
from paidsync.ledger import Ledger
from paidsync.ledger.inbound import Press
from paidsync.ledger.tables import InboundEvent
from sandbox.procore import RateLimits, create_app, create_auth_app
from sandbox.procore.store import ProcoreStore
from tests.sandbox.procore_helpers import Switch, served

COMPANY = 4711
CLIENT = {"client_id": "client", "client_secret": "a-client-secret"}


@dataclass
class Scene:
    """A listener that acts, Procore, and what was started."""

    ledger: Ledger
    procore: ProcoreStore
    acting: Acting
    answers: list[str] = field(default_factory=list)
    early: list[tuple[str, str]] = field(default_factory=list)
    trouble: Exception | None = None
    ahead: timedelta = timedelta(0)
    in_hand: bool = True

    def press(self, name: str = "sync_contract_payments") -> str:
        """Somebody presses the button."""
        return str(self.procore.erp.add_request(name)[0])

    def hear(self, source: str, record: str, event: str = "1", to: str = "acme-us") -> None:
        """A webhook was recorded."""
        body = {"what": "it", "record_id": record}
        self.ledger.inbound.record(source, f"{to}:{event}", connection=to, body=body)

    def later(self, **span: float) -> None:
        """Time passes."""
        self.ahead += timedelta(**span)

    @property
    def waiting(self) -> int:
        """How much is still to be acted on."""
        return len(self.ledger.inbound.waiting())


@pytest.fixture(name="scene")
def _scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scene]:
    monkeypatch.setenv("HOUSE_PROCORE_CLIENT", CLIENT["client_secret"])
    procore = ProcoreStore(company_id=COMPANY, company_name="Acme", clock=lambda: datetime.now(UTC))
    rates = RateLimits(hourly=100_000, spike=100_000)
    switch = Switch()
    switch.hosts = {
        "api": create_app(procore, rates=rates, **CLIENT),
        "auth": create_auth_app(procore, **CLIENT),
    }
    ledger = Ledger(f"sqlite:///{tmp_path / 'ledger.sqlite3'}")
    ledger.upgrade()
    with served(switch) as address:
        document = connection("acme-us", **BOTH)
        document["procore"] |= {"api_url": address, "auth_url": address}
        store(ledger, document)
        never = connection("on-demand", realm="9130350000000000009", **BOTH)
        never["policy"]["schedule"] = "never"
        store(ledger, never)
        found = Scene(ledger, procore, None)  # type: ignore[arg-type]

        def start(_name: str, request: str, _press: Press | None) -> None:
            if found.trouble:
                raise found.trouble
            found.answers.append(request)

        def early(name: str, key: str) -> None:
            if found.trouble:
                raise found.trouble
            found.early.append((name, key))

        starters = Starters(answer=start, early=early, in_hand=lambda _press: found.in_hand)
        found.acting = Acting(
            ledger, Doors(), starters, now=lambda: datetime.now(UTC) + found.ahead
        )
        yield found
    ledger.close()


def test_a_press_is_looked_up_in_procore_and_answered(scene: Scene) -> None:
    request = scene.press()
    scene.hear("procore", request)
    scene.acting.look()
    assert scene.answers == [request]
    assert scene.waiting == 0
    scene.acting.look()
    assert scene.answers == [request]


@pytest.mark.parametrize("name", ["sync_vendors", "create_contract_payment", ""])
def test_a_request_of_another_kind_starts_nothing(scene: Scene, name: str) -> None:
    scene.hear("procore", scene.press(name))
    scene.acting.look()
    assert (scene.answers, scene.waiting) == ([], 0)


def test_a_request_that_procore_does_not_know_starts_nothing(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    scene.hear("procore", "562950000999999")
    scene.acting.look()
    assert (scene.answers, scene.waiting) == ([], 1)  # it may be told of before it can be read
    scene.later(minutes=11)
    scene.acting.look()
    assert (scene.answers, scene.waiting) == ([], 0)
    assert "has no request 562950000999999" in caplog.text


def test_a_press_that_is_in_hand_is_not_started_again(scene: Scene) -> None:
    request = scene.press()
    ids = {"detail_id": "1", "run_id": "a-run"}
    assert scene.ledger.inbound.claim("acme-us", request, **ids, seen=None, asked_by=None)
    scene.hear("procore", request, event="2")
    scene.acting.look()
    assert (scene.answers, scene.waiting) == ([], 0)
    scene.in_hand = False  # its run died
    scene.hear("procore", request, event="3")
    scene.acting.look()
    assert scene.answers == [request]


def test_what_prefect_cannot_take_now_is_tried_again_later(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    request = scene.press()
    scene.hear("procore", request)
    scene.trouble = ConnectionError("http://user:password@prefect/api")
    scene.acting.look()
    scene.trouble = None
    assert scene.waiting == 1
    assert "Prefect could not be asked (ConnectionError)" in caplog.text
    assert "password" not in caplog.text
    scene.acting.look()  # too early
    assert scene.answers == []
    scene.later(seconds=16)
    scene.acting.look()
    assert (scene.answers, scene.waiting) == ([request], 0)


def test_what_never_works_is_given_up_after_twelve_hours(scene: Scene) -> None:
    scene.hear("procore", scene.press())
    scene.later(hours=12, minutes=1)
    scene.acting.look()
    assert (scene.answers, scene.waiting) == ([], 0)


def test_many_hints_start_one_early_run(scene: Scene) -> None:
    for number in range(5):
        scene.hear("quickbooks_online", str(number), event=str(number))
    scene.acting.look()
    assert [name for name, _ in scene.early] == ["acme-us"]
    assert scene.waiting == 0


def test_hints_soon_after_an_early_run_wait_for_the_next(scene: Scene) -> None:
    scene.hear("quickbooks_online", "1", event="1")
    scene.acting.look()
    scene.hear("quickbooks_online", "2", event="2")
    scene.acting.look()
    assert (len(scene.early), scene.waiting) == (1, 1)
    scene.later(minutes=6)
    scene.acting.look()
    assert (len(scene.early), scene.waiting) == (2, 0)


def test_a_connection_that_runs_on_demand_alone_takes_no_hint(scene: Scene) -> None:
    scene.hear("quickbooks_online", "1", to="on-demand")
    scene.acting.look()
    assert (scene.early, scene.waiting) == ([], 0)


def test_a_connection_that_is_no_more_settles_its_events(scene: Scene) -> None:
    scene.hear("quickbooks_online", "1", to="gone")
    scene.acting.look()
    assert scene.waiting == 0


def test_the_thread_acts_when_woken_and_goes_on_after_trouble(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[int] = []
    look = scene.acting.look

    def shaky() -> None:
        looks.append(1)
        if len(looks) == 1:
            raise OSError("the ledger is away")
        look()

    monkeypatch.setattr(scene.acting, "look", shaky)
    scene.acting.start()
    request = scene.press()
    scene.hear("procore", request)
    scene.acting.wake()
    _until(lambda: scene.answers == [request])
    scene.acting.stop()


def test_old_webhooks_are_forgotten_and_presses_never(scene: Scene) -> None:
    ids = {"detail_id": "1", "run_id": "a-run"}
    scene.ledger.inbound.claim("acme-us", "5", **ids, seen=None, asked_by="ada@acme.example")
    scene.ledger.inbound.answer("acme-us", "5", run_id="a-run", status="success", messages=["Yes"])
    scene.ledger.inbound.closed("acme-us", "5")
    scene.hear("procore", "5")
    scene.ledger.inbound.handled(scene.ledger.inbound.waiting())
    table = InboundEvent.__table__  # type: ignore[attr-defined]
    with scene.ledger.engine.begin() as db:
        db.execute(update(table).values(handled_at="2020-01-01T00:00:00.000000+00:00"))
    scene.ledger.inbound.forget()
    press = scene.ledger.inbound.press("acme-us", "5")
    assert press is not None
    assert press.closed
    with scene.ledger.engine.begin() as db:
        assert len(db.execute(table.select()).all()) == 1


def _until(done: Callable[[], bool]) -> None:
    end = datetime.now(UTC) + timedelta(seconds=10)
    while not done():
        assert datetime.now(UTC) < end
