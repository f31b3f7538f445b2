# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""`latchkey topics plan` and `topics apply`: what is missing, what differs, what is refused, and what
the whole costs."""

from __future__ import annotations

from typing import Any

import pytest
from confluent_kafka.admin import AdminClient, ConfigResource

from cli_world import SPACES, Operated

pytest_plugins = ["cli_fixtures"]

PER_SPACE, PER_ACCOUNT = 10, 2
# Five per-member topics of 3, two of reports of 3, and three of 1; two accounts' topics of 1.
PARTITIONS = len(SPACES) * (5 * 3 + 2 * 3 + 3) + PER_ACCOUNT


def planned(operated: Operated, status: int, *words: str) -> dict[str, Any]:
    plan: dict[str, Any] = operated.stack.run_json("topics", *words, statuses=(status,))
    return plan


def retention(admin: AdminClient, topic: str) -> str:
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
    entries = admin.describe_configs([resource])[resource].result(timeout=30)
    value: str = entries["retention.ms"].value
    return value


def test_nothing_to_do_and_what_it_costs(operated: Operated) -> None:
    plan = planned(operated, 0, "plan")
    assert [plan[name] for name in ("creates", "alters", "refused")] == [0, 0, 0]
    assert len(plan["topics"]) == len(SPACES) * PER_SPACE + PER_ACCOUNT
    assert {topic["action"] for topic in plan["topics"]} == {"same"}
    # The test's broker is one: a replica a partition.
    assert (plan["total_partitions"], plan["total_replicas"]) == (PARTITIONS, PARTITIONS)
    assert operated.stack.run("topics", "plan") == (
        f"0 to create, 0 to alter, 0 refused; the whole costs {PARTITIONS} partitions, "
        f"{PARTITIONS} replicas.\n")


def test_a_space_that_is_new(operated: Operated) -> None:
    def add(config: dict[str, Any]) -> None:
        config["spaces"].append({"code": "soho", "time_zone": "Europe/London", "place": 503,
                                 "business": 1421000003, "partitions": 2, "mappings": []})

    with operated.changed(add):
        plan = planned(operated, 1, "plan")
        assert (plan["creates"], plan["applied"]) == (PER_SPACE, False)
        assert plan["total_partitions"] == PARTITIONS + 5 * 2 + 2 * 3 + 3
        told = operated.stack.run("topics", "plan", statuses=(1,))
        assert f"create   {operated.stack.topic('members', 'soho')} (2 partitions)" in told
        assert f"create   {operated.stack.topic('rules', 'soho')} (1 partition)\n" in told
        # It only showed.
        assert planned(operated, 1, "plan") == plan
        applied = planned(operated, 0, "apply", "--yes")
        assert (applied["creates"], applied["applied"]) == (PER_SPACE, True)
        assert planned(operated, 0, "plan")["creates"] == 0
    # A topic that no file and no space asks for any more is left alone.
    assert planned(operated, 0, "plan")["total_partitions"] == PARTITIONS
    topics = operated.stack.broker.admin().list_topics(timeout=30).topics
    assert operated.stack.topic("members", "soho") in topics


def test_the_partition_count_of_a_keyed_topic_is_refused(operated: Operated) -> None:
    topic = operated.stack.topic("members", "moncloa")
    with operated.changed(lambda config: config["spaces"][0].update(partitions=4)):
        plan = planned(operated, 1, "plan")
        refused = [one for one in plan["topics"] if one["action"] == "refused"]
        assert plan["refused"] == len(refused) == 5
        assert topic in {one["topic"] for one in refused}
        assert all(one["changes"][0].startswith(
            "partitions: 3 → 4 would move keys to other partitions; set `partitions` to what the "
            "topic has") for one in refused), refused
        told = operated.stack.run("topics", "apply", "--yes", statuses=(1,))
        assert f"refused  {topic} (4 partitions)\n" in told
        assert "0 to create, 0 to alter, 5 refused" in told
    topics = operated.stack.broker.admin().list_topics(timeout=30).topics
    assert len(topics[topic].partitions) == 3


@pytest.mark.parametrize("mine", ["max.message.bytes", "min.insync.replicas"])
def test_a_configuration_that_was_altered(operated: Operated, mine: str) -> None:
    """What the file names is put back; what it does not name is its owner's."""
    topic = operated.stack.topic("access-reports", "moncloa")
    admin = operated.stack.broker.admin()
    other = "1" if mine == "min.insync.replicas" else "524288"
    wanted = retention(admin, topic)
    changed = ConfigResource(ConfigResource.Type.TOPIC, topic,
                             set_config={"retention.ms": "1000", mine: other})
    admin.alter_configs([changed])[changed].result(timeout=30)
    plan = planned(operated, 1, "plan")
    differing = [one for one in plan["topics"] if one["action"] != "same"]
    assert [(one["topic"], one["action"]) for one in differing] == [(topic, "alter")]
    assert f"retention.ms: 1000 → {wanted}" in differing[0]["changes"]
    told = operated.stack.run("topics", "apply", "--yes")
    assert f"alter    {topic} (3 partitions)\n" in told and "The topics agree." in told
    assert planned(operated, 0, "plan")["alters"] == 0
    assert retention(admin, topic) == wanted
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
    entries = admin.describe_configs([resource])[resource].result(timeout=30)
    kept = entries[mine].value == other
    assert kept == (mine == "min.insync.replicas"), entries[mine].value
