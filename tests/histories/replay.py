"""`python -m tests.histories.replay SEED` or `FILE.json`: one history again, move by move."""

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

from tests.histories.cases import Case, shortened
from tests.histories.history import Tally
from tests.histories.scene import without_prefect
from tests.histories.script import Broken, play


def main(argv: list[str] | None = None) -> int:
    """Play it; 1 where something does not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.histories.replay", description=__doc__)
    parser.add_argument("which", metavar="SEED|FILE.json")
    parser.add_argument("--shorten", type=Path, metavar="FILE.json", help="write the fewest moves")
    chosen = parser.parse_args(argv)
    with without_prefect():
        case = _failed(chosen.which)
        if case is None:
            print("Everything held.")
            return 0
        if chosen.shorten:
            case = shortened(case, lambda left: print(f"{left} moves", flush=True))
            case.write(chosen.shorten)
    for number, name, given in case.moves:
        print(f"{number:4} {name} {json.dumps(given)}")
    print(case.about)
    return 1


def _failed(which: str) -> Case | None:
    """The case, with what did not hold; None where everything did."""
    if which.isdigit():
        try:
            play(int(which), Tally())
        except Broken as broken:
            return broken.case
        return None
    case = Case.read(Path(which))
    fault = case.fault()
    return replace(case, about=fault) if fault else None


if __name__ == "__main__":
    sys.exit(main())
