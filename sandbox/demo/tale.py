"""The story: preview, sync, sync again, and a sync after five changes in the ERP."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

import httpx

from .changes import carry_out, choose
from .figures import moves, outside_allocations, run_of, unlike
from .place import CONNECTION, DemoFailed, Place
from .processes import Processes, script
from .screen import Screen

Json = dict[str, Any]

_EVERYTHING = 100_000
_NOTHING_STANDS: Json = {"commitments": []}
# Too wide for a terminal; they are in the artifacts.
_WIDE = ("what was seen", "what to do", "in Procore")


class Control:
    """The sandbox's control API."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=url, trust_env=False, timeout=30)

    def see(self, path: str, **params: Any) -> Any:
        """Ask."""
        return self._answer(self._client.get(path, params=params))

    def ask(self, path: str, body: Json) -> Json:
        """Change the world."""
        answer: Json = self._answer(self._client.post(path, json=body))
        return answer

    def world(self) -> Json:
        """Both systems' records."""
        found: Json = self.see("/world", limit=_EVERYTHING)
        return found

    @staticmethod
    def _answer(response: httpx.Response) -> Any:
        if response.is_error:
            raise DemoFailed(f"The sandbox refused {response.request.url.path}: {response.text}")
        return response.json()


class Tale:
    """Runs the four syncs and compares each with the truth."""

    def __init__(
        self,
        place: Place,
        processes: Processes,
        environment: dict[str, str],
        control: Control,
        screen: Screen,
    ) -> None:
        self._place = place
        self._processes = processes
        self._environment = environment
        self._control = control
        self._screen = screen
        self._prefect = httpx.Client(
            base_url=environment["PREFECT_API_URL"], trust_env=False, timeout=30
        )
        self._standing = _NOTHING_STANDS  # the truth after the last sync that wrote
        self.runs: list[Json] = []
        self.truth_differences = 0

    def tell(self) -> None:
        """All four steps. Raises DemoFailed where one does not come to what it must."""
        self._preview()
        self._sync("2 of 4  Sync: every payment that should be there is posted and read back")
        self._again()
        self._after_changes()

    def _preview(self) -> None:
        self._screen.step("1 of 4  Preview: the plan; nothing is written")
        before, truth = self._control.world()["rows"], self._control.see("/truth")
        summary = self._run("--preview")
        due = moves(_NOTHING_STANDS, truth)
        self._tables(planned="Would be posted")
        self._require(
            {
                "mode": "preview",
                "planned": due["posted"],
                "planned_reversals": 0,
                "planned_money": due["money"],
                "posted": 0,
                "reversed": 0,
                "money": {},
            },
            summary,
        )
        self._require_dispositions(truth, summary)
        self._require_untouched(before)
        self._screen.good(
            f"The plan has the {due['posted']} payments that the truth asks for, and Procore's "
            "Payments Issued are untouched."
        )

    def _again(self) -> None:
        self._screen.step("3 of 4  Sync again: nothing is left to post")
        before = self._control.world()["rows"]
        self._synced()
        self._require_untouched(before)
        self._screen.good("Nothing was posted and nothing in Procore changed.")
        self._compare()

    def _after_changes(self) -> None:
        self._screen.step("4 of 4  The accountant changes five things in the ERP; sync")
        chosen = choose(self._control.world(), self._standing)
        for sentence in carry_out(chosen, self._control.ask):
            self._screen.line(f"  {sentence}")
        summary = self._synced()
        self._tables(posted="Posted")
        self._tables(held="Newly held", only={"reason": "deleted_in_erp"})
        deleted = (
            "the deleted payment still stands and is held for a person"
            if "deleted_in_erp" in summary["held"]
            else "the ERP goes on showing deleted payments as deleted, so theirs are reversed"
        )
        self._screen.good(
            f"Exactly those changes: {summary['posted']} posted, {summary['reversed']} reversed; "
            f"{deleted}."
        )
        self._compare()

    def _sync(self, title: str) -> None:
        self._screen.step(title)
        summary = self._synced()
        self._tables(verified="Read back", held="Held for a person")
        self._screen.good(
            f"{summary['posted']} posted, all read back; held, pending and outside as they must be."
        )
        self._compare()

    def _synced(self) -> Json:
        """A sync that must come to exactly what changed in the truth since the last one."""
        truth = self._control.see("/truth")
        due = moves(self._standing, truth)
        summary = self._run()
        self._require(
            {"mode": "sync", "verified": due["posted"] + due["reversed"], "left": 0, **due}, summary
        )
        self._require_dispositions(truth, summary)
        self._standing = truth
        return summary

    def _run(self, *options: str) -> Json:
        """One `paidsync sync`; its summary, from the manifest of its run folder."""
        number = len(self.runs) + 1
        shown = " ".join(["paidsync sync", CONNECTION, *options])
        self._screen.command(shown)
        before = set(self._place.runs.glob("*"))
        started = time.monotonic()
        output = self._processes.run(
            f"sync-{number}",
            [*script("paidsync", "cli.main"), "sync", CONNECTION, *options],
            self._environment,
            good=(0, 3),
        )
        seconds = time.monotonic() - started
        self._screen.line(output.strip())
        new = set(self._place.runs.glob("*")) - before
        if len(new) != 1:
            raise DemoFailed(f"`{shown}` left {len(new)} run folders, expected one.")
        manifest = json.loads((new.pop() / "manifest.json").read_text(encoding="utf-8"))
        self.runs.append(run_of(manifest, seconds))
        summary: Json = manifest["summary"]
        return summary

    def _tables(self, *, only: Mapping[str, str] | None = None, **wanted: str) -> None:
        """Tables of the last run, as it published them; ``only`` names the rows to show."""
        for what, title in wanted.items():
            answer = self._prefect.get(f"/artifacts/{what}-{CONNECTION}/latest")
            if answer.is_error:
                raise DemoFailed(f"The run left no table {what}-{CONNECTION} in Prefect.")
            rows = [
                {name: value for name, value in row.items() if name not in _WIDE}
                for row in json.loads(answer.json()["data"])
                if all(row.get(name) == value for name, value in (only or {}).items())
            ]
            self._screen.table(title, rows)

    def _require(self, expected: Mapping[str, Any], found: Mapping[str, Any]) -> None:
        faults = unlike(expected, found)
        if faults:
            raise DemoFailed(f"Run {len(self.runs)} is not as it must be: {'; '.join(faults)}.")

    def _require_dispositions(self, truth: Mapping[str, Any], summary: Mapping[str, Any]) -> None:
        self._require(
            {
                "held": truth["held"],
                "pending": truth["pending_reasons"],
                "outside": truth["outside"],
            },
            {**summary, "outside": outside_allocations(summary)},
        )

    def _require_untouched(self, before: list[Json]) -> None:
        if self._control.world()["rows"] != before:
            raise DemoFailed(f"Run {len(self.runs)} changed rows in Procore; it must not.")

    def _compare(self) -> None:
        """Procore against the truth, row by row."""
        found = self._control.see("/differences")
        self.truth_differences += len(found)
        if found:
            shown = "\n".join(f"  {json.dumps(one)}" for one in found[:10])
            raise DemoFailed(f"Procore differs from the truth in {len(found)} places:\n{shown}")
        self._screen.good("Procore equals the truth: no difference.")
