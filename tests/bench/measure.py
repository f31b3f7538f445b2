# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""What benches have in common: filling a topic, and what a process has used."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from confluent_kafka import Producer

from harness.topics import partition_of

TICKS = os.sysconf("SC_CLK_TCK")


def fill(bootstrap: str, topic: str, records: Iterable[tuple[str, Any]], partitions: int) -> int:
    """Writes them all; the mean size of a value in bytes."""
    producer = Producer({"bootstrap.servers": bootstrap, "linger.ms": 20, "log_level": 0,
                         "queue.buffering.max.messages": 1_000_000,
                         "compression.type": "lz4"})
    size = n = 0
    for key, value in records:
        data = json.dumps(value, separators=(",", ":")).encode()
        size += len(data)
        n += 1
        while True:
            try:
                producer.produce(topic, key=key.encode(), value=data,
                                 partition=partition_of(key, partitions))
                break
            except BufferError:
                producer.poll(0.1)
        if n % 10_000 == 0:
            producer.poll(0)
    assert producer.flush(120) == 0
    return size // max(n, 1)


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def memory_mb(pid: int, what: str) -> float:
    """WHAT as the kernel names it: VmRSS now, VmHWM at most so far."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{what}:"):
            return int(line.split()[1]) / 1024
    raise AssertionError(f"no {what}")
