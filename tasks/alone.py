"""Whether PaidSync alone posts payments to the Procore company (money-rules 4.4)."""

from collections.abc import Collection, Iterable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from paidsync import origin
from paidsync.policy import Policy
from paidsync.reasons import RunStopped, Stop
from tasks.desk import Desk
from tasks.strategies import Row


def require_alone(at: Desk, rows: Iterable[Row], time_zone: str) -> None:
    """Stop where another integration posts payments. Raises
    RunStopped(other_integration_active)."""
    stop_at_others(rows, at.policy, _own_prefixes(at), time_zone)


def stop_at_others(
    rows: Iterable[Row], policy: Policy, prefixes: Collection[str], time_zone: str
) -> None:
    """Stop at a row of another integration from the cut-over on; without a named cut-over, from
    the start date on. Days are those of the ERP company's calendar.

    ``prefixes`` are the ids of every connection of this PaidSync to the Procore company.
    """
    since = policy.cut_over or policy.start_date
    for row in rows:
        if _is_foreign(row, prefixes) and _made_on(row, time_zone) >= since:
            advice = (
                "it is on or after the cut-over"
                if policy.cut_over
                else "the policy names no cut-over"
            )
            raise RunStopped(
                Stop.OTHER_INTEGRATION_ACTIVE,
                f"Row {row['contract_payment_id']} on commitment {row['commitment_id']}, made on "
                f"{_made_on(row, time_zone)}, belongs to another integration "
                f"({row['origin_id']}), and {advice}.",
            )


def _own_prefixes(at: Desk) -> set[str]:
    """A Procore company may have several connections, one for each ERP company."""
    return {
        origin.company_prefix(each.erp, each.erp_company)
        for each in at.ledger.connections.all()
        if each.procore_company == at.run.procore_company
    }


def _is_foreign(row: Row, prefixes: Collection[str]) -> bool:
    """An origin_id that no connection of ours gives, nor a probe."""
    if origin.is_probe(row["origin_id"]):
        return False
    parsed = origin.parse(row["origin_id"] or "")
    ours = parsed is not None and any(parsed.allocation_id.startswith(each) for each in prefixes)
    return bool(row["origin_id"]) and not ours


def _made_on(row: Row, time_zone: str) -> date:
    """The day on which a row was made; where Procore does not say, the day that it bears, and
    where that is missing too, the newest day there is."""
    if row["created_at"]:
        return datetime.fromisoformat(row["created_at"]).astimezone(ZoneInfo(time_zone)).date()
    try:
        return date.fromisoformat(row["date"] or "")
    except ValueError:
        return date.max
