# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""The Kafka library on its own, driven line by line (tests/unit/kafka_probe.c)."""

from __future__ import annotations

import json
import subprocess
import threading
from pathlib import Path
from types import TracebackType
from typing import Any

from harness.paths import program
from harness.wait import wait_for

Event = dict[str, Any]


class Probe:
    """One process with a table, a producer and perhaps a membership of the group PREFIX.NAME."""

    def __init__(self, bootstrap: str, prefix: str, directory: Path, name: str = "probe",
                 *properties: str) -> None:
        self.events: list[Event] = []
        self._log_path = directory / f"{name}-{id(self)}.log"
        self._log = self._log_path.open("wb")
        self._child = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", str(program("kafka-probe")), bootstrap, prefix, name,
             *properties],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.wait("ready")

    def _read(self) -> None:
        assert self._child.stdout is not None
        for line in self._child.stdout:
            self.events.append(json.loads(line))

    @property
    def pid(self) -> int:
        return self._child.pid

    def do(self, *words: object) -> None:
        assert self._child.stdin is not None
        self._child.stdin.write((" ".join(str(word) for word in words) + "\n").encode())
        self._child.stdin.flush()

    def seen(self, event: str, **fields: Any) -> list[Event]:
        return [seen for seen in list(self.events)
                if seen["event"] == event
                and all(seen.get(name) == value for name, value in fields.items())]

    def wait(self, event: str, count: int = 1, deadline: float = 60.0, **fields: Any) -> Event:
        """The COUNTth such event since the beginning, or since the last `forget`."""

        def found() -> Event | None:
            happened = self.seen(event, **fields)
            if len(happened) >= count:
                return happened[count - 1]
            assert self._child.poll() is None, f"ended with {self._child.poll()}: {self.log()}"
            assert False, f"{self.events[-10:]}"

        answer = wait_for(found, f"{count} × {event} {fields}", deadline, 0.02)
        assert answer is not None
        return answer

    def forget(self) -> None:
        self.events.clear()

    def value(self, partition: int, key: str) -> str:
        """What stands in the table."""
        before = len(self.seen("value"))
        self.do("get", partition, key)
        return str(self.wait("value", before + 1)["value"])

    def state(self) -> Event:
        before = len(self.seen("state"))
        self.do("state")
        return self.wait("state", before + 1)

    def log(self) -> str:
        return self._log_path.read_text(errors="replace")[-3000:]

    def quit(self) -> None:
        self.do("quit")
        assert self._child.wait(20) == 0, self.log()

    def __enter__(self) -> Probe:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self._child.kill()
        self._child.wait()
        self._log.close()
