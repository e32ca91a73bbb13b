"""Histories as a state machine: Hypothesis chooses what happens, and cuts short what fails."""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from random import Random

from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from sandbox.erps import ERPS
from tests.histories import in_procore, in_the_erp  # noqa: F401 - they register their acts
from tests.histories.acts import something
from tests.histories.cases import begun
from tests.histories.troubles import TROUBLES, go_wrong

_CHOICE = st.integers(0, 2**32)  # throws the dice: what happens, and what it is about
_SYNC, _TROUBLE = 0.3, 0.2

SHORT = settings(
    max_examples=50,
    stateful_step_count=4,
    database=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),  # a step is a whole run of the product
    phases=(Phase.generate, Phase.shrink),
)


class Histories(RuleBasedStateMachine):
    """People, systems and PaidSync; what must hold is looked up after every run and at the end."""

    def __init__(self) -> None:
        super().__init__()
        self._open = ExitStack()
        self._sound = True

    @contextmanager
    def _watched(self) -> Iterator[None]:
        self._sound = False
        try:
            yield
        except Exception:
            for number, name, given in self.history.moves:
                note(f"{number:4} {name} {json.dumps(given)}")
            raise
        self._sound = True

    @initialize(erp=st.sampled_from(ERPS), choice=_CHOICE)
    def begin(self, erp: str, choice: int) -> None:
        """A company, one installation of PaidSync, and some payments."""
        self.history = self._open.enter_context(begun(erp))
        for first in ("pay", "one_check_many_bills"):
            something(self.history, Random(choice), first)

    # One rule: where there are several, Hypothesis gives up half of what it has begun.
    @rule(choice=_CHOICE)
    def goes_on(self, choice: int) -> None:
        """Somebody does something, something goes wrong from now on, or there is a sync."""
        history = self.history
        dice = Random(f"{choice} {len(history.moves)}")  # Hypothesis likes the same number again
        with self._watched():
            if history.moves[-1].name not in ("sync", "goes_wrong") and dice.random() < _SYNC:
                if not history.scene.faults.active and dice.random() < _TROUBLE:
                    go_wrong(history, dice.choice(TROUBLES), dice)
                history.make("sync")
            else:
                something(history, dice)

    def teardown(self) -> None:
        """The end, unless it came before."""
        with self._open:
            if self._sound and hasattr(self, "history"):
                with self._watched():
                    self.history.end(further=False)
