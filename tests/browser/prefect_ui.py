"""The Prefect UI, by what a person reads and clicks in it."""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from playwright.sync_api import Locator, Page, expect, sync_playwright

CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
_PATIENCE = 60_000.0  # milliseconds for a page to show something
_LONGEST_RUN = 240_000.0
_ENDED = re.compile(
    "^(Completed|Held|NothingToDo|AwaitingApproval|Busy|Refused|Failed|Crashed|Cancelled|TimedOut)$"
)
_ID = re.compile("^[0-9a-f]{8}$")
_Found = TypeVar("_Found")


class PrefectUi:
    """One person who has the UI open."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self._address = address

    @property
    def main(self) -> Locator:
        """The page without its menu."""
        return self.page.get_by_role("main").first

    def log_in(self, login: str) -> None:
        """Come for the first time."""
        self.page.goto(self._address)
        self.page.get_by_placeholder("admin:pass").fill(login)
        self.page.get_by_role("button", name="Login").click()
        expect(self._menu("Deployments")).to_be_visible()

    def _menu(self, name: str) -> Locator:
        return self.page.get_by_role("link", name=name, exact=True).first

    # The form of a run

    def open_form(self, deployment: str) -> None:
        """Deployments, the deployment, Run, Custom run."""
        self._menu("Deployments").click()
        self.main.get_by_role("link", name=deployment, exact=True).first.click()
        self.main.get_by_role("button", name="Run", exact=True).click()
        self.page.get_by_role("menuitem", name="Custom run").click()
        expect(self.page.get_by_role("heading", name="Parameters")).to_be_visible()

    def field(self, label: str) -> Locator:
        """What is filled in below a label."""
        same = f'normalize-space()="{label}" or normalize-space()="{label} (Optional)"'
        return self.page.locator(f"xpath=//label[{same}]/following::fieldset[1]")

    def choose(self, label: str, option: str) -> None:
        """Choose from a drop-down."""
        drop_down = self.field(label).locator("button[aria-expanded]")
        wanted = self.page.get_by_role("option", name=option, exact=True)

        def look() -> bool:
            if not wanted.is_visible() and drop_down.get_attribute("aria-expanded") == "false":
                drop_down.click()
            return wanted.is_visible()

        self._once(look, f"{label} offers {option}")
        wanted.click()

    def type(self, label: str, text: str) -> None:
        """Type into a field."""
        field = self.field(label)
        field.get_by_role("textbox").or_(field.get_by_role("spinbutton")).fill(text)

    def fill_sync(self, connection: str, requested_by: str, *, deployment: str = "sync") -> None:
        """The form of a sync, ready to submit."""
        self.open_form(deployment)
        self.choose("connection", connection)
        if deployment == "preview":
            self.choose("Mode", "sync")
        self.type("Requested by", requested_by)

    def fill_decision(
        self, connection: str, plan: str, approver: str, code: str, *, note: str
    ) -> None:
        """The form that approves a plan, ready to submit."""
        self.open_form("decide-plan")
        self.choose("connection", connection)
        self.type("Plan", plan)
        self.choose("Decision", "approve")
        self.type("Approver", approver)
        self.type("Code", code)
        self.type("Note", note)

    def fill_hold_decision(
        self, connection: str, hold: str, decision: str, decided_by: str, *, note: str
    ) -> None:
        """The form that decides about a hold and starts a sync, ready to submit."""
        self.open_form("decide-hold")
        self.choose("connection", connection)
        self.type("Hold", hold)
        self.choose("Decision", decision)
        self.type("Decided by", decided_by)
        self.type("Note", note)
        self.field("Run a sync now").get_by_role("switch").click()

    def submit(self) -> str:
        """Submit, and look at the run; its address."""
        name = self.page.get_by_label("Run Name").input_value()
        self.page.get_by_role("button", name="Submit").click()
        told = self.page.get_by_role("listitem").filter(has_text=f"{name} scheduled")
        told.get_by_role("link", name="View run").click()
        expect(self._artifacts).to_be_visible()
        return self.page.url

    # A run and what it left

    def wait_for_end(self) -> str:
        """Watch the run that is shown until it has ended; the name of its state."""
        badge = self.main.get_by_text(_ENDED).first
        expect(badge).to_be_visible(timeout=_LONGEST_RUN)
        return badge.inner_text()

    def open_newest_run(self, named: str) -> None:
        """Runs, the newest one of a flow, or of a name."""
        self.page.goto(f"{self._address}/v2/runs")
        one = self.main.get_by_role("navigation", name="breadcrumb").filter(has_text=named).first
        one.get_by_role("link").last.click(timeout=_LONGEST_RUN)
        expect(self._artifacts).to_be_visible()

    @property
    def _artifacts(self) -> Locator:
        return self.main.get_by_role("tab", name="Artifacts")

    def retry(self) -> None:
        """The menu of the run that is shown, Retry; it is on its way again."""
        ended = self.main.get_by_text(_ENDED)
        self.main.get_by_role("button", name="Open menu").click()
        self.page.get_by_role("menuitem", name="Retry").click()
        self.page.get_by_role("button", name="Retry", exact=True).click()
        expect(ended).to_have_count(0)

    def details(self) -> str:
        """Details of the run that is shown, among them what its state says."""
        self.main.get_by_role("tab", name="Details").click()
        return self.main.get_by_role("tabpanel").inner_text()

    def open_artifact(self, kind: str) -> Locator:
        """Artifacts, the newest one of a kind; what it shows."""
        self._artifacts.click()
        self.main.get_by_role("link", name=f"{kind}-").click()
        newest = self.main.get_by_role("link", name=_ID).first
        expect(newest).to_be_visible()
        self.page.reload()  # what was there on an earlier look is shown first
        newest.click()
        shown = self.main.get_by_role("tabpanel", name="Artifact")
        expect(shown.get_by_role("row").first).to_be_visible()
        return shown

    def read_summary(self) -> str:
        """Artifacts, the newest summary; its text, once all of it is there."""
        shown = self.open_artifact("summary")

        def look() -> str:
            text = shown.inner_text()
            return text if "Evidence:" in text else ""

        return self._once(look, "the summary is shown")

    def look_up(self, kind: str, text: str) -> list[str]:
        """Artifacts, the newest table of a kind; the cells of the one row with the text."""
        table = self.open_artifact(kind)
        row = table.get_by_role("row").filter(has_text=text)

        def look() -> list[str]:
            table.get_by_role("textbox", name="Search").fill(text)
            return row.get_by_role("cell").all_inner_texts() if row.count() == 1 else []

        return self._once(look, f"{text} is in the table {kind}")

    def _once(self, look: Callable[[], _Found], what: str) -> _Found:
        """What is found as soon as there is something: pages fill themselves in, and anew."""
        end = time.monotonic() + _PATIENCE / 1000
        while not (found := look()):
            assert time.monotonic() < end, f"It never was so that {what}."
            self.page.wait_for_timeout(200)
        return found


@contextmanager
def browser(executable: str, profile: Path, address: str) -> Iterator[PrefectUi]:
    """Debian's Chromium with a new profile."""
    with sync_playwright() as driver:
        context = driver.chromium.launch_persistent_context(
            profile,
            executable_path=executable,
            headless=True,
            args=_FLAGS,
            viewport={"width": 1400, "height": 900},
        )
        context.set_default_timeout(_PATIENCE)
        expect.set_options(timeout=_PATIENCE)
        yield PrefectUi(context.pages[0], address)
        context.close()
