# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""The harness itself, on a real broker: what other tests take for granted."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer

from harness.kafka import Broker
from harness.metrics import Metrics
from harness.process import Ended, Process, end_process, is_running
from harness.topics import create_topic, partition_of, produce, read_records, read_table
from harness.wait import wait_for


def test_a_table_is_the_newest_value_of_each_key(broker: Broker, prefix: str) -> None:
    topic = f"{prefix}.table"
    create_topic(broker.admin(), topic, 3, {"cleanup.policy": "compact"})
    produce(broker.bootstrap, topic, [("1", {"n": 1}), ("2", {"n": 2}), ("1/17", {"n": 3})])
    produce(broker.bootstrap, topic, [("1", {"n": 4}), ("2", None)])
    assert read_table(broker.bootstrap, topic) == {"1": {"n": 4}, "1/17": {"n": 3}}
    assert len(read_records(broker.bootstrap, topic)) == 5


def test_headers_and_bytes_come_back(broker: Broker, prefix: str) -> None:
    topic = f"{prefix}.headers"
    create_topic(broker.admin(), topic)
    produce(broker.bootstrap, topic, {"k": b"\xff{"}, headers={"ce_id": "a/1"})
    (record,) = read_records(broker.bootstrap, topic)
    assert (record.key, record.value, record.headers) == ("k", b"\xff{", {"ce_id": "a/1"})
    assert record.timestamp > 0


def test_an_empty_topic_reads_as_empty(broker: Broker, prefix: str) -> None:
    topic = f"{prefix}.empty"
    create_topic(broker.admin(), topic, 2)
    assert read_records(broker.bootstrap, topic) == []


def test_partitions_are_those_of_the_client_library(broker: Broker, prefix: str) -> None:
    topic = f"{prefix}.murmur2"
    create_topic(broker.admin(), topic, 7)
    keys = [str(number) for number in (0, 7, 42, 9001, 107181, 1421000001, 12345678901)]
    producer = Producer({"bootstrap.servers": broker.bootstrap, "partitioner": "murmur2"})
    for key in keys:
        producer.produce(topic, key=key, value=b"x")
    assert producer.flush(30) == 0
    placed = {record.key: record.partition for record in read_records(broker.bootstrap, topic)}
    assert placed == {key: partition_of(key, 7) for key in keys}
    assert len(set(placed.values())) > 1
    assert partition_of("9001/17", 7) == placed["9001"]


def test_a_group_gets_its_partitions_without_delay(broker: Broker, prefix: str) -> None:
    topic = f"{prefix}.group"
    create_topic(broker.admin(), topic, 2)
    consumer = Consumer({"bootstrap.servers": broker.bootstrap, "group.id": f"{prefix}.group"})
    consumer.subscribe([topic])

    def assigned() -> bool:
        consumer.poll(0)
        return len(consumer.assignment()) == 2

    try:
        wait_for(assigned, "both partitions assigned")
    finally:
        consumer.close()


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_what_was_acknowledged_is_there_after_the_broker_starts_again(
    tmp_path: Path, how: str
) -> None:
    with Broker(tmp_path / "kafka", {"log.cleaner.backoff.ms": "100"}) as own:
        create_topic(own.admin(), "kept", 2, {"cleanup.policy": "compact"})
        produce(own.bootstrap, "kept", {str(key): {"n": key} for key in range(20)})
        getattr(own, how)()
        assert not own.process.running
        own.start()
        assert read_table(own.bootstrap, "kept") == {str(key): {"n": key} for key in range(20)}


def test_a_broker_that_cannot_start_says_why(tmp_path: Path) -> None:
    broken = Broker(tmp_path / "kafka", {"log.cleaner.threads": "none"})
    with pytest.raises(AssertionError, match="log.cleaner.threads"):
        broken.start()


def test_a_broker_that_ends_instead_of_starting_shows_its_log(tmp_path: Path) -> None:
    broken = Broker(tmp_path / "kafka", jvm=["-Xmx384m"])
    broken._format()
    (tmp_path / "kafka" / "data" / "meta.properties").write_text("version=1\ncluster.id=other\n")
    with pytest.raises(Ended, match="ended before it was ready .exit status 1."):
        broken.start()


