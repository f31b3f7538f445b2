# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""All programs together, before anybody is in the spaces: they start, say what they should, agree
with the files about topics, and end."""

from __future__ import annotations

import json
import signal
import subprocess

import pytest
import yaml

from harness.paths import ROOT, program
from harness.stack import DAEMONS, Stack
from harness.wait import wait_for


def test_topics_are_as_the_files_say(stack: Stack) -> None:
    stack.run("topics", "plan", statuses=(0,))
    topics = stack.broker.admin().list_topics(timeout=30).topics
    ours = {name for name in topics if name.startswith(stack.prefix + ".")}
    kinds = {yaml.safe_load(path.read_text())["name"].split(".")[0]
             for path in (ROOT / "topics").glob("[0-9]*.yaml")}
    assert kinds and {name.split(".")[1] for name in ours} == kinds


def test_every_log_line_has_the_same_fields(stack: Stack) -> None:
    for daemon in stack.daemons.values():
        entries = daemon.logs()
        assert entries, f"{daemon.name} said nothing"
        for entry in entries:
            assert {"ts", "level", "component", "event"} <= entry.keys(), entry


def test_secrets_are_shown_nowhere(stack: Stack) -> None:
    shown = "".join(daemon.output() + daemon.get("/metrics")[1] for daemon in stack.daemons.values())
    assert "sandbox-password" not in shown and "sandbox-key" not in shown


def test_every_daemon_ends_in_good_order(stack: Stack) -> None:
    stack.stop_daemons(deadline=10)


@pytest.mark.parametrize("name", DAEMONS)
def test_a_daemon_starts_again_after_any_end(stack: Stack, name: str) -> None:
    daemon = stack.daemons[name]
    daemon.restart(kill=True)
    daemon.restart()
    daemon.signal(signal.SIGINT)
    assert daemon.wait(10) == 0, daemon.failure("did not end well")


@pytest.mark.parametrize("name", DAEMONS)
def test_a_daemon_describes_itself(name: str) -> None:
    shown = subprocess.run([program(name), "--describe"], capture_output=True, text=True,
                           check=True, timeout=30).stdout
    described = json.loads(shown)
    assert described["name"] == name and described["topics"]
    assert described["endpoints"] == ["/healthz", "/readyz", "/metrics"]


def test_a_second_signal_ends_at_once(stack: Stack) -> None:
    """The first one waits for what is under way: here for a broker that does not answer."""
    daemon = stack.daemons["latchkey-member-worker"]
    stack.broker.process.pause()
    try:
        daemon.terminate_soon()
        wait_for(lambda: "stopping" in [entry["event"] for entry in daemon.logs()], "it is ending")
        assert daemon.running
        daemon.terminate_soon()
        assert daemon.wait(2) == 128 + signal.SIGTERM, daemon.failure("did not end at once")
    finally:
        stack.broker.process.resume()


def test_a_reload_takes_what_it_may(stack: Stack) -> None:
    """SIGHUP: intervals apply at once; what needs a restart is said, and so is what is wrong."""
    poller = stack.daemons["latchkey-poller"]
    text = stack.config_file.read_text()

    def says(event: str, word: str) -> bool:
        found = [entry["message"] for entry in poller.logs() if entry["event"] == event]
        assert any(word in message for message in found), found
        return True

    stack.config_file.write_text(text.replace("poll_interval: 1s", "poll_interval: 2s"))
    poller.signal(signal.SIGHUP)
    wait_for(lambda: says("reloaded", ""), "it was read again")
    stack.config_file.write_text(text.replace("topic_prefix: ", "topic_prefix: x"))
    poller.signal(signal.SIGHUP)
    wait_for(lambda: says("restart_needed", "topic_prefix"), "a restart is asked for")
    stack.config_file.write_text(text.replace("poll_interval: 1s", "poll_interval: 2x"))
    poller.signal(signal.SIGHUP)
    wait_for(lambda: says("configuration_problem", "2x"), "the problem is said")
    assert poller.get("/readyz")[0] == 200
