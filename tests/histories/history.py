"""A history: what people, systems and PaidSync do one after the other, kept move by move.

A move is a name and plain arguments. Documents are named by the move that made them
(``@3.bill_id``), so that a history can be written down, read, cut short and played again.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sandbox.demo.place import CONNECTION
from tests.histories import checks
from tests.histories.names import Names
from tests.histories.scene import CannotBe, Json, Scene

CONTROLLER = "controller@bluebird.example"
_SEEN = ("posted", "verified")
_RUNS = 8  # that a settled world may take: an approval, a rebuild, pairs that wait for each other


class Move(NamedTuple):
    """One thing that was done."""

    number: int
    name: str
    given: Json


@dataclass
class Tally:
    """What histories consisted of and came to."""

    acts: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)  # that hit a request
    holds: Counter[str] = field(default_factory=Counter)  # by reason, at the end of a sync
    states: Counter[str] = field(default_factory=Counter)  # of runs
    stops: Counter[str] = field(default_factory=Counter)
    entries: Counter[str] = field(default_factory=Counter)  # sent, by kind
    histories: int = 0
    syncs: int = 0
    runs: int = 0


class History:
    """Plays moves in a scene; after each sync it checks what must hold."""

    def __init__(self, scene: Scene, policy: Mapping[str, str], tally: Tally | None = None) -> None:
        self.scene = scene
        self.tally = tally or Tally()
        self.moves: list[Move] = []
        self.cannot = frozenset(scene.see("/world?limit=1")["cannot"])
        # What only the ledger in use knows (decisions, policies, rows that are gone) is lost with
        # it: from then on nobody restores an older one or starts another.
        self.only_here = False
        self.backed_up = False
        self.installations = ["first"]
        self._names = Names(scene)
        self._troubles: dict[int, str] = {}  # by the fault's id
        self._fired = 0
        self._late = False
        self.late: set[str] = set()  # ids of entries that arrived long after they were sent
        scene.policy |= policy
        scene.install("first")
        scene.do("/policy", **scene.policy)

    # Moves

    def make(self, name: str, **given: Any) -> Any:
        """Make a move and keep it. Raises CannotBe where the sandbox refuses it."""
        move = Move(len(self.moves) + 1, name, self._names.written(given))
        return self._carry_out(move, given)

    def again(self, move: Move) -> None:
        """Make a move that was kept; one that is about what is not there is left out."""
        try:
            self._carry_out(move, self._names.meant(move.given))
        except (CannotBe, LookupError):
            return

    def _carry_out(self, move: Move, given: Json) -> Any:
        self.moves.append(move)
        try:
            if move.name.startswith("/"):
                self._require_possible(move.name)
                answer = self.scene.do(move.name, **given)
            else:
                answer = getattr(self, f"_{move.name}")(**given)
        except CannotBe:
            self.moves.pop()
            raise
        self._names.learn(move.number, answer)
        return answer

    def _require_possible(self, path: str) -> None:
        """Nobody does anything in Procore while a payment is on its way there: who came first
        would be anybody's guess, the truth's too."""
        if path.startswith("/procore/") and self.scene.faults.late:
            raise CannotBe("A payment is on its way to Procore.")

    def _goes_wrong(self, trouble: str, **fault: Any) -> None:
        """Something goes wrong from now on; while a request is on its way, nobody takes it for
        lost."""
        self._troubles[self.scene.do("/faults", **fault)["id"]] = trouble
        if fault["kind"] == "late_commit":
            self._late = True
            self.scene.use(self.installations[-1], grace=600)

    def _mend(self) -> None:
        """Nothing goes wrong any more, and what was on its way has arrived."""
        self._note_faults()
        self.scene.lift()
        before = {row["id"] for row in self.scene.rows()}
        self.scene.do("/faults/commit-late")
        self.late |= {row["origin_id"] for row in self.scene.rows() if row["id"] not in before}
        if self._late:
            self._late = False
            self.scene.use(self.installations[-1])

    def _agree(self, **changed: Any) -> None:
        """A new version of the policy."""
        self._require_calm()
        self.scene.policy |= changed
        self.scene.connect()
        self.scene.do("/policy", **self.scene.policy)
        self.only_here = True

    def _decide(self, payment_id: str, bill_id: str, reason: str, decision: str) -> None:
        """A person decides about an open hold."""
        self._require_calm()
        prefix = self.scene.world.prefix(payment_id, bill_id)
        with self.scene.ledger() as ledger:
            [hold] = [
                one
                for one in ledger.holds.open(CONNECTION)
                if (one["allocation_id"], one["reason"]) == (prefix, reason)
            ] or [None]
        if hold is None:
            raise CannotBe(f"{prefix} is not held for {reason}.")
        self.scene.do(
            "/decide", payment_id=payment_id, bill_id=bill_id, reason=reason, decision=decision
        )
        who = ("--by", CONTROLLER, "--note", "as agreed with the site")
        self.scene.paidsync("decide", CONNECTION, str(hold["hold_id"]), decision, *who)
        self.only_here = True

    def _require_calm(self) -> None:
        """A command that fails for what goes wrong just now is given again later."""
        if self.scene.faults.active or self.scene.faults.late:
            raise CannotBe("Something goes wrong just now.")

    def _support_removes(self, payment_id: str, bill_id: str) -> None:
        """Procore's Support removes the newest of our rows of an allocation, once the ledger in
        use knows that it stands: what it never saw it cannot miss, and sends once more."""
        self._require_calm()
        if checks.is_behind(self.scene):
            raise CannotBe("The ledger in use knows nothing of it yet.")
        prefix = self.scene.world.prefix(payment_id, bill_id)
        ours = [row for row in self.scene.rows() if (row["origin_id"] or "").startswith(f"{prefix}:")]  # fmt: skip  # noqa: E501
        if not ours:
            raise CannotBe(f"Nothing stands for {prefix}.")
        newest = ours[-1]["origin_id"]
        with self.scene.ledger() as ledger:
            seen = ledger.entries.get(CONNECTION, [newest])[newest]["state"] in _SEEN
        if not seen:
            raise CannotBe(f"Nobody has read yet that {newest} stands.")
        self.scene.do("/procore/row/remove", payment_row_id=ours[-1]["id"])
        self.only_here = True

    def _back_up(self) -> None:
        """Somebody copies the ledger."""
        self.scene.back_up(f"{self.installations[-1]}.backup")
        self.backed_up = True

    def _restore(self) -> None:
        """The copy of the ledger takes its place."""
        self._mend()
        self.scene.restore(f"{self.installations[-1]}.backup")
        checks.tell_of_matches(self.scene)

    def _sync_elsewhere(self) -> None:
        """Another installation of PaidSync goes on with the same two companies."""
        self._mend()
        self.backed_up = False
        if len(self.installations) == 1:
            self.installations.append("second")
            self.scene.install("second")
        else:
            self.installations.reverse()
            self.scene.use(self.installations[-1])
        checks.tell_of_matches(self.scene)

    # Runs

    def _sync(self) -> None:
        """One run while something goes wrong; otherwise as many as it takes until all is well."""
        self.tally.syncs += 1
        if self.scene.faults.active or self.scene.faults.late:
            self._run(disturbed=True)
        else:
            self._settle()

    def _settle(self) -> None:
        for _ in range(_RUNS):
            summary = self._run(disturbed=False)
            if summary["state"] == "Refused" and not summary["awaiting_plan"]:
                if not self._stopped(summary["message"].partition(":")[0]):
                    return
            elif summary["awaiting_plan"]:
                self.tally.stops["mass_change"] += summary["state"] == "Refused"
                self.scene.paidsync("approve", CONNECTION, summary["awaiting_plan"], "--by", CONTROLLER)  # fmt: skip  # noqa: E501
            elif summary["state"] != "Partial":
                break
        self.tally.holds.update(summary["held"])
        checks.require_settled(self.scene, summary, late=self.late)

    def _stopped(self, stop: str) -> bool:
        """A run that must stop did; whether there is a way on now."""
        self.tally.stops[stop] += 1
        if stop == "ledger_behind":  # the checks have seen that it is
            if checks.may_take_over(self.scene):
                self.scene.paidsync("ledger", "rebuild", CONNECTION)
            else:
                said = self.scene.paidsync("ledger", "rebuild", CONNECTION, fails=True)
                assert "find the ledger of the other one" in said, said
                self._sync_elsewhere()
            return True
        assert [stop] == self.scene.see("/truth")["stops"], f"The run stopped: {stop}."
        return False

    def _run(self, *, disturbed: bool) -> Json:
        before = checks.Before.of(self.scene)
        summary = self.scene.run()
        disturbed |= self._note_faults()
        self.tally.runs += 1
        self.tally.states[summary["state"]] += 1
        self.tally.entries["payments"] += summary["posted"]
        self.tally.entries["reversals"] += summary["reversed"]
        checks.require_harmless(self.scene, before, summary, disturbed=disturbed)
        checks.tell_of_matches(self.scene)
        return summary

    def _note_faults(self) -> bool:
        """Count faults that hit something since the last time; whether there were any."""
        fired = self.scene.faults.fired[self._fired :]
        self._fired += len(fired)
        self.tally.faults.update(self._troubles[each["id"]] for each in fired)
        return bool(fired)

    def end(self, *, further: bool = True) -> None:
        """The last word: nothing goes wrong any more, Procore is as it should be, and a
        ``further`` run has nothing to do."""
        self.make("mend")
        self.make("sync")
        if further and not self.scene.see("/truth")["stops"]:
            summary = self._run(disturbed=False)
            sent = summary["posted"], summary["reversed"]
            assert sent == (0, 0), f"A further run sent {sent}: {summary['message']}"
        self.tally.histories += 1
