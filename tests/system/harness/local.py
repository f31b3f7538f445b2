# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""The local stack of ./dev up, down and logs: `python3 -m harness.local COMMAND`.

It lives in build-local/: configuration, secrets, logs and Kafka's data. Each `up` begins from
nothing, since what the sandbox holds is gone when it ends.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

from harness.paths import ROOT
from harness.process import Ended, end_process, is_running
from harness.stack import STATE, Stack

DIRECTORY = ROOT / "build-local"


def state(directory: Path = DIRECTORY) -> dict[str, Any] | None:
    path = directory / STATE
    return json.loads(path.read_text()) if path.exists() else None


def describe(kept: dict[str, Any], member: int | None = None) -> str:
    """What runs and what to try; MEMBER is somebody whom the sandbox has."""
    lines = []
    for process in kept["processes"]:
        if process["name"] == "kafka":
            where = kept["bootstrap"]
        else:
            where = process["url"] or ""
        alive = "" if is_running(process) else "  (ended)"
        lines.append(f"  {process['name']:26} {where}{alive}")
    latchkey = f"  build/bin/latchkey --config {os.path.relpath(kept['config'])}"
    watched = next(one for one in kept["processes"] if one["name"] == "latchkey-executor")
    lines += [
        "",
        "try:",
        f"{latchkey} status",
        *([] if member is None else [f"{latchkey} explain {member}",
                                     f"{latchkey} explain {member} --door 'Main entrance'"]),
        f"  curl -s {watched['url']}/metrics   # and at each other daemon's address",
        f"  kcat -b {kept['bootstrap']} -L",
        f"  kcat -b {kept['bootstrap']} -C -e -t {kept['prefix']}.commands.moncloa",
        "  ./dev logs latchkey-executor",
        "  ./dev down",
    ]
    return "\n".join(lines)


def up(directory: Path = DIRECTORY) -> int:
    kept = state(directory)
    if kept is not None and any(is_running(process) for process in kept["processes"]):
        print("running already:")
        print(describe(kept))
        return 0
    shutil.rmtree(directory, ignore_errors=True)
    with Stack(directory, detach=True) as stack:
        stack.start()
        stack.keep()
    kept = state(directory)
    assert kept is not None
    print("running:")
    print(describe(kept))
    return 0


def down(directory: Path = DIRECTORY) -> int:
    kept = state(directory)
    if kept is None:
        print("not running")
        return 0
    # Against the flow's start: what reads from Kafka ends before Kafka does.
    for process in reversed(kept["processes"]):
        end_process(process)
    (directory / STATE).unlink()
    print(f"stopped; logs stay in {os.path.relpath(directory)} until the next up")
    return 0


def logs(names: list[str], directory: Path = DIRECTORY) -> int:
    kept = state(directory)
    if kept is None:
        print("not running", file=sys.stderr)
        return 1
    found = {process["name"]: process["log"] for process in kept["processes"]}
    for name in names:
        if name not in found:
            print(f"no '{name}'; there are: {', '.join(found)}", file=sys.stderr)
            return 2
    os.execvp("tail", ["tail", "-n", "20", "-F", *(found[name] for name in names or found)])


def main(arguments: list[str]) -> int:
    match arguments:
        case ["up"]:
            return up()
        case ["down"]:
            return down()
        case ["logs", *names]:
            return logs(names)
    print("usage: python3 -m harness.local up | down | logs [NAME...]", file=sys.stderr)
    return 2


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (AssertionError, Ended) as error:
        # What the harness waited for and did not see: the message says it all.
        print(f"dev: {error}", file=sys.stderr)
        sys.exit(1)
