# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""Where things are: the tree, the programs, the cached broker, free ports."""

from __future__ import annotations

import hashlib
import os
import random
import socket
import xml.etree.ElementTree as ElementTree
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
LOCALHOST = "127.0.0.1"

# Below the range from which the kernel gives ports to outgoing connections. A port from that range
# could be taken by any client while a server is stopped and about to start on it again.
_PORTS = range(15000, 32000)
_given: set[int] = set()


def program(name: str) -> Path:
    """A built program. LATCHKEY_BIN names another build's folder (the sanitizers', say)."""
    folder = Path(os.environ.get("LATCHKEY_BIN", ROOT / "build" / "bin"))
    path = folder / name
    assert path.is_file(), f"{path} is not there: run ./dev build"
    return path


def cache() -> Path:
    """Where ./dev keeps what it downloads, outside the tree."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(os.environ.get("LATCHKEY_CACHE") or Path(base) / "latchkey")


def kafka_jars() -> Path:
    """The broker's jars, as tools/dev/kafka.sh lays them down: one folder a content of the pom."""
    pom = ROOT / "tools" / "kafka" / "pom.xml"
    version = ElementTree.parse(pom).find(".//{*}kafka.version")
    assert version is not None and version.text, f"{pom} names no kafka.version"
    digest = hashlib.sha256(pom.read_bytes()).hexdigest()[:8]
    path = cache() / f"kafka-{version.text}-{digest}"
    assert path.is_dir(), f"{path} is not there: run ./dev setup"
    return path


def free_port() -> int:
    """A port that nothing listens on now, and that this process has not been given before."""
    for port in random.SystemRandom().sample(_PORTS, len(_PORTS)):
        if port in _given:
            continue
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOCALHOST, port))
            except OSError:
                continue
        _given.add(port)
        return port
    raise AssertionError("no free port on 127.0.0.1")
