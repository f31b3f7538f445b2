# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""The settings as the programs' own table has them."""

from __future__ import annotations

import json
import subprocess
from typing import Any

from harness.paths import program


def settings() -> list[dict[str, Any]]:
    """A row each: path, type, default (None: it has none), range, help."""
    done = subprocess.run(
        [program("lk-settings")], capture_output=True, text=True, check=True, timeout=30
    )
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found
