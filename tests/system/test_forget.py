# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""`latchkey forget`: a person is erased from every table through the programs that own them, and
then from their logs, which a broker that compacts at once shows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from confluent_kafka.admin import ConfigResource

import demo
from harness.kafka import Broker
from harness.stack import DAEMONS, Stack, default_config
from harness.topics import partition_of, produce, read_records, read_table
from harness.wait import wait_for

ADA, BOB, EVE = 9701, 9702, 9703
TABLES = ("members", "passes", "bookings", "commands", "ledger")
PARTITIONS = 3
# Whatever is over is compacted when the next segment begins.
AT_ONCE = {"cleanup.policy": "compact", "segment.ms": "100", "min.cleanable.dirty.ratio": "0.0",
           "min.compaction.lag.ms": "0", "max.compaction.lag.ms": "100", "delete.retention.ms": "0"}


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[demo.Story]:
    directory = tmp_path_factory.mktemp("forget")
    config = default_config()
    config["nexudus"][0]["listing_interval"] = "1h"  # what is not stated is not noticed here
    # The cleaner sleeps 15 s between two looks.
    with Broker(directory / "kafka", {"log.cleaner.backoff.ms": "100"}) as broker:
        with Stack(directory, broker, "forget", config) as stack:
            stack.start()
            yield demo.Story(stack)
            stack.stop_daemons()


def joins_with_everything(story: demo.Story, member: int) -> None:
    story.join(member)
    story.sandbox.give_pass(member, demo.HOURS_24)
    start = story.now + timedelta(minutes=10)
    story.sandbox.book(member, demo.GREEN, demo.rfc3339(start),
                       demo.rfc3339(start + timedelta(hours=1)))
    story.opens(member, demo.GROUP_24)
    story.opens(member, demo.GROUP_GREEN)


def keys_of(story: demo.Story, member: int) -> list[str]:
    """What stands of the member, as "kind key"."""
    return [f"{kind} {key}" for kind in TABLES
            for key in read_table(story.stack.bootstrap, story.stack.topic(kind, "moncloa"))
            if key.partition("/")[0] == str(member)]


def traces(story: demo.Story, member: int) -> list[str]:
    """Records that are about the member, or that name them, wherever they are in the logs."""
    names = (f"m{member}@".encode(), f'"member":{member},'.encode())
    return [f"{record.topic} {record.key}@{record.offset}" for kind in TABLES
            for record in read_records(story.stack.bootstrap, story.stack.topic(kind, "moncloa"))
            if record.key.partition("/")[0] == str(member)
            or any(name in (record.value or b"") for name in names)]


def compact(story: demo.Story, kind: str) -> None:
    """From now on, as soon as there is something after it."""
    admin = story.stack.broker.admin()
    resource = ConfigResource(ConfigResource.Type.TOPIC, story.stack.topic(kind, "moncloa"),
                              set_config=AT_ONCE)
    for future in admin.alter_configs([resource]).values():
        future.result(timeout=30)


def write_on(story: demo.Story, kind: str) -> None:
    """A record in each partition: the tombstone of somebody who never was."""
    fillers = {partition_of(str(n), PARTITIONS): n for n in range(1, 30)}
    assert len(fillers) == PARTITIONS
    key = {"members": "{}", "commands": "{}", "ledger": "{}"}.get(kind, "{}/1")
    produce(story.stack.bootstrap, story.stack.topic(kind, "moncloa"),
            {key.format(n): None for n in fillers.values()})


def test_nobody_is_forgotten_whom_nexudus_has(story: demo.Story) -> None:
    joins_with_everything(story, BOB)
    before = keys_of(story, BOB)
    told = story.stack.run("forget", str(BOB), "--yes", statuses=(1,))
    assert f"space moncloa: forget/{BOB} refused: Nexudus still has the person" in told
    assert keys_of(story, BOB) == before
    assert story.windows(BOB, demo.GROUP_24)


def test_a_line_that_can_not_be(story: demo.Story) -> None:
    for words, says, status in (
        (("9701x", "--yes"), "9701x", 2),
        (("987654", "--yes"), "nothing is known of member 987654", 1),
        ((str(BOB),), "--yes", 2),  # a pipe is no terminal
    ):
        done = story.stack.cli("forget", *words)
        assert done.returncode == status and says in done.stderr, done


def test_a_person_is_gone_from_every_log(story: demo.Story) -> None:
    joins_with_everything(story, ADA)
    joins_with_everything(story, EVE)
    story.at_door(ADA, demo.ENTRANCE)
    assert {one.split()[0] for one in keys_of(story, ADA)} == set(TABLES)
    assert len(traces(story, ADA)) >= 10
    story.sandbox.delete_coworker(ADA)
    told = story.stack.run_json("forget", str(ADA), "--yes")
    assert [(wish["space"], wish["outcome"]) for wish in told["wishes"]] == [("moncloa", "done")]
    assert told["left"] == [] and len(told["kisi_users"]) == 1
    # What can't be erased is said, with how long it stays.
    assert {one["topic"]: one["retention_s"] // 86400 for one in told["ages_out"]} == {
        "access-reports": 90, "access-changes": 90, "rejects": 30}
    assert keys_of(story, ADA) == []
    story.gone(ADA, demo.GROUP_24, demo.GROUP_GREEN)

    assert traces(story, ADA), "the logs still have them before they are compacted"
    for kind in TABLES:
        compact(story, kind)

    def erased() -> bool:
        for kind in TABLES:
            write_on(story, kind)
        left = traces(story, ADA)
        assert not left, left
        return True

    wait_for(erased, "the logs are compacted", 60, interval=0.3)
    assert {one.split()[0] for one in keys_of(story, EVE)} == set(TABLES)
    # Read again from the beginning, the programs know nobody of that id, and nothing happens.
    story.sandbox.clear_calls()
    for name in DAEMONS:
        story.stack.daemons[name].restart()
    story.opens(EVE, demo.GROUP_24)
    assert keys_of(story, ADA) == []
    assert story.stack.cli("explain", str(ADA)).returncode == 1


def test_what_is_wished_before_they_go_is_refused_and_wished_again(story: demo.Story) -> None:
    """The text form, and a second wish under the same key."""
    story.stack.run("forget", str(EVE), "--yes", statuses=(1,))
    story.sandbox.delete_coworker(EVE)
    told = story.stack.run("forget", str(EVE), "--yes")
    assert f"space moncloa: forget/{EVE} done\n" in told
    assert "access-reports keeps what names the member for 90 days" in told
    assert "In KISI there still is user " in told and "LEFT" not in told
    assert keys_of(story, EVE) == []
