"""Run the commands that README.md promises, in a copy of what a clone would hold.

A fenced block whose info string is `sh run` is run; any other block is left alone. The blocks are
run from top to bottom in one copy, as a reader would; `sh run fresh` starts again in a new copy.
"""

import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FENCE = re.compile(r"^ {0,3}(?P<ticks>`{3,})[ \t]*(?P<info>[^`\n]*)$")
# A reader's shell has none of these; HOME stays, so that pip's own settings and cache keep working.
NOT_A_READERS = re.compile(r"^(PAIDSYNC_|PREFECT_|PYTHON|VIRTUAL_ENV|MAKE|MFLAGS|PYTEST_)")


@dataclass(frozen=True)
class Block:
    line: int
    commands: str
    fresh: bool


def marked_blocks(readme: str) -> list[Block]:
    """The blocks marked `sh run`, in order."""
    blocks: list[Block] = []
    ticks, start = "", 0
    info: list[str] = []
    body: list[str] = []
    for number, line in enumerate(readme.splitlines(), start=1):
        fence = FENCE.match(line)
        if not ticks:
            if fence:
                ticks, info, start, body = fence["ticks"], fence["info"].split(), number, []
        elif fence and not fence["info"].strip() and len(fence["ticks"]) >= len(ticks):
            if info[:2] == ["sh", "run"]:
                blocks.append(Block(start, "\n".join(body), fresh="fresh" in info[2:]))
            ticks = ""
        else:
            body.append(line)
    return blocks


def clone_like_copy(target: Path) -> None:
    """Copy what a commit of the working tree would hold: tracked and new files, nothing ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    for name in filter(None, listed.stdout.split("\0")):
        source = ROOT / name
        if source.is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target / name, follow_symlinks=False)


def readers_environment(scratch: Path) -> dict[str, str]:
    environment = {
        name: value for name, value in os.environ.items() if not NOT_A_READERS.match(name)
    }
    own_bin = str(Path(sys.prefix) / "bin")
    path = [part for part in environment.get("PATH", "").split(os.pathsep) if part != own_bin]
    return environment | {
        "PATH": os.pathsep.join(path),
        "XDG_DATA_HOME": str(scratch / "data"),
        "XDG_STATE_HOME": str(scratch / "state"),
        "PREFECT_HOME": str(scratch / "prefect"),
    }


def run(block: Block, where: Path, environment: dict[str, str], limit: float) -> str | None:
    """Run one block; the reason why it failed, or None."""
    process = subprocess.Popen(
        ["bash", "-euo", "pipefail", "-c", block.commands],
        cwd=where,
        env=environment,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        code = process.wait(timeout=limit)
    except subprocess.TimeoutExpired:
        return f"not finished after {limit:.0f} s"
    finally:
        # What the block started goes with it: the group is the block's own.
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()
    return None if code == 0 else f"exit code {code}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--readme", type=Path, default=ROOT / "README.md")
    parser.add_argument("--limit", type=float, default=900, help="seconds per block (default: 900)")
    parser.add_argument("--list", action="store_true", help="print the marked blocks and stop")
    options = parser.parse_args()

    name = options.readme.name
    blocks = marked_blocks(options.readme.read_text(encoding="utf-8"))
    if not blocks:
        print(f"{name} has no block marked `sh run`: nothing it promises is tried.")
        return 1
    if options.list:
        for block in blocks:
            print(f"{name}:{block.line}\n{block.commands}\n")
        return 0

    with tempfile.TemporaryDirectory(prefix="paidsync-readme-") as temporary:
        scratch = Path(temporary)
        where, environment = scratch, {}
        for number, block in enumerate(blocks):
            if number == 0 or block.fresh:
                where = scratch / str(number) / "paidsync"
                where.mkdir(parents=True)
                clone_like_copy(where)
                environment = readers_environment(where.parent)
            print(f"{name}:{block.line}\n  " + block.commands.replace("\n", "\n  "), flush=True)
            started = time.monotonic()
            reason = run(block, where, environment, options.limit)
            if reason:
                print(f"{name}:{block.line} failed: {reason}")
                return 1
            print(f"{name}:{block.line} ok, {time.monotonic() - started:.0f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