def test_a_wait_says_what_it_last_saw() -> None:
    seen = iter(["first", "second"])

    def never() -> bool:
        raise AssertionError(next(seen, "third"))

    with pytest.raises(AssertionError, match="a thing; last seen: third"):
        wait_for(never, "a thing", deadline=0.1, interval=0.01)


def test_a_wait_does_not_hide_a_fault() -> None:
    def broken() -> bool:
        raise KeyError("x")

    with pytest.raises(KeyError):
        wait_for(broken, "a thing", deadline=30)


def test_a_process_shows_how_it_ended(tmp_path: Path) -> None:
    script = "import sys; print('last words'); sys.exit(3)"
    process = Process("short", [sys.executable, "-c", script], tmp_path)
    process.start()
    assert process.wait(30) == 3
    assert "exit status 3" in process.failure("ended") and "last words" in process.failure("ended")


def test_signals_reach_a_process(tmp_path: Path) -> None:
    process = Process("sleeper", ["sleep", "1000"], tmp_path)
    process.start()
    process.pause()
    stat = Path(f"/proc/{process.pid}/stat")
    wait_for(lambda: stat.read_text().split()[2] == "T", "stopped")
    process.resume()
    assert process.terminate() == -signal.SIGTERM
    process.start()
    process.kill()
    assert process.exit_status == -signal.SIGKILL


def test_a_process_dies_with_the_one_that_started_it(tmp_path: Path) -> None:
    script = (
        "import pathlib, sys\n"
        "from harness.process import Process\n"
        "p = Process('child', ['sleep', '1000'], pathlib.Path(sys.argv[1]))\n"
        "p.start()\n"
        "(pathlib.Path(sys.argv[1]) / 'pid').write_text(str(p.pid))\n"
        # Only once it has asked the kernel to end with its parent does it become what was started.
        "while pathlib.Path(f'/proc/{p.pid}/comm').read_text().strip() != 'sleep':\n"
        "    pass\n"
        "import os; os.kill(os.getpid(), 9)\n"
    )
    here = str(Path(__file__).parent)
    parent = Process("parent", [sys.executable, "-c", script, tmp_path], tmp_path,
                     env={"PYTHONPATH": here})
    parent.start()
    assert parent.wait(30) == -signal.SIGKILL, parent.output()
    child = Path("/proc") / (tmp_path / "pid").read_text()
    wait_for(lambda: not child.exists() or " Z " in (child / "stat").read_text(), "the child dead")


def test_a_kept_process_is_found_again_and_ended(tmp_path: Path) -> None:
    kept = Process("kept", ["sleep", "1000"], tmp_path, detach=True)
    kept.start()
    identity = kept.identity()
    assert is_running(identity)
    # Its number given away again: not ours to end.
    end_process({**identity, "started": identity["started"] - 1})
    assert is_running(identity)
    end_process(identity)
    assert not is_running(identity)
    assert kept.wait() == -signal.SIGTERM


def test_a_kept_process_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    script = "import signal; signal.signal(15, signal.SIG_IGN); print('set', flush=True); signal.pause()"
    kept = Process("deaf", [sys.executable, "-c", script], tmp_path, detach=True)
    kept.start()
    wait_for(lambda: "set" in kept.output(), "SIGTERM is ignored")
    end_process(kept.identity(), deadline=0.2)
    assert kept.wait() == -signal.SIGKILL


def test_metrics_are_read_strictly() -> None:
    text = (
        "# HELP a_total what\n# TYPE a_total counter\n"
        'a_total{space="x",kind="q\\"\\\\\\n"} 2\na_total{space="y"} 3.5\nb 1e3\n'
    )
    metrics = Metrics.parse(text)
    assert metrics.value("a_total") == 5.5
    assert metrics.value("a_total", space="x") == 2
    assert metrics.find("a_total", space="x")[0].labels["kind"] == 'q"\\\n'
    assert metrics.value("b") == 1000 and metrics.types == {"a_total": "counter"}
    assert metrics.count("a_total", space="z") == 0
    with pytest.raises(AssertionError, match="no metric c"):
        metrics.value("c")
    with pytest.raises(AssertionError, match="no metric line"):
        Metrics.parse("a{ 1")
