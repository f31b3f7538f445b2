# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""Kafka, the sandbox, the topics, the rules and all daemons, started in that order.

As a context manager it always cleans up. Kept (Stack.keep), it goes on after the process that
started it, and what is in DIRECTORY/stack.json lets `./dev down` end it.
"""

from __future__ import annotations

import copy
import functools
import json
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

import yaml

from harness.kafka import Broker
from harness.paths import ROOT, free_port, program
from harness.process import Daemon, Process

if TYPE_CHECKING:
    from harness.sandbox import Sandbox

# In the order of the flow, which is the order they start in; they end in the opposite one.
DAEMONS = (
    "latchkey-poller",
    "latchkey-member-worker",
    "latchkey-pass-worker",
    "latchkey-booking-worker",
    "latchkey-executor",
)
# What the sandbox accepts from its start (src/sandbox/README.md).
SECRETS = {"nexudus-password": "sandbox-password", "kisi-key": "sandbox-key"}
STATE = "stack.json"


def default_config() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "tests" / "system" / "local.yaml").read_text())


def default_data() -> dict[str, Any]:
    """What the sandbox holds for default_config: two spaces with their doors, nobody in them."""
    data: dict[str, Any] = json.loads((ROOT / "tests" / "system" / "local-data.json").read_text())
    return data


class Stack:
    """All of Latchkey on this machine, in DIRECTORY.

    BROKER: one that runs already, which is not stopped here; without, the stack starts its own.
    PREFIX sets its topics and groups apart from others on that broker. CONFIG is local.yaml's
    content or a changed copy of it (default_config).
    """

    def __init__(
        self,
        directory: Path,
        broker: Broker | None = None,
        prefix: str = "latchkey",
        config: dict[str, Any] | None = None,
        detach: bool = False,
    ) -> None:
        self.directory = directory
        self.prefix = prefix
        self.config = copy.deepcopy(config) if config is not None else default_config()
        self.config_file = directory / "latchkey.yaml"
        self.detach = detach
        self._own_broker = broker is None
        self._broker = broker
        self._kept = False
        self.daemons: dict[str, Daemon] = {}
        port = free_port()
        self.sandbox = Daemon(
            "latchkey-sandbox", [program("latchkey-sandbox")], directory, port, detach=detach
        )

    # -- parts, in the order in which they start -------------------------------------------------

    @property
    def broker(self) -> Broker:
        if self._broker is None:
            self._broker = Broker(self.directory / "kafka", detach=self.detach)
        return self._broker

    @property
    def bootstrap(self) -> str:
        return self.broker.bootstrap

    def topic(self, kind: str, space: str) -> str:
        return f"{self.prefix}.{kind}.{space}"

    def start_kafka(self) -> None:
        if self._own_broker:
            self.broker.start()

    def start_sandbox(self) -> None:
        self.sandbox.start()
        self.sandbox.wait_ready()

    def write_config(self) -> None:
        """The configuration file and the secrets, which only their owner may read."""
        secrets = self.directory / "secrets"
        secrets.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, text in SECRETS.items():
            path = secrets / name
            path.touch(mode=0o600)
            path.write_text(text + "\n")
        kafka = self.config.setdefault("kafka", {})
        kafka.update(brokers=self.bootstrap, topic_prefix=self.prefix)
        for account in self.config["nexudus"]:
            account.update(url=self.sandbox.url, password_file=str(secrets / "nexudus-password"))
        for account in self.config["kisi"]:
            account.update(url=self.sandbox.url, key_file=str(secrets / "kisi-key"))
        self.config_file.write_text(yaml.safe_dump(self.config, sort_keys=False))

    def apply_topics(self) -> None:
        self.run("topics", "apply", "--yes")

    def apply_rules(self) -> None:
        self.run("rules", "apply", "--yes")

    def start_daemons(self, names: Sequence[str] = DAEMONS) -> None:
        """Starts them all at once, then waits until each is ready."""
        started = [self.start_daemon(name) for name in names]
        for daemon in started:
            daemon.wait_ready()

    def start_daemon(self, name: str, *arguments: str) -> Daemon:
        """One more of a program; the second of a name is NAME-2. Not waited for."""
        number = 1
        while (key := name if number == 1 else f"{name}-{number}") in self.daemons:
            number += 1
        argv: list[str | Path] = [program(name), "--config", self.config_file, *arguments]
        daemon = Daemon(key, argv, self.directory, free_port(), detach=self.detach)
        self.daemons[key] = daemon
        daemon.start()
        return daemon

    @functools.cached_property
    def side(self) -> Sandbox:
        """The sandbox's side door: what Nexudus and KISI hold, and what happens there."""
        # Only those who tell a story need it; the stack itself starts without.
        from harness.sandbox import Sandbox

        return Sandbox(self.sandbox.url)

    def start(self, data: dict[str, Any] | None = None) -> None:
        """All of it. DATA is what the sandbox holds when the rules are made (default_data)."""
        self.directory.mkdir(parents=True, exist_ok=True)
        self.start_kafka()
        self.start_sandbox()
        self.side.raise_limits()
        self.side.load(default_data() if data is None else data)
        self.write_config()
        self.apply_topics()
        self.apply_rules()
        self.start_daemons()

    # -- the command line ------------------------------------------------------------------------

    def cli(self, *arguments: str, deadline: float = 60.0) -> subprocess.CompletedProcess[str]:
        """`latchkey ARGUMENTS` with this stack's configuration and the tree's topic files."""
        return subprocess.run(
            [program("latchkey"), "--config", self.config_file, "--topics-dir", ROOT / "topics",
             *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=deadline,
            check=False,
        )

    def run(self, *arguments: str, statuses: Sequence[int] = (0,), deadline: float = 60.0) -> str:
        """As cli(), its standard output; any exit status but STATUSES fails."""
        done = self.cli(*arguments, deadline=deadline)
        assert done.returncode in statuses, (
            f"latchkey {' '.join(arguments)}: exit status {done.returncode}\n"
            f"{done.stdout}{done.stderr}"
        )
        return done.stdout

    def run_json(self, *arguments: str, statuses: Sequence[int] = (0,)) -> Any:
        return json.loads(self.run("--json", *arguments, statuses=statuses))

    # -- the end ---------------------------------------------------------------------------------

    def processes(self) -> list[Process]:
        """In the order of their start."""
        kafka = [self._broker.process] if self._own_broker and self._broker else []
        return [*kafka, self.sandbox, *self.daemons.values()]

    def stop(self) -> None:
        """Ends what runs, whatever state it is in; nothing of it is looked at."""
        running = [process for process in self.processes() if process.running]
        for process in reversed(running):
            process.kill()

    def stop_daemons(self, deadline: float = 10.0) -> None:
        """SIGTERM to all daemons at once; each must end with status 0 within DEADLINE seconds."""
        running = [daemon for daemon in self.daemons.values() if daemon.running]
        end = time.monotonic() + deadline
        for daemon in running:
            daemon.resume()
            daemon.terminate_soon()
        for daemon in running:
            status = daemon.wait(max(0.0, end - time.monotonic()))
            assert status == 0, daemon.failure("did not end well")

    def keep(self) -> None:
        """From here on it goes on by itself, until `./dev down`. Only a detached one can."""
        assert self.detach, "a stack that ends with its starter can't be kept"
        state = {
            "bootstrap": self.bootstrap,
            "prefix": self.prefix,
            "config": str(self.config_file),
            "processes": [process.identity() for process in self.processes()],
        }
        (self.directory / STATE).write_text(json.dumps(state, indent=2) + "\n")
        self._kept = True

    def __enter__(self) -> Stack:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._kept:
            self.stop()
