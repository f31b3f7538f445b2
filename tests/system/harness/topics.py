# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""What is in the topics, and putting records there as a program would."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

_CLIENT = {"log_level": 0, "socket.nagle.disable": True}


@dataclass(frozen=True)
class Record:
    """A record as it was read. A tombstone's value is None."""

    topic: str
    partition: int
    offset: int
    timestamp: int  # ms
    key: str
    value: bytes | None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def json(self) -> Any:
        assert self.value is not None, f"{self.topic} {self.key}@{self.offset} is a tombstone"
        return json.loads(self.value)


def read_records(bootstrap: str, topic: str, deadline: float = 30.0) -> list[Record]:
    """Every record of TOPIC from the beginning to the end as of now, partition by partition in
    the order of the log, the partitions as they come."""
    consumer = Consumer(
        {
            **_CLIENT,
            "bootstrap.servers": bootstrap,
            "group.id": "harness",  # wanted by the client, never joined
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            # The broker tells of the end when this is over.
            "fetch.wait.max.ms": 10,
            "auto.offset.reset": "earliest",
        }
    )
    try:
        found = consumer.list_topics(topic, timeout=deadline).topics[topic]
        assert found.error is None, f"topic {topic}: {found.error}"
        left = set(found.partitions)
        consumer.assign([TopicPartition(topic, part, OFFSET_BEGINNING) for part in left])
        records: list[Record] = []
        while left:
            message = consumer.poll(deadline)
            assert message is not None, f"{topic}: nothing more in {deadline:g} s, {left} unread"
            if message.error() is None:
                records.append(_record(message))
            elif message.error().code() == KafkaError._PARTITION_EOF:
                left.discard(message.partition())
            else:
                raise AssertionError(f"{topic}: {message.error()}")
        return records
    finally:
        consumer.close()


def _record(message: Any) -> Record:
    return Record(
        topic=message.topic(),
        partition=message.partition(),
        offset=message.offset(),
        timestamp=message.timestamp()[1],
        key=(message.key() or b"").decode(),
        value=message.value(),
        headers={name: (value or b"").decode() for name, value in message.headers() or []},
    )


def newest(records: Iterable[Record]) -> dict[str, Record]:
    """The newest record of each key, tombstones too. Only sound per partition, as keys are."""
    return {record.key: record for record in records}


def read_table(bootstrap: str, topic: str, deadline: float = 30.0) -> dict[str, Any]:
    """A compacted topic as the table it is: each key's newest value as JSON, tombstones left out."""
    table = newest(read_records(bootstrap, topic, deadline))
    return {key: record.json for key, record in table.items() if record.value is not None}


def create_topic(
    admin: AdminClient,
    name: str,
    partitions: int = 1,
    config: Mapping[str, str] | None = None,
    deadline: float = 30.0,
) -> None:
    new = NewTopic(name, partitions, 1, config=dict(config or {}))
    for future in admin.create_topics([new], operation_timeout=deadline).values():
        future.result(timeout=deadline)


def murmur2(data: bytes) -> int:
    """Kafka's own hash of keys (MurmurHash2 with Kafka's seed), as an unsigned 32 bit number."""
    mask, multiplier = 0xFFFFFFFF, 0x5BD1E995
    hashed = 0x9747B28C ^ len(data)
    whole = len(data) & ~3
    for at in range(0, whole, 4):
        word = int.from_bytes(data[at : at + 4], "little") * multiplier & mask
        word = (word ^ word >> 24) * multiplier & mask
        hashed = (hashed * multiplier & mask) ^ word
    if whole < len(data):
        hashed = (hashed ^ int.from_bytes(data[whole:], "little")) * multiplier & mask
    hashed = (hashed ^ hashed >> 13) * multiplier & mask
    return hashed ^ hashed >> 15


def partition_of(key: str, partitions: int) -> int:
    """Where Latchkey puts a key of a per-member topic: by the member id alone, which is the key
    up to its first slash."""
    return (murmur2(key.partition("/")[0].encode()) & 0x7FFFFFFF) % partitions


def produce(
    bootstrap: str,
    topic: str,
    records: Mapping[str, Any] | Iterable[tuple[str, Any]],
    headers: Mapping[str, str] | None = None,
    deadline: float = 30.0,
    timestamp: int | None = None,
) -> None:
    """Writes key and value pairs and waits until they are acknowledged. A value is bytes as they
    are, None a tombstone, anything else JSON. TIMESTAMP (ms): of the records, else now."""
    producer = Producer({**_CLIENT, "bootstrap.servers": bootstrap, "linger.ms": 0})
    partitions = len(producer.list_topics(topic, timeout=deadline).topics[topic].partitions)
    assert partitions, f"topic {topic} is not there"
    failed: list[str] = []

    def delivered(error: KafkaError | None, message: Any) -> None:
        if error is not None:
            failed.append(f"{message.key()!r}: {error}")

    pairs = records.items() if isinstance(records, Mapping) else records
    for key, value in pairs:
        data = value if value is None or isinstance(value, bytes) else json.dumps(value).encode()
        producer.produce(
            topic,
            key=key.encode(),
            value=data,
            partition=partition_of(key, partitions),
            headers=dict(headers or {}),
            timestamp=timestamp or 0,
            on_delivery=delivered,
        )
    unsent = producer.flush(deadline)
    assert not unsent and not failed, f"{topic}: {unsent} not acknowledged; failed: {failed}"
