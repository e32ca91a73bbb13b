"""Which commitments take no payment now, and which are only looked at. Pure."""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

from paidsync.reasons import Hold
from tasks.strategies import Row

# Procore: commitments; the statuses on which no payment belongs.
_VOID = {"void", "terminated"}


class Closed(NamedTuple):
    """Why nothing may be written to a commitment, for a person."""

    reason: Hold
    detail: str


def closed_for_good(commitments: Iterable[Row]) -> dict[str, Closed]:
    """Commitments that are void, or whose project is not active, by their id
    (records.COMMITMENTS)."""
    found = {}
    for row in commitments:
        if not row["project_active"]:
            found[row["commitment_id"]] = Closed(
                Hold.PROJECT_NOT_ACTIVE,
                f"Project {row['project_name']} is not active in Procore, or not visible.",
            )
        elif (row["status"] or "").casefold() in _VOID:
            found[row["commitment_id"]] = Closed(
                Hold.COMMITMENT_VOID,
                f"Commitment {row['number']} is {row['status']} in Procore.",
            )
    return found


def without_tab(
    tabs: Mapping[str, bool | None], numbers: Mapping[str, str | None]
) -> dict[str, Closed]:
    """Commitments whose Payments Issued tab is off; where Procore does not say, it is on."""
    return {
        commitment: Closed(
            Hold.PAYMENTS_TAB_DISABLED,
            f"Commitment {numbers.get(commitment) or commitment} has its Payments Issued tab "
            "switched off.",
        )
        for commitment, on in tabs.items()
        if on is False
    }


def elsewhere(
    listed: Iterable[str], commitments: Mapping[str, Row], places: Collection[str]
) -> dict[str, tuple[str, bool]]:
    """Every commitment that Procore lists besides ``places``, with its project: nothing is written
    there, only looked."""
    return {key: (commitments[key]["project_id"], False) for key in listed if key not in places}
