"""Takes the README's pictures from a running demo: ``python docs/pictures/take.py``.

Start ``python -m sandbox.demo --stay`` first, and set PREFECT_API_URL to the address that it
prints. Uses Debian's Chromium, headless.
"""

import os
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterName
from prefect.client.schemas.sorting import FlowRunSort

HERE = Path(__file__).parent
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def main() -> None:
    """The newest run with entries, and its summary."""
    address = os.environ["PREFECT_API_URL"].removesuffix("/api")
    with get_client(sync_client=True) as client:
        runs = client.read_flow_runs(
            flow_run_filter=FlowRunFilter(name=FlowRunFilterName(like_="sync")),
            sort=FlowRunSort.START_TIME_DESC,
        )
        artifacts = client.request("POST", "/artifacts/latest/filter", json={"limit": 50}).json()
    summary = next(each for each in artifacts if each["key"].startswith("summary-"))
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path="/usr/bin/chromium", args=FLAGS)
        page = browser.new_page(viewport={"width": 1400, "height": 900})
        picture(page, f"{address}/runs/flow-run/{runs[0].id}", "Finished in state", "run.png")
        artifact = f"{address}/artifacts/artifact/{summary['latest_id']}"
        picture(page, artifact, "Already right", "summary.png")
        browser.close()


def picture(page: Page, url: str, text: str, name: str) -> None:
    """One page, once it shows the text and has settled."""
    page.goto(url)
    page.get_by_text(text).first.wait_for()
    page.wait_for_load_state("networkidle")
    page.screenshot(path=HERE / name)
    print(f"{name}: {url}")


if __name__ == "__main__":
    sys.exit(main())
