"""A history drawn from a seed."""

from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

from sandbox.erps import ERPS
from tests.histories import in_procore, in_the_erp  # noqa: F401 - they register their acts
from tests.histories.acts import ACTS, something
from tests.histories.cases import Case, begun
from tests.histories.history import History, Tally
from tests.histories.troubles import TROUBLES, go_wrong

LEAST_ACTS, LEAST_SYNCS = 10, 4


class Broken(Exception):
    """Something did not hold in a history; the case is what was done until then."""

    def __init__(self, case: Case) -> None:
        super().__init__(case.about)
        self.case = case


def play(seed: int, tally: Tally) -> None:
    """Draw and play the history of a seed. Raises Broken."""
    dice = Random(seed)
    erp = dice.choice(ERPS)
    with begun(erp, tally) as history, _told(erp, history):
        _draw(history, dice)
        history.end()


@contextmanager
def _told(erp: str, history: History) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        about = f"{type(error).__name__}: {error}"
        raise Broken(Case(about, erp, history.moves)) from error


def _draw(history: History, dice: Random) -> None:
    """Acts, and a sync after every third of them; the last sync is the end's. Every third act is
    drawn evenly, so that the rare ones happen, too."""
    for left in range(dice.randint(LEAST_ACTS, LEAST_ACTS + 2), 0, -1):
        something(history, dice, dice.choice(list(ACTS)) if left % 3 == 0 else None)
        if left % 3 == 2:
            _sync(history, dice)


def _sync(history: History, dice: Random) -> None:
    if not history.scene.faults.active and dice.random() < 0.7:
        for _ in range(dice.choice([1, 1, 2])):
            go_wrong(history, dice.choice(TROUBLES), dice)
    history.make("sync")
    if (history.scene.faults.active or history.scene.faults.late) and dice.random() < 0.6:
        history.make("mend")
