"""How run folders are named, and what their names tell."""

import re
from datetime import datetime

_NAME = re.compile(r"\d{8}T\d{12}-(?P<run>.{1,8})-\d+")


def folder_name(began: datetime, run_id: str, attempt: int) -> str:
    """The name of an attempt's folder; of two, the later one's is the greater text."""
    return f"{began:%Y%m%dT%H%M%S%f}-{short(run_id)}-{attempt}"


def short(run_id: str) -> str:
    """As much of a run's id as its folder's name bears."""
    return run_id[:8]


def run_of(name: str) -> str | None:
    """The short id of the run whose folder this is; None where it is none."""
    found = _NAME.fullmatch(name)
    return found["run"] if found else None
