"""Which installation of PaidSync wrote our rows, and whether a ledger may go on as it (money-rules
4.2). Pure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from tasks.ours import written
from tasks.rebuild_rows import CannotRebuild, Ours, place, text_in
from tasks.strategies import Row

_SHOWN = 3  # rows that a refusal names for each installation


def writers(ours: Ours) -> dict[str, list[Row]]:
    """Rows by the installation that says it wrote them; those that do not say are left out."""
    found: dict[str, list[Row]] = defaultdict(list)
    for rows in ours.values():
        for row in rows:
            if writer := text_in(written(row), "installation"):
                found[writer].append(row)
    return dict(found)


def taken_over(
    wrote: Mapping[str, Sequence[Row]], installation: str, *, has_sent: bool
) -> str | None:
    """The installation that this ledger has to go on as; None where it is that one already.

    ``has_sent`` says whether this ledger ever sent anything itself. Raises CannotRebuild
    where several installations wrote, or another one than this ledger's.
    """
    others = wrote.keys() - {installation}
    if not others:
        return None
    if len(wrote) == 1 and not has_sent:
        return next(iter(wrote))
    said = "; ".join(
        f"installation {writer} wrote {len(rows)}: {_places(rows)}"
        for writer, rows in sorted(wrote.items())
    )
    raise CannotRebuild(
        f"The rows under PaidSync's ids are not all of this ledger's installation, {installation}: "
        f"{said}. Only one installation may write; find the ledger of the other one and go on "
        "with one of the two. Nothing was stored.",
    )


def _places(rows: Sequence[Row]) -> str:
    named = [place(row) for row in rows[:_SHOWN]]
    return ", ".join([*named, "..."] if len(rows) > _SHOWN else named)
