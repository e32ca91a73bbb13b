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
    connect.add_argument(
        "--by",
        metavar="EMAIL",
        help="who wrote its policy, and may not approve its plans; without it, this account's user",
    )
    connect.set_defaults(command=_connect)

    check = commands.add_parser("check", help="check both systems of a stored connection")
    check.add_argument("name", help="the connection")
    check.set_defaults(command=_check)

    sync = commands.add_parser("sync", help="bring a connection's payments to Procore, now")
    sync.add_argument("name", help="the connection")
    mode = sync.add_mutually_exclusive_group()
    mode.add_argument("--preview", action="store_true", help="show the plan and write nothing")
    mode.add_argument(
        "--reconcile", action="store_true", help="read everything anew, as every night does"
    )
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
    sync.add_argument(
        "--as",
        dest="requested_by",
        metavar="EMAIL",
        help="who asks for it, in Procore; without it, the service account",
    )
    sync.set_defaults(command=_sync)

    _add_approvals(commands)

    holds = commands.add_parser("holds", help="list what waits for a person, and what may be done")
    holds.add_argument("name", nargs="?", help="the connection; without it, every one")
    holds.set_defaults(command=_holds)

    decide = commands.add_parser("decide", help="decide about a hold; the next run acts on it")
    decide.add_argument("name", help="the connection")
    decide.add_argument("hold", type=int, help="the hold's number, as `paidsync holds` lists it")
    decide.add_argument("decision", help="one of those that `paidsync holds` lists for it")
    decide.add_argument("--application", metavar="ID", help="Procore's id, for `link`")
    decide.add_argument("--by", required=True, metavar="EMAIL", help="who decides")
    decide.add_argument("--note", help="why")
    decide.set_defaults(command=_decide)

    _add_probe(commands)

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

    _add_operations(commands)

    listen = commands.add_parser(
        "listen", help="hear Procore's button and the webhooks of ERPs, and start what they ask for"
    )
    listen.add_argument("--host", default="127.0.0.1", help="where to listen (127.0.0.1)")
    listen.add_argument("--port", type=int, default=8600, help="0 takes a free one (8600)")
    listen.add_argument(
        "--proxy",
        metavar="ADDRESS",
        help="the TLS proxy before it, whose X-Forwarded-For is believed",
    )
    listen.set_defaults(command=_listen)

    settings = commands.add_parser("settings", help="show the settings in effect, secrets masked")
    settings.add_argument(
        "--new-key", action="store_true", help="print a new key for PAIDSYNC_SECRET_KEY instead"
    )
    settings.set_defaults(command=_settings)
    return parser


