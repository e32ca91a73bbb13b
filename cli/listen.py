"""``paidsync listen``: hears webhooks of Procore and of ERPs."""

import logging
import sys

from cli.faults import WrongUse
from cli.prefect_server import is_named
from listener.limits import Limits
from listener.serve import assembled, bound, server_of
from paidsync.ledger import Ledger
from paidsync.settings import settings


def listen(host: str, port: int, *, proxy: str | None) -> int:
    """Listen until stopped."""
    ledger = Ledger(settings().ledger_url).require_current()
    if not is_named():
        raise WrongUse(
            "No Prefect server is named, so that nothing could be started. Set PREFECT_API_URL "
            "(http://127.0.0.1:4200/api for a local one)."
        )
    try:
        line = bound(host, port)
    except OSError as error:
        raise WrongUse(
            f"Nothing can listen at {host} port {port} ({error.strerror or error}). Name another "
            "--port, or end what listens there."
        ) from error
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(asctime)s %(message)s")
    logging.getLogger("paidsync.listener").setLevel(logging.INFO)
    limits = Limits()
    app, doors = assembled(ledger, limits)
    shown = f"[{host}]" if ":" in host else host
    print(f"Listening at http://{shown}:{line.getsockname()[1]} (Ctrl-C ends it).")
    for path in doors.paths:
        print(f"  {path}")
    if not doors.paths:
        print("No connection has a [listener] section yet; new ones are noticed by themselves.")
    sys.stdout.flush()
    server_of(app, limits, proxy=proxy).run(sockets=[line])
    ledger.close()
    return 0
