# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""One program as a process: start, ready, signals, logs, metrics, end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from http.client import HTTPException
from pathlib import Path
from typing import Any

from harness.metrics import Metrics
from harness.paths import LOCALHOST
from harness.wait import wait_for

# Never through a proxy that the environment names: everything here is on this machine.
_http = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def http(method: str, url: str, body: Any = None, timeout: float = 5.0) -> tuple[int, str]:
    """Status and body, BODY sent as JSON; status 0 when nobody answers."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    try:
        with _http.open(request, timeout=timeout) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode(errors="replace")
    except (OSError, HTTPException) as error:
        return 0, str(error)


def _started(pid: int) -> int:
    """When the kernel started it, in its ticks, so that a pid given away again is not mistaken for
    the process that had it; 0 when it is gone or a zombie."""
    try:
        # The second field is the program's name in brackets, which may hold anything.
        state, *rest = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return 0
    return 0 if state == "Z" else int(rest[18])


def is_running(identity: Mapping[str, Any]) -> bool:
    started = _started(identity["pid"])
    return started != 0 and started == identity["started"]


def end_process(identity: Mapping[str, Any], deadline: float = 15.0) -> None:
    """Ends a process that another one started: SIGTERM, and SIGKILL after DEADLINE seconds."""
    if not is_running(identity):
        return
    os.kill(identity["pid"], signal.SIGTERM)
    try:
        wait_for(lambda: not is_running(identity), f"{identity['name']} ended", deadline)
    except AssertionError:
        os.kill(identity["pid"], signal.SIGKILL)
        wait_for(lambda: not is_running(identity), f"{identity['name']} killed", deadline)


class Ended(Exception):
    """A program that was to become ready ended instead: no use in waiting on."""


class Process:
    """A program with its output in DIRECTORY/NAME.log.

    Unless DETACH, the kernel ends it when the process that started it dies, however it dies, so an
    interrupted test run leaves nothing behind.
    """

    def __init__(
        self,
        name: str,
        argv: Sequence[str | Path],
        directory: Path,
        env: Mapping[str, str] | None = None,
        detach: bool = False,
    ) -> None:
        self.name = name
        self.argv = [str(word) for word in argv]
        self.directory = directory
        self.log = directory / f"{name}.log"
        self.env = dict(env or {})
        self.detach = detach
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        assert not self.running, f"{self.name} is running already"
        argv = self.argv if self.detach else ["setpriv", "--pdeathsig", "KILL", *self.argv]
        with self.log.open("ab") as log:
            self._child = subprocess.Popen(
                argv,
                env={**os.environ, **self.env},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        assert self._child is not None, f"{self.name} was never started"
        return self._child.pid

    @property
    def running(self) -> bool:
        return self._child is not None and self._child.poll() is None

    @property
    def exit_status(self) -> int | None:
        """None while it runs; minus the signal's number when one ended it."""
        return None if self._child is None else self._child.poll()

    def signal(self, number: signal.Signals) -> None:
        assert self.running, self.failure("has ended")
        os.kill(self.pid, number)

    def pause(self) -> None:
        self.signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.signal(signal.SIGCONT)

    def wait(self, deadline: float = 10.0) -> int:
        """Its exit status; fails when it has not ended by DEADLINE, in seconds."""
        assert self._child is not None, f"{self.name} was never started"
        try:
            return self._child.wait(deadline)
        except subprocess.TimeoutExpired:
            raise AssertionError(self.failure(f"did not end within {deadline:g} s")) from None

    def terminate(self, deadline: float = 10.0) -> int:
        """SIGTERM, then its exit status."""
        if self.running:
            self.signal(signal.SIGTERM)
        return self.wait(deadline)

    def terminate_soon(self) -> None:
        """SIGTERM without waiting."""
        self.signal(signal.SIGTERM)

    def identity(self) -> dict[str, Any]:
        """What finds this process again from another one: see end_process."""
        return {
            "name": self.name,
            "pid": self.pid,
            "started": _started(self.pid),
            "log": str(self.log),
            "url": getattr(self, "url", None),
        }

    def kill(self) -> None:
        """SIGKILL and reaped; does nothing when it has ended."""
        if self._child is not None and self._child.poll() is None:
            self._child.kill()
            self._child.wait()

    def output(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def failure(self, what: str, lines: int = 20) -> str:
        """A message that ends in the last lines of the log."""
        status = self.exit_status
        state = "running" if self.running else f"exit status {status}"
        tail = "\n".join("    " + line for line in self.output().splitlines()[-lines:])
        return f"{self.name} {what} ({state}); last lines of {self.log}:\n{tail}"


class Daemon(Process):
    """One of Latchkey's daemons: health and metrics on PORT, one JSON object a log line."""

    def __init__(
        self,
        name: str,
        argv: Sequence[str | Path],
        directory: Path,
        port: int,
        env: Mapping[str, str] | None = None,
        detach: bool = False,
    ) -> None:
        super().__init__(
            name, [*argv, "--listen", f"{LOCALHOST}:{port}"], directory, env=env, detach=detach
        )
        self.port = port
        self.url = f"http://{LOCALHOST}:{port}"

    def get(self, path: str) -> tuple[int, str]:
        return http("GET", self.url + path)

    def wait_ready(self, deadline: float = 30.0) -> None:
        def ready() -> bool:
            if not self.running:
                raise Ended(self.failure("ended before it was ready"))
            status, body = self.get("/readyz")
            assert status == 200, f"/readyz said {status} {body.strip()}"
            return True

        try:
            wait_for(ready, f"{self.name} ready", deadline)
        except AssertionError as error:
            raise AssertionError(self.failure(str(error))) from None

    def restart(self, kill: bool = False, deadline: float = 30.0) -> None:
        """Ends it, by SIGKILL when KILL, and starts it again until it is ready."""
        if kill:
            self.kill()
        else:
            status = self.terminate()
            assert status == 0, self.failure("did not end well")
        self.start()
        self.wait_ready(deadline)

    def metrics(self) -> Metrics:
        status, body = self.get("/metrics")
        assert status == 200, self.failure(f"/metrics said {status} {body.strip()}")
        return Metrics.parse(body)

    def logs(self) -> list[dict[str, Any]]:
        """Its log lines; a line that is no JSON object is a fault of the program."""
        entries = []
        for line in self.output().splitlines():
            try:
                entry = json.loads(line)
            except ValueError:
                entry = None
            assert isinstance(entry, dict), f"{self.name} logged what is no JSON object: {line}"
            entries.append(entry)
        return entries
