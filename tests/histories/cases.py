"""Histories that are written down: found once, kept, read by people, and played again."""

import json
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.histories.history import History, Move, Tally
from tests.histories.scene import opened

CASES = Path(__file__).parent / "cases"
CUT_OVER = "2026-03-01"
_MEMORY = Path("/dev/shm")  # where there is one, ledgers live there as long as a history lasts


@contextmanager
def begun(erp: str, tally: Tally | None = None) -> Iterator[History]:
    """A history at its beginning: a company, and one installation of PaidSync."""
    folder = Path(tempfile.mkdtemp(dir=_MEMORY if _MEMORY.is_dir() else None))
    try:
        with opened(erp, folder) as scene:
            yield History(scene, {"cut_over": CUT_OVER}, tally)
    finally:
        shutil.rmtree(folder)


@dataclass(frozen=True)
class Case:
    """One history as written down."""

    about: str
    erp: str
    moves: Sequence[Move]

    @classmethod
    def read(cls, file: Path) -> "Case":
        """From a file."""
        kept = json.loads(file.read_text(encoding="utf-8"))
        return cls(kept["about"], kept["erp"], [Move(*each) for each in kept["moves"]])

    def write(self, file: Path) -> None:
        """Into a file, one move a line."""
        moves = ",\n  ".join(json.dumps(move) for move in self.moves)
        head = f'"about": {json.dumps(self.about)},\n "erp": {json.dumps(self.erp)}'
        file.write_text(f'{{{head},\n "moves": [\n  {moves}\n ]}}\n', encoding="utf-8")

    def play(self, tally: Tally | None = None) -> None:
        """Play it to its end. Raises AssertionError where something does not hold."""
        with begun(self.erp, tally) as history:
            for move in self.moves:
                history.again(move)
            history.end()

    def fault(self) -> str | None:
        """What does not hold in it."""
        try:
            self.play()
        except Exception as error:  # noqa: BLE001 - whatever happens in a history is a finding
            return f"{type(error).__name__}: {error}"
        return None


def shortened(case: Case, tell: Callable[[int], None] = lambda _left: None) -> Case:
    """The same kind of fault with as few moves as leaving some out can give."""
    kind, moves = _kind(case.fault()), list(case.moves)
    if kind is None:
        return case
    size = len(moves) // 2
    while size:
        at = len(moves) - size
        while at >= 0:
            fewer = moves[:at] + moves[at + size :]
            if _kind(Case(case.about, case.erp, fewer).fault()) == kind:
                moves = fewer
                tell(len(moves))
            at -= size
        size //= 2
    return Case(case.about, case.erp, moves)


def _kind(fault: str | None) -> str | None:
    """Without what differs from one playing to the next."""
    return fault and fault.partition(":")[0] + fault.partition(": ")[2][:8]
