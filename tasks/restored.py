"""Whether the ledger is of an older day than the evidence beside it (money-rules 4.2)."""

from pathlib import Path

from paidsync.evidence.names import run_of, short
from tasks.desk import Desk


def knows_less_than_its_folders(at: Desk) -> bool:
    """Whether run folders stand here whose runs the ledger does not know: it was restored from
    before them, and something may stand in Procore that it never sent.

    A run enters the ledger before it has a folder. Folders from before the last extract that the
    ledger knows of do not count: the run that stored it has asked the same.
    """
    runs = at.ledger.runs
    last = runs.last_reader(at.run.connection)
    asked = Path(last.folder).name if last else ""
    known = {short(run_id) for run_id in runs.ids(at.run.connection)}
    names = [path.name for path in Path(at.run.folder).parent.iterdir() if path.name > asked]
    return any(run not in known for name in names if (run := run_of(name)) is not None)
