# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""A real Kafka broker of one node (KRaft, broker and controller in one process)."""

from __future__ import annotations

import subprocess
import uuid
from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

from harness.paths import LOCALHOST, free_port, kafka_jars
from harness.process import Ended, Process
from harness.wait import wait_for

# For a quick start and small memory; a bench passes its own.
QUICK_JVM = ("-Xmx384m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData")
BENCH_JVM = ("-Xms1g", "-Xmx1g", "-XX:+UseG1GC", "-XX:-UsePerfData")

_DEFAULTS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "auto.create.topics.enable": "false",
    "num.partitions": "1",
    "default.replication.factor": "1",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    # A group of tests has its members when it is made; three seconds of waiting for more are lost.
    "group.initial.rebalance.delay.ms": "0",
    # Hundreds of small partitions: 10 MiB of index each is address space for nothing.
    "log.index.size.max.bytes": "1048576",
    "log.cleaner.dedupe.buffer.size": "16777216",
    "log.retention.check.interval.ms": "300000",
    # A broker that starts again waits until the controller has given up its former self.
    "broker.heartbeat.interval.ms": "500",
    "broker.session.timeout.ms": "3000",
}


class Broker:
    """A broker whose data stay in DIRECTORY when it is stopped and started again.

    PROPERTIES are broker properties (server.properties) that come over the defaults above.
    """

    def __init__(
        self,
        directory: Path,
        properties: Mapping[str, str] | None = None,
        jvm: Sequence[str] = QUICK_JVM,
        detach: bool = False,
    ) -> None:
        self.directory = directory
        self.port = free_port()
        self.bootstrap = f"{LOCALHOST}:{self.port}"
        controller = free_port()
        self._properties = {
            **_DEFAULTS,
            "listeners": f"PLAINTEXT://{self.bootstrap},CONTROLLER://{LOCALHOST}:{controller}",
            "advertised.listeners": f"PLAINTEXT://{self.bootstrap}",
            "controller.quorum.voters": f"1@{LOCALHOST}:{controller}",
            "log.dirs": str(directory / "data"),
            **(properties or {}),
        }
        self._java = [
            "java",
            *jvm,
            "-Djava.awt.headless=true",
            "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
            "-Dorg.slf4j.simpleLogger.showDateTime=true",
            "-cp",
            f"{kafka_jars()}/*",
        ]
        self._config = directory / "server.properties"
        self.process = Process(
            "kafka", [*self._java, "kafka.Kafka", self._config], directory, detach=detach
        )

    def _format(self) -> None:
        """Writes the configuration, and the data folder unless it is there."""
        self.directory.mkdir(parents=True, exist_ok=True)
        lines = [f"{name}={value}\n" for name, value in sorted(self._properties.items())]
        self._config.write_text("".join(lines))
        cluster = urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        done = subprocess.run(
            [*self._java, "kafka.tools.StorageTool", "format", "--ignore-formatted"]
            # One word: an id may begin with a dash.
            + [f"--cluster-id={cluster}", "--config", str(self._config)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"formatting Kafka's data failed: {done.stdout}{done.stderr}"

    def start(self, deadline: float = 60.0) -> None:
        """Starts it and waits until it answers. Started again, it has what it had."""
        if not (self.directory / "data" / "meta.properties").exists():
            self._format()
        self.process.start()
        self.wait_ready(deadline)

    def wait_ready(self, deadline: float = 60.0) -> None:
        admin = self.admin()

        def answers() -> bool:
            if not self.process.running:
                raise Ended(self.process.failure("ended before it was ready"))
            try:
                return bool(admin.list_topics(timeout=1).brokers)
            except KafkaException as error:
                raise AssertionError(str(error)) from None

        try:
            wait_for(answers, "Kafka answers", deadline)
        except AssertionError as error:
            raise AssertionError(self.process.failure(str(error))) from None

    def stop(self, deadline: float = 30.0) -> None:
        """SIGTERM. Java then ends with 143, the signal's number in the shell's way."""
        status = self.process.terminate(deadline)
        assert status in (0, 143), self.process.failure("did not end well")

    def kill(self) -> None:
        self.process.kill()

    def admin(self) -> AdminClient:
        # Broken connections are what a stopped broker is about: nothing to log.
        return AdminClient({"bootstrap.servers": self.bootstrap, "log_level": 0,
                            "reconnect.backoff.ms": 20, "reconnect.backoff.max.ms": 200})

    def __enter__(self) -> Broker:
        try:
            self.start()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Its data are thrown away with the folder: an orderly end would only take time.
        self.kill()
