# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""Records per second and per CPU second through each worker: 1 M snapshots, 4 partitions, a real
broker. Prints a table; nothing here passes or fails by a time."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from confluent_kafka import Producer

from harness.kafka import Broker
from harness.paths import program
from harness.stack import Stack
from harness.wait import wait_for
from measure import TICKS, cpu_seconds, fill, memory_mb

RECORDS = int(os.environ.get("LATCHKEY_BENCH_RECORDS", "1000000"))
PARTITIONS = 4
SPACE = "moncloa"
# The same job on this kind of machine, records per CPU second, measured once by whole processes.
OTHERS = {"Kafka Streams": 82_000, "Python with orjson": 116_000, "plain Java": 123_000,
          "Go with franz-go": 272_000}


def member(n: int) -> tuple[int, dict[str, Any]]:
    return n, {"member": n, "space": SPACE, "revision": 1_795_490_450_972,
               "email": f"m{n}@example.org", "name": f"Member {n}", "active": True,
               "archived": False, "deleted": False}


def pass_(n: int) -> tuple[int, dict[str, Any]]:
    return n, {"pass": 2_023_000_000 + n, "member": n, "space": SPACE,
               "revision": 1_795_490_450_972, "type": 3001, "minutes": None,
               "created_at": "2026-08-27T08:40:26.933Z", "expires_at": "2030-12-31T00:00:00Z",
               "used": False, "used_at": None, "origin": "plan",
               "contract": {"active": True, "cancelled": False,
                            "starts_at": "2026-01-05T00:00:00Z", "ends_at": None,
                            "paused_from": None, "paused_until": None},
               "deleted": False}


def booking(n: int) -> tuple[int, dict[str, Any]]:
    return n, {"booking": 1_455_000_000 + n, "uid": f"e082a793-0000-4000-8000-{n:012d}",
               "member": n, "space": SPACE, "revision": 1_795_490_450_972, "resource": 4001,
               "from": "2026-09-01T09:00:00Z", "until": "2026-09-01T10:00:00Z",
               "tentative": False, "cancelled": False, "deleted": False}


WORKERS: dict[str, tuple[str, Callable[[int], tuple[int, dict[str, Any]]], str]] = {
    "latchkey-member-worker": ("members", member, ""),
    "latchkey-pass-worker": ("passes", pass_, "/{pass}"),
    "latchkey-booking-worker": ("bookings", booking, "/{booking}"),
}
RULES = {"space": SPACE, "rules_version": 1, "decider": 1, "time_zone": "Europe/Madrid",
         "day_cutoff": "00:00", "lead_s": 900, "grace_s": 0, "tentative": False,
         "expire_date": "end_of_day",
         "mappings": {
             "pass_type/3001": {"name": "Day Pass",
                                "groups": [{"id": 7001, "name": "Members with day access"}]},
             "resource/4001": {"name": "Green meeting room",
                               "groups": [{"id": 7002, "name": "Green meeting room"}]}}}


def config() -> dict[str, Any]:
    return {
        "kafka": {},
        "nexudus": [{"account": "main", "url": "http://localhost", "user": "a@example.org",
                     "password_file": "x"}],
        "kisi": [{"account": "main", "url": "http://localhost", "key_file": "x"}],
        "spaces": [{"code": SPACE, "time_zone": "Europe/Madrid", "business": 1, "place": 501,
                    "partitions": PARTITIONS}],
        "dev": True,
    }


def snapshots(make: Callable[[int], tuple[int, dict[str, Any]]],
              rest: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for n in range(1, RECORDS + 1):
        ident, value = make(n)
        yield f"{ident}{rest.format(**value)}", value


def librdkafka_seconds(pid: int) -> float:
    """CPU time of librdkafka's own threads; what it does in the loop's thread is not in it."""
    seconds = 0.0
    for task in Path(f"/proc/{pid}/task").iterdir():
        name, _, rest = (task / "stat").read_text().partition("(")[2].rpartition(")")
        if name.startswith("rdk:"):
            fields = rest.split()
            seconds += (int(fields[11]) + int(fields[12])) / TICKS
    return seconds


def run(stack: Stack, name: str, kind: str) -> dict[str, float]:
    def written() -> bool:
        done = daemon.metrics().count("latchkey_records_written_total", space=SPACE, kind="commands")
        assert done >= RECORDS, f"{done:.0f} commands acknowledged"
        return True

    daemon = stack.start_daemon(name)
    start = time.monotonic()
    wait_for(written, f"{RECORDS} commands", 300, interval=0.02)
    wall = time.monotonic() - start
    result = {"wall": wall, "cpu": cpu_seconds(daemon.pid), "rss": memory_mb(daemon.pid, "VmHWM"),
              "librdkafka": librdkafka_seconds(daemon.pid)}
    assert daemon.terminate() == 0
    return result


def main() -> int:
    model = json.loads(subprocess.run([program("latchkey-bench-model")], check=True,
                                      capture_output=True, text=True).stdout)
    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch)
        with Broker(directory / "kafka") as broker, \
                Stack(directory, broker, "bench", config()) as stack:
            stack.write_config()
            stack.apply_topics()
            producer = Producer({"bootstrap.servers": broker.bootstrap, "log_level": 0})
            producer.produce(stack.topic("rules", SPACE), key=SPACE, value=json.dumps(RULES))
            assert producer.flush(10) == 0
            print(f"{RECORDS} snapshots, {PARTITIONS} partitions, {os.cpu_count()} cores; "
                  "from the start of the process")
            print(f"{'worker':26}{'bytes':>6}{'records/s':>12}{'per CPU s':>12}{'RSS MB':>8}"
                  f"{'librdkafka %':>14}{'JSON %':>8}")
            for name, (kind, make, rest) in WORKERS.items():
                size = fill(broker.bootstrap, stack.topic(kind, SPACE), snapshots(make, rest),
                            PARTITIONS)
                result = run(stack, name, kind)
                json_s = (model["read_ns"] + model["write_ns"]) * RECORDS / 1e9
                share = f"{100 * json_s / result['cpu']:.0f}" if "pass" in name else ""
                print(f"{name:26}{size:6}{RECORDS / result['wall']:12,.0f}"
                      f"{RECORDS / result['cpu']:12,.0f}{result['rss']:8.0f}"
                      f"{100 * result['librdkafka'] / result['cpu']:14.0f}{share:>8}")
    print(f"one pass, CPU ns: read {model['read_ns']}, decide {model['decide_ns']}, write "
          f"{model['write_ns']}; librdkafka: its own threads; the rest is its part in the loop's "
          "thread, the table and the loop")
    print("others, records per CPU second: "
          + ", ".join(f"{name} {rate:,}" for name, rate in OTHERS.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
