"""Takes the README's pictures: ``.venv/bin/python docs/pictures/take.py``.

Starts everything by itself, as the tests in the browser do, and ends it; it takes some minutes and
needs Debian's Chromium.
"""

import re
import shutil
import sys
import tempfile
from pathlib import Path

from tests.browser.prefect_ui import CHROMIUM, PrefectUi, browser
from tests.browser.premises import ACCOUNTANT, CONNECTION, CONTROLLER, opened

HERE = Path(__file__).parent


def main() -> str | None:
    """A sync with its form and its summary, then a plan that a second person decides about."""
    chromium = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if chromium is None:
        return "There is no Chromium (Debian: apt install chromium)."
    with (
        tempfile.TemporaryDirectory() as folder,
        opened(Path(folder) / "up") as premises,
        browser(chromium, Path(folder) / "profile", premises.ui) as ui,
    ):
        ui.log_in(premises.login)
        ui.fill_sync(CONNECTION, ACCOUNTANT)
        _form(ui, "form.png")
        run = ui.submit()
        ui.wait_for_end()
        ui.page.goto(run)  # its graph is drawn anew
        ui.page.get_by_text("Finished in state").first.wait_for()
        _picture(ui, "run.png")
        ui.read_summary()
        _picture(ui, "summary.png")

        premises.paid("250000.00", "2401-SC-002")
        ui.fill_sync(CONNECTION, ACCOUNTANT)
        ui.submit()
        ui.wait_for_end()
        plan = re.search(r"Plan ([0-9a-f]{12})", ui.read_summary())
        assert plan is not None  # noqa: S101
        ui.fill_decision(CONNECTION, plan[1], CONTROLLER, "123456", note="Checked with the vendor.")
        _form(ui, "plan.png")
    return None


def _form(ui: PrefectUi, name: str) -> None:
    """A form down to its Submit."""
    ui.page.set_viewport_size({"width": 1400, "height": 1600})
    box = ui.page.get_by_role("button", name="Submit").bounding_box()
    assert box is not None  # noqa: S101
    _picture(ui, name, height=int(box["y"] + box["height"]) + 24)
    ui.page.set_viewport_size({"width": 1400, "height": 900})


def _picture(ui: PrefectUi, name: str, *, height: int = 900) -> None:
    """What is shown, once nothing moves any more."""

    def look() -> bytes:
        return ui.page.screenshot(clip={"x": 0, "y": 0, "width": 1400, "height": height})

    ui.page.mouse.move(0, 0)
    before, seen = b"", look()
    while seen != before:
        ui.page.wait_for_timeout(1500)
        before, seen = seen, look()
    (HERE / name).write_bytes(seen)
    print(f"{name}: {len(seen) // 1024} KB")


if __name__ == "__main__":
    sys.exit(main())
