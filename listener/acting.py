"""Acts on what was recorded, in a thread of its own: however long Procore or Prefect take, every
knock is answered meanwhile. What cannot be done now is tried again; what is known to be done stays
done, because whatever is started has a key of its own.
"""

import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial

from connectors.errors import NotThere, OutsideError
from flows import starting
from flows.presses import is_in_hand, is_ours, office_of
from listener.doors import PROCORE, Doors
from paidsync.ledger import Ledger
from paidsync.ledger.inbound import Heard, Press
from paidsync.policy import Policy
from tasks.desk import stored_connection

_log = logging.getLogger("paidsync.listener")
_LOOK_SECONDS = 15.0  # without being woken: for what is tried again, and for new connections
_LONGEST_PAUSE = timedelta(minutes=10)
_GIVEN_UP = timedelta(hours=12)  # as long as Procore itself would go on
_NOT_THERE = timedelta(minutes=10)  # a request may be told of before it can be read
_APART = timedelta(minutes=5)  # between two runs that hints of the ERP start
_FORGET = timedelta(hours=6)


def utc_now() -> datetime:
    """This instant."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Starters:
    """What starts runs; Prefect's, unless somebody puts others in their place."""

    answer: Callable[[str, str, Press | None], None] = starting.start_answer
    early: Callable[[str, str], None] = starting.start_early
    in_hand: Callable[[Press], bool] = is_in_hand


class Acting:
    """The thread that acts."""

    def __init__(
        self,
        ledger: Ledger,
        doors: Doors,
        starters: Starters | None = None,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._ledger = ledger
        self._doors = doors
        self._start = starters or Starters()
        self._now = now
        self._woken = threading.Event()
        self._ending = False
        self._tries: dict[tuple[str, str], tuple[int, datetime]] = {}
        self._began: dict[str, datetime] = {}
        self._forgot_at = self._now()
        self._thread = threading.Thread(target=self._run, name="acting", daemon=True)

    def start(self) -> None:
        """Begin; what was recorded earlier is acted on first."""
        self._thread.start()

    def wake(self) -> None:
        """Something was recorded."""
        self._woken.set()

    def stop(self) -> None:
        """End, once what is being started was started; not waited for long."""
        self._ending = True
        self._woken.set()
        self._thread.join(timeout=5)

    def look(self) -> None:
        """Act on everything that waits and is due."""
        self._doors.refresh(self._ledger)
        hints: dict[str, list[Heard]] = defaultdict(list)
        for heard in self._ledger.inbound.waiting():
            if self._now() - heard.received_at > _GIVEN_UP:
                _log.warning("Gave up event %s (%s).", heard.event_id, heard.source)
                self._done([heard])
            elif not self._due(heard):
                continue
            elif heard.source == PROCORE:
                self._carefully([heard], partial(self._answer, heard))
            else:
                hints[heard.connection].append(heard)
        for name, told in hints.items():
            self._carefully(told, partial(self._early, name, told))
        if self._now() - self._forgot_at > _FORGET:
            self._forgot_at = self._now()
            self._ledger.inbound.forget()

    def _run(self) -> None:
        while not self._ending:
            try:
                self.look()
            except Exception as trouble:  # noqa: BLE001 - the ledger is away; the next look sees
                _log.error("Looking failed (%s); it is tried again.", type(trouble).__name__)
            self._woken.wait(_LOOK_SECONDS)
            self._woken.clear()

    def _carefully(self, events: list[Heard], act: Callable[[], bool]) -> None:
        """Act, and settle the events where there is nothing left to do about them."""
        try:
            if act():
                self._done(events)
            return
        except (OutsideError, starting.StartedInVain) as trouble:
            said = str(trouble)
        except Exception as trouble:  # noqa: BLE001 - whatever Prefect's client raises
            said = f"Prefect could not be asked ({type(trouble).__name__})."
        for heard in events:
            pause = self._put_off(heard)
            _log.warning("Event %s waits %d s: %s", heard.event_id, pause.total_seconds(), said)

    def _answer(self, heard: Heard) -> bool:
        """A press: look in Procore what it is, then start its answer."""
        connection = stored_connection(self._ledger, heard.connection)
        press = self._ledger.inbound.press(heard.connection, heard.record_id)
        if press is not None and self._start.in_hand(press):
            return True
        try:
            with office_of(connection) as office:
                request = office.requests.get(heard.record_id)
        except NotThere:
            if self._now() - heard.received_at < _NOT_THERE:
                raise
            _log.warning("Procore has no request %s; nothing is done.", heard.record_id)
            return True
        if not is_ours(request, connection):
            _log.info("Request %s (%s) is not the button.", request.request_id, request.name)
            return True
        self._start.answer(heard.connection, request.request_id, press)
        _log.info("The answer to request %s of %s is on its way.", heard.record_id, connection.name)
        return True

    def _early(self, name: str, told: list[Heard]) -> bool:
        """Hints of the ERP: one run for all that came, and none so soon after the last."""
        row = self._ledger.connections.get(name)
        if row is None:
            return True
        document = self._ledger.connections.policy(name, row.policy_version)
        if Policy.model_validate(document).schedule == "never":
            _log.info("%s runs on demand alone; hints start nothing.", name)
            return True
        began = self._began.get(name)
        if began is not None and self._now() - began < _APART:
            return False
        self._start.early(name, told[0].event_id)
        self._began[name] = self._now()
        _log.info("A sync of %s starts early: %d hints.", name, len(told))
        return True

    def _due(self, heard: Heard) -> bool:
        tries = self._tries.get((heard.source, heard.event_id))
        return tries is None or self._now() >= tries[1]

    def _put_off(self, heard: Heard) -> timedelta:
        key = heard.source, heard.event_id
        tries = self._tries.get(key, (0, self._now()))[0] + 1
        pause = min(timedelta(seconds=_LOOK_SECONDS * 2.0 ** min(tries - 1, 8)), _LONGEST_PAUSE)
        self._tries[key] = (tries, self._now() + pause)
        return pause

    def _done(self, events: Iterable[Heard]) -> None:
        events = list(events)
        self._ledger.inbound.handled(events)
        for heard in events:
            self._tries.pop((heard.source, heard.event_id), None)
