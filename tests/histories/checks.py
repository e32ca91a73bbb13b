"""What must hold after every run, whatever happened: looked up in Procore and in the truth."""

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from sandbox.demo.place import CONNECTION
from sandbox.rows import prefix_of
from tasks.summary import STATES
from tests.histories.scene import Json, Scene

_SETTLED = ("Completed", "Held", "NothingToDo")
_CLOSED = ("payments_tab_disabled", "commitment_void", "project_not_active")
_OF_OTHERS = ("foreign_row_changed", "foreign_row_missing", "row_without_owner")


@dataclass(frozen=True)
class Before:
    """What stood before a run."""

    rows: dict[int, Json]
    net: dict[str, int]
    behind: bool  # the ledger in use knows less than Procore shows

    @classmethod
    def of(cls, scene: Scene) -> "Before":
        """As it is now."""
        rows = {row["id"]: row for row in scene.rows()}
        return cls(rows, _net(scene), is_behind(scene))


def _net(scene: Scene) -> dict[str, int]:
    """What stands for each allocation, in minor units; both currencies have two decimals."""
    sums: dict[str, int] = defaultdict(int)
    for row in scene.rows():
        prefix = prefix_of(scene.world, row["origin_id"])
        if prefix is not None:
            sums[prefix] += int(row["amount"].scaleb(2))
    return sums


def require_harmless(scene: Scene, before: Before, summary: Json, *, disturbed: bool) -> None:
    """After any run, the most disturbed one too: nothing twice, nothing too much, nothing that is
    not ours touched, and a state from the list."""
    assert summary["state"] in STATES, summary["state"]
    if not disturbed:
        assert not summary["totals_differ"], summary["totals_differ"]
        assert summary["state"] not in ("Failed", "TotalsDiffer"), summary["message"]
    rows = {row["id"]: row for row in scene.rows()}
    origins = Counter(row["origin_id"] for row in rows.values() if row["origin_id"])
    assert not (twice := [each for each, count in origins.items() if count > 1]), f"twice: {twice}"
    for ident, row in before.rows.items():
        if prefix_of(scene.world, row["origin_id"]) is not None:
            assert rows.get(ident) == row, f"A row of ours changed: {row} -> {rows.get(ident)}"
    if before.behind:
        assert rows.keys() == before.rows.keys(), "A ledger that is behind was written from."
    if before.behind and not disturbed:
        assert summary["message"].startswith("ledger_behind"), summary["message"]
    touched = [one for one in scene.see("/differences") if one["kind"] in _OF_OTHERS]
    assert not touched, touched
    due = [
        (row["origin_prefix"], str(commitment["commitment_id"]), row["amount_minor"])
        for commitment in scene.see("/truth")["commitments"]
        for row in commitment["rows"]
    ]
    _require_no_surplus(scene, before, due)
    _require_due(scene, summary, due)


def _require_due(scene: Scene, summary: Json, due: Collection[tuple[str, str, int]]) -> None:
    """Each payment that a run sent was due, there and as much: also one that never arrived, which
    nobody sees in Procore."""
    with scene.ledger() as ledger:
        entries = ledger.entries.of_connection(CONNECTION).values()
    for entry in entries:
        if entry["run_id"] == summary["run_id"] and entry["sent_at"] and entry["kind"] == "payment":
            sent = entry["allocation_id"], entry["commitment_id"], entry["amount_minor"]
            assert sent in due, f"{entry['origin_id']} was not due: {sent}"


def _require_no_surplus(
    scene: Scene, before: Before, due: Collection[tuple[str, str, int]]
) -> None:
    """A run leaves an allocation as it was, or as it should be, or on the way there: taken back."""
    wanted: dict[str, int] = defaultdict(int)
    for prefix, _, amount in due:
        wanted[prefix] += amount
    for prefix, net in _net(scene).items():
        allowed = {0, before.net.get(prefix, 0), wanted.get(prefix, 0)}
        assert net in allowed, f"{prefix} stands at {net}, of {allowed}"