def _add_approvals(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Plans that wait for a second person, and how that person proves who they are."""
    plans = commands.add_parser("plans", help="list the plans that wait for a second person")
    plans.add_argument("name", help="the connection")
    plans.set_defaults(command=_plans)

    for verdict, what in (
        ("approve", "let exactly this plan through in the next sync"),
        ("reject", "leave the payments of this plan held"),
    ):
        answer = commands.add_parser(verdict, help=what)
        answer.add_argument("name", help="the connection")
        answer.add_argument("plan", help="the plan's hash, or its first 12 characters")
        answer.add_argument("--by", required=True, metavar="EMAIL", help="who decides, in Procore")
        answer.add_argument("--code", metavar="DIGITS", help="the authenticator app's present code")
        answer.add_argument("--note", help="why")
        answer.set_defaults(command=_answer, verdict=verdict)

    approvers = commands.add_parser("approvers", help="who proves by a code that they decide")
    verbs = approvers.add_subparsers(title="verbs", required=True, metavar="VERB")
    for verb, what in (
        ("add", "give a person a one-time code, and show its secret once"),
        ("remove", "forget a person's one-time code"),
    ):
        chosen = verbs.add_parser(verb, help=what)
        chosen.add_argument("email", metavar="EMAIL", help="their e-mail address in Procore")
        chosen.set_defaults(command=_approvers, verb=verb)
    verbs.add_parser("list", help="show who has one").set_defaults(command=_approvers, verb="list")


def _add_probe(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """What is asked of a sandbox company before anybody relies on it."""
    probe = commands.add_parser(
        "probe", help="find out in a sandbox company what Procore's documentation leaves open"
    )
    probe.add_argument("name", help="the connection")
    probe.add_argument("--show", action="store_true", help="show what was learned; write nothing")
    probe.add_argument("--commitment", metavar="ID", help="Procore's id; rows of a cent go there")
    probe.add_argument("--application", metavar="ID", help="a payment application on it")
    probe.add_argument(
        "--tab-off", metavar="ID", help="another commitment, whose Payments Issued tab is off"
    )
    probe.add_argument("--yes", action="store_true", help="write without asking first")
    probe.add_argument(
        "--i-know-this-is-production", action="store_true", help="the host is Procore's own"
    )
    probe.set_defaults(command=_probe)


def _add_operations(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """What data engineers run beside Prefect."""
    worker = commands.add_parser(
        "worker", help="start Prefect's worker for the pool `paidsync`, logging as PaidSync does"
    )
    worker.add_argument(
        "--with-healthcheck",
        action="store_true",
        help="answer on PREFECT_WORKER_WEBSERVER_PORT (8080) whether it still asks for work",
    )
    worker.set_defaults(command=_worker)

    automations = commands.add_parser("automations", help="alerts, and an end for stuck runs")
    verbs = automations.add_subparsers(title="verbs", required=True, metavar="VERB")
    load = verbs.add_parser(
        "load", help="put the automations into Prefect; again, and they are brought up to date"
    )
    load.add_argument(
        "file", type=Path, nargs="?", metavar="FILE.yaml", help="instead of deploy/automations.yaml"
    )
    load.add_argument(
        "--notify",
        metavar="TYPE/NAME",
        help="the Prefect block that notifies, for example slack-webhook/accounting "
        "(PAIDSYNC_NOTIFY_BLOCK)",
    )
    load.set_defaults(command=_automations_load)


def _connect(chosen: argparse.Namespace) -> int:
    from cli.connect import connect

    return connect(chosen.file, by_whom=chosen.by)


def _check(chosen: argparse.Namespace) -> int:
    from cli.connect import check

    return check(chosen.name)


def _sync(chosen: argparse.Namespace) -> int:
    from cli.sync import sync

    return sync(
        chosen.name,
        mode="preview" if chosen.preview else "reconcile" if chosen.reconcile else "sync",
        since=chosen.since,
        projects=chosen.project,
        restate=chosen.restate,
        requested_by=chosen.requested_by,
    )


def _plans(chosen: argparse.Namespace) -> int:
    from cli.approvals import plans

    return plans(chosen.name)


def _answer(chosen: argparse.Namespace) -> int:
    from cli.approvals import answer

    return answer(
        chosen.name,
        chosen.plan,
        chosen.verdict,
        by_whom=chosen.by,
        code=chosen.code,
        note=chosen.note,
    )


def _approvers(chosen: argparse.Namespace) -> int:
    from cli import approvers

    if chosen.verb == "list":
        return approvers.show()
    return (approvers.add if chosen.verb == "add" else approvers.remove)(chosen.email)


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


def _probe(chosen: argparse.Namespace) -> int:
    from cli.faults import WrongUse
    from cli.probe import probe, show

    if chosen.show:
        return show(chosen.name)
    if chosen.commitment is None:
        raise WrongUse("Name the commitment to write to with --commitment, or give --show.")
    return probe(
        chosen.name,
        commitment=chosen.commitment,
        application=chosen.application,
        without_tab=chosen.tab_off,
        yes=chosen.yes,
        known_production=chosen.i_know_this_is_production,
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


def _worker(chosen: argparse.Namespace) -> int:
    from cli.worker import worker

    return worker(with_healthcheck=chosen.with_healthcheck)


def _automations_load(chosen: argparse.Namespace) -> int:
    from cli.automations import load

    return load(chosen.file, chosen.notify)


def _listen(chosen: argparse.Namespace) -> int:
    from cli.listen import listen

    return listen(chosen.host, chosen.port, proxy=chosen.proxy)


def _settings(chosen: argparse.Namespace) -> int:
    from cli.show_settings import new_key, show

    return new_key() if chosen.new_key else show()


if __name__ == "__main__":
    sys.exit(main())
