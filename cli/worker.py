"""``paidsync worker``: Prefect's own worker, in this process, for the pool ``paidsync``."""

import os
import sys

POOL = "paidsync"


def worker(*, with_healthcheck: bool) -> int:
    """Become the worker. What it logs, and its runs, is as PAIDSYNC_LOG_FORMAT says."""
    command = [sys.executable, "-m", "prefect", "worker", "start", "--pool", POOL]
    if with_healthcheck:
        command.append("--with-healthcheck")
    os.execv(sys.executable, command)  # noqa: S606 - a list, and no shell
