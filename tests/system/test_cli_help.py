# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""`latchkey --help`, and the help of each command."""

from __future__ import annotations

import subprocess

import pytest

from harness.paths import program

COMMANDS = ["check", "topics plan", "topics apply", "rules propose", "rules plan", "rules apply",
            "adopt plan", "adopt apply", "status", "explain", "drift", "reports", "rejects list",
            "rejects show", "rejects", "resync", "forget", "brake release", "brake"]
ASKS = ("topics apply", "rules apply", "adopt apply", "brake release", "forget")


def help_of(*words: str) -> str:
    done = subprocess.run([program("latchkey"), *words, "--help"], capture_output=True, text=True,
                          check=False, timeout=30)
    assert done.returncode == 0 and not done.stderr, done.stderr
    return done.stdout


def test_help_names_every_command() -> None:
    shown = help_of()
    assert all(f"  {command} " in shown for command in COMMANDS), shown
    assert "Exit status: 0 done, 1 differences" in shown


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help_of_its_own(command: str) -> None:
    shown = help_of(*command.split())
    assert shown.startswith(f"Usage:\n  latchkey {command}"), shown
    assert "--json" in shown and "--config=FILE" in shown
    assert ("--yes" in shown) == (command in ASKS)
    assert max(map(len, shown.splitlines())) <= 100, shown


@pytest.mark.parametrize("group", ["topics", "rules", "adopt"])
def test_words_that_begin_several_commands_name_them(group: str) -> None:
    shown = help_of(group)
    named = [command for command in COMMANDS if command.startswith(group + " ")]
    assert len(named) >= 2 and all(f"  {command} " in shown for command in named), shown
