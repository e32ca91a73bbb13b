"""``paidsync``: the command line. Help and usage errors need none of the heavy imports."""

import argparse
import gc
import os
import sys
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path

DONE, FAILED, WRONG_USE, HELD = 0, 1, 2, 3

Command = Callable[[argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command. 0 done, 1 failed or stopped, 2 wrong use, 3 done but something is held."""
    chosen = _parser().parse_args(arguments)
    # What follows imports a lot and makes no garbage meanwhile: collecting it less often saves
    # an eighth of every start.
    gc.set_threshold(100_000, 20, 20)
    # A throw-away Prefect server loses records; a real one is asked for, always.
    os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_ENABLED", "false")
    from cli.faults import explained

    command: Command = chosen.command
    return explained(command, chosen)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="paidsync",
        description="Brings bill payments from the ERP back to Procore's Payments Issued.",
        epilog="Exit codes: 0 done, 1 failed or stopped, 2 wrong use, 3 done but some are held.",
    )
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    connect = commands.add_parser(
        "connect", help="check both systems and store the connection that a file describes"
    )
    connect.add_argument("file", type=Path, metavar="FILE.toml", help="the connection file")
    connect.set_defaults(command=_connect)

    check = commands.add_parser("check", help="check both systems of a stored connection")
    check.add_argument("name", help="the connection")
    check.set_defaults(command=_check)

    sync = commands.add_parser("sync", help="bring a connection's payments to Procore, now")
    sync.add_argument("name", help="the connection")
    sync.add_argument("--preview", action="store_true", help="show the plan and write nothing")
    sync.add_argument(
        "--since",
        type=date.fromisoformat,
        metavar="DATE",
        help="read again what changed in the ERP on or after this day (YYYY-MM-DD)",
    )
    sync.add_argument(
        "--project",
        action="append",
        default=[],
        metavar="ID",
        help="plan only this Procore project; may be repeated",
    )
    sync.add_argument(
        "--restate",
        metavar="NAME",
        help="judge what is posted already by the present policy, too; its plan needs approval",
    )
    sync.set_defaults(command=_sync)

    approve = commands.add_parser(
        "approve", help="let exactly this plan through: a mass change, or a restatement"
    )
    approve.add_argument("name", help="the connection")
    approve.add_argument("plan", help="the plan's hash, as the refused run shows it")
    approve.add_argument("--by", required=True, metavar="EMAIL", help="who approves")
    approve.add_argument("--note", help="why")
    approve.set_defaults(command=_approve)

    holds = commands.add_parser("holds", help="list what waits for a person, and what may be done")
    holds.add_argument("name", help="the connection")
    holds.set_defaults(command=_holds)

    decide = commands.add_parser("decide", help="decide about a hold; the next run acts on it")
    decide.add_argument("name", help="the connection")
    decide.add_argument("hold", type=int, help="the hold's number, as `paidsync holds` lists it")
    decide.add_argument("decision", help="one of those that `paidsync holds` lists for it")
    decide.add_argument("--application", metavar="ID", help="Procore's id, for `link`")
    decide.add_argument("--by", required=True, metavar="EMAIL", help="who decides")
    decide.add_argument("--note", help="why")
    decide.set_defaults(command=_decide)

    ledger = commands.add_parser("ledger", help="create, migrate, look at or mend the ledger")
    verbs = ledger.add_subparsers(title="verbs", required=True, metavar="VERB")
    upgrade = verbs.add_parser("upgrade", help="create the ledger, or bring it to this version")
    upgrade.set_defaults(command=_ledger_upgrade)
    status = verbs.add_parser("status", help="show where the ledger is and what it holds")
    status.set_defaults(command=_ledger_status)
    rebuild = verbs.add_parser(
        "rebuild", help="mend a lost or outdated ledger from what stands in Procore and the ERP"
    )
    rebuild.add_argument("name", help="the connection")
    rebuild.set_defaults(command=_ledger_rebuild)

    settings = commands.add_parser("settings", help="show the settings in effect, secrets masked")
    settings.add_argument(
        "--new-key", action="store_true", help="print a new key for PAIDSYNC_SECRET_KEY instead"
    )
    settings.set_defaults(command=_settings)
    return parser


def _connect(chosen: argparse.Namespace) -> int:
    from cli.connect import connect

    return connect(chosen.file)


def _check(chosen: argparse.Namespace) -> int:
    from cli.connect import check

    return check(chosen.name)


def _sync(chosen: argparse.Namespace) -> int:
    from cli.sync import sync

    return sync(
        chosen.name,
        preview=chosen.preview,
        since=chosen.since,
        projects=chosen.project,
        restate=chosen.restate,
    )


def _approve(chosen: argparse.Namespace) -> int:
    from cli.ledger import approve

    return approve(chosen.name, chosen.plan, by_whom=chosen.by, note=chosen.note)


def _holds(chosen: argparse.Namespace) -> int:
    from cli.holds import holds

    return holds(chosen.name)


def _decide(chosen: argparse.Namespace) -> int:
    from cli.holds import decide

    return decide(
        chosen.name,
        chosen.hold,
        chosen.decision,
        application_id=chosen.application,
        by_whom=chosen.by,
        note=chosen.note,
    )


def _ledger_upgrade(_chosen: argparse.Namespace) -> int:
    from cli.ledger import upgrade

    return upgrade()


def _ledger_status(_chosen: argparse.Namespace) -> int:
    from cli.ledger import status

    return status()


def _ledger_rebuild(chosen: argparse.Namespace) -> int:
    from cli.ledger_rebuild import rebuild_ledger

    return rebuild_ledger(chosen.name)


def _settings(chosen: argparse.Namespace) -> int:
    from cli.show_settings import new_key, show

    return new_key() if chosen.new_key else show()


if __name__ == "__main__":
    sys.exit(main())