def require_settled(scene: Scene, summary: Json, *, late: Collection[str]) -> None:
    """Procore is what the truth says, and the run says so and holds the same for the same reasons.

    An entry that arrived ``late`` may stand although the truth never knew it to be due: then a hold
    says so.
    """
    shown = f"{summary['state']}: {summary['message']} {summary['held']}"
    assert summary["state"] in _SETTLED, shown
    arrived = {prefix_of(scene.world, origin_id) for origin_id in late}
    with scene.ledger() as ledger:
        held = {hold["allocation_id"] for hold in ledger.holds.open(CONNECTION)}
    differences = [
        one for one in scene.see("/differences") if one.get("origin_prefix") not in arrived & held
    ]
    assert not differences, f"{shown}\n{differences}"
    # What was sent in vain was matched then: what changes later is held for another reason.
    if not late and not _sent_in_vain(scene):
        truth = scene.see("/truth")
        ours, due = _causes(summary["held"]), _causes(truth["held"])
        if _by_procore_pay(truth):  # which is outside, or held where something of ours stands
            ours.pop("looks_like_manual_payment", None)
            due.pop("looks_like_manual_payment", None)
        assert ours == due, f"{shown}\nThe truth holds {due}."


def _causes(held: Json) -> Counter[str]:
    """Holds by reason. The truth has those of a closed place also where nothing would be written,
    and knows of a deletion for which an ERP without any other payment gives no proof (5.3)."""
    causes = Counter({reason: count for reason, count in held.items() if reason not in _CLOSED})
    causes["deleted_in_erp"] += causes.pop("disappeared_from_erp", 0)
    return +causes


def _sent_in_vain(scene: Scene) -> list[Json]:
    """Entries that were sent and do not stand."""
    with scene.ledger() as ledger:
        sent = ledger.entries.of_connection(CONNECTION)
    there = {row["origin_id"] for row in scene.rows()}
    return [entry for ident, entry in sent.items() if entry["sent_at"] and ident not in there]


def tell_of_matches(scene: Scene) -> None:
    """Whether a bill is as large as what is due is asked at the first match alone (3.4). Of one
    that led to nothing only the ledger in use knows: here the truth learns of it, and unlearns what
    another ledger knew."""
    known = scene.world.memory.sent_bills
    ours = [prefix_of(scene.world, row["origin_id"]) or "" for row in scene.rows()]
    standing = {part for prefix in ours for part in prefix.split(":")}  # their bills among them
    known -= scene.told - standing
    scene.told = {entry["bill_id"] for entry in _sent_in_vain(scene)} - known
    known |= scene.told


def _by_procore_pay(truth: Json) -> bool:
    return bool(truth["outside_reasons"].get("paid_by_procore_pay"))


def is_behind(scene: Scene) -> bool:
    """Whether Procore has a row of ours that this ledger never sent, or another installation's."""
    with scene.ledger() as ledger:
        known = ledger.entries.known_ids(CONNECTION)
        own = ledger.connections.installation_id()
    return any(
        row["origin_id"] not in known or own not in (row["origin_data"] or own)
        for row in scene.rows()
        if prefix_of(scene.world, row["origin_id"]) is not None
    )


def may_take_over(scene: Scene) -> bool:
    """Whether a rebuild may go on as the installation whose rows stand: not where this ledger may
    have sent something as another one, even if nothing of it stands (rule 4.2)."""
    with scene.ledger() as ledger:
        own = ledger.connections.installation_id()
        with ledger.engine.begin() as db:
            has_sent = ledger.entries.any_sent_at_all(db)
    wrote = [
        row["origin_data"]
        for row in scene.rows()
        if prefix_of(scene.world, row["origin_id"]) is not None and row["origin_data"]
    ]
    return not has_sent or all(own in data for data in wrote)
