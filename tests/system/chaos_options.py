# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""The options of `./dev chaos`, as a plugin of it."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("chaos")
    group.addoption("--seed", type=int, default=1, help="of what happens to people, and when (1)")
    group.addoption("--minutes", type=float, default=10,
                    help="when each phase has been, phases by chance go on until then (10)")
    group.addoption("--away", type=float, default=60, help="seconds that KISI is away (60)")
