# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""What `./dev up` and `./dev demo --keep` say to try can be tried."""

from __future__ import annotations

import re
import subprocess

from harness.local import describe
from harness.paths import ROOT, program
from harness.stack import DAEMONS


def kept() -> dict[str, object]:
    """A stack as stack.json has it, of processes that have ended."""
    names = ["kafka", "latchkey-sandbox", *DAEMONS]
    return {"bootstrap": "127.0.0.1:9092", "prefix": "latchkey",
            "config": str(ROOT / "build-local" / "latchkey.yaml"),
            "processes": [{"name": name, "pid": 2**22 + 1, "started": 1, "log": "",
                           "url": None if name == "kafka" else f"http://127.0.0.1:{9000 + number}"}
                          for number, name in enumerate(names)]}


def test_it_says_what_runs_where_and_what_to_try() -> None:
    told = describe(kept(), 9003)
    for number, name in enumerate(["latchkey-sandbox", *DAEMONS], start=1):
        assert re.search(rf"{name} +http://127\.0\.0\.1:{9000 + number}  \(ended\)\n", told)
    executor = DAEMONS.index("latchkey-executor") + 2
    assert f"curl -s http://127.0.0.1:{9000 + executor}/metrics" in told
    assert " explain 9003\n" in told and " explain 9003 --door 'Main entrance'\n" in told
    assert "explain" not in describe(kept())


def test_the_commands_it_names_exist() -> None:
    shown = subprocess.run([program("latchkey"), "--help"], capture_output=True, text=True,
                           check=True, timeout=30).stdout
    words = re.findall(r"latchkey --config \S+ (\w+)", describe(kept(), 9003))
    assert sorted(set(words)) == ["explain", "status"]
    assert all(re.search(rf"^  {word}\b", shown, re.MULTILINE) for word in words)
