# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""The main job on the real broker: each line of the demo's story, and what must not disturb it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import demo
from harness.topics import produce, read_records, read_table
from harness.wait import wait_for

pytest_plugins = ["story_fixtures"]


def test_the_story(story: demo.Story, cutoff: tuple[str, datetime]) -> None:
    story.tell(cutoff[1])


def test_a_cancelled_booking_takes_its_key(story: demo.Story, member: int) -> None:
    start = story.now + timedelta(minutes=10)
    story.join(member)
    booking = story.sandbox.book(
        member, demo.GREEN, demo.rfc3339(start), demo.rfc3339(start + timedelta(hours=1))
    )
    story.opens(member, demo.GROUP_GREEN)
    story.sandbox.cancel_booking(booking["Id"])
    story.gone(member, demo.GROUP_GREEN)


def test_a_booking_moved_to_another_person(story: demo.Story, member: int, other: int) -> None:
    start = story.now + timedelta(minutes=10)
    story.join(member)
    story.join(other)
    booking = story.sandbox.book(
        member, demo.GREEN, demo.rfc3339(start), demo.rfc3339(start + timedelta(hours=1))
    )
    story.opens(member, demo.GROUP_GREEN)
    story.sandbox.update("bookings", booking["Id"], CoworkerId=other)
    story.opens(other, demo.GROUP_GREEN)
    story.gone(member, demo.GROUP_GREEN)


def test_a_deleted_pass_leaves_no_trace_but_is_found_missing(
    story: demo.Story, member: int
) -> None:
    story.join(member)
    pass_ = story.sandbox.give_pass(member, demo.HOURS_24)
    story.opens(member, demo.GROUP_24)
    story.sandbox.delete("coworkertimepasses", pass_["Id"])
    story.gone(member, demo.GROUP_24)


def test_the_union_of_pass_and_booking(story: demo.Story, member: int) -> None:
    """The end of one pass never takes what another still gives."""
    story.join(member)
    first = story.sandbox.give_pass(member, demo.HOURS_24)
    story.sandbox.give_pass(member, demo.HOURS_24)
    story.opens(member, demo.GROUP_24)
    yesterday = demo.rfc3339(datetime.now(UTC) - timedelta(hours=30))
    story.sandbox.use_pass(first["Id"], at=yesterday)

    def used() -> bool:
        commands = read_table(story.stack.bootstrap, story.stack.topic("commands", "moncloa"))
        assert commands[f"{member}/pass/{first['Id']}"]["claims"] == []
        return True

    wait_for(used, "the used pass gives nothing")
    story.opens(member, demo.GROUP_24)
    assert story.at_door(member, demo.ENTRANCE)["granted"]


def test_contract_end_and_pause(story: demo.Story, member: int) -> None:
    story.join(member)
    started = story.sandbox.start_contract(member, demo.RESIDENT)
    story.opens(member, demo.GROUP_24)
    now = datetime.now(UTC)
    story.sandbox.pause_contract(
        started["contract"]["Id"],
        demo.rfc3339(now - timedelta(hours=1)),
        demo.rfc3339(now + timedelta(hours=5)),
    )

    def waits() -> bool:
        windows = story.windows(member, demo.GROUP_24)
        assert len(windows) == 1 and windows[0][0] is not None and windows[0][0] > now, windows
        return True

    wait_for(waits, "the key begins after the pause")
    story.sandbox.update("coworkercontracts", started["contract"]["Id"], Active=False)
    story.gone(member, demo.GROUP_24)


def test_an_address_that_two_members_share(story: demo.Story, member: int, other: int) -> None:
    story.join(member)
    story.sandbox.create(
        "coworkers",
        Id=other,
        FullName="The second",
        Email=story.address(member),
        InvoicingBusinessId=demo.MONCLOA,
    )
    story.sandbox.give_pass(other, demo.HOURS_24)
    story.sandbox.give_pass(member, demo.HOURS_24)
    story.opens(member, demo.GROUP_24)

    def blocked() -> bool:
        status = story.stack.run_json("status", statuses=(0, 1))
        found = [b for space in status["spaces"] for b in space["blocked"] if b["member"] == other]
        assert [b["reason"] for b in found] == ["shared_address"], found
        return True

    wait_for(blocked, "the higher id is blocked and reported", interval=0.5)


def test_explain_says_what_and_why(story: demo.Story, member: int) -> None:
    story.join(member)
    pass_ = story.sandbox.give_pass(member, demo.HOURS_24)
    story.opens(member, demo.GROUP_24)

    def told() -> bool:
        found = story.stack.run_json("explain", str(member))["spaces"]
        assert len(found) == 1, found
        source = found[0]["sources"][0]
        assert (source["source"], source["why"]) == (f"pass/{pass_['Id']}", "unused"), source
        group = found[0]["groups"][0]
        assert (group["should_open"], group["opens"]) == (True, True), group
        return True

    wait_for(told, "explain names the pass and the right", interval=0.5)
    assert f"pass/{pass_['Id']}" in story.stack.run("explain", str(member))


def test_a_malformed_record_is_set_aside_once(story: demo.Story, member: int) -> None:
    stack = story.stack
    bad = {"passes": f"{member}/1", "commands": f"{member}/pass/1", "ledger": f"{member}/1",
           "rules": "moncloa"}
    for kind, key in bad.items():
        produce(stack.bootstrap, stack.topic(kind, "moncloa"), {key: b"{not json"})

    def rejected() -> bool:
        rejects = read_records(stack.bootstrap, stack.topic("rejects", "moncloa"))
        for kind, key in bad.items():
            mine = [record.json["reason"] for record in rejects if record.key == key
                    and record.json["topic"] == stack.topic(kind, "moncloa")]
            assert len(mine) == 1, f"{kind}: {mine}"
        return True

    wait_for(rejected, "the record is in rejects")
    # The partition goes on.
    story.join(member)
    story.sandbox.give_pass(member, demo.HOURS_24)
    story.opens(member, demo.GROUP_24)
    stack.daemons["latchkey-pass-worker"].restart()
    stack.daemons["latchkey-executor"].restart()
    story.sandbox.give_pass(member, demo.DAY)
    story.opens(member, demo.GROUP_DAY)
    assert rejected()
    # Gone again, for those who read these topics as tables after this test.
    for kind in ("passes", "commands", "ledger"):
        produce(stack.bootstrap, stack.topic(kind, "moncloa"), {bad[kind]: None})


def test_new_rules_while_the_worker_runs_and_while_it_is_down(
    story: demo.Story, member: int
) -> None:
    stack = story.stack
    story.join(member)
    story.sandbox.give_pass(member, demo.HOURS_24)
    story.opens(member, demo.GROUP_24)
    mappings = stack.config["spaces"][0]["mappings"]
    both = {"pass": "24 Hours Pass",
            "groups": ["Members with 24 hours access", "Members with day access"]}
    before = mappings[0]
    try:
        mappings[0] = both
        stack.write_config()
        stack.apply_rules()
        story.opens(member, demo.GROUP_DAY)
        worker = stack.daemons["latchkey-pass-worker"]
        assert worker.terminate() == 0
        mappings[0] = before
        stack.write_config()
        stack.apply_rules()
        worker.start()
        worker.wait_ready()
        story.gone(member, demo.GROUP_DAY)
        story.opens(member, demo.GROUP_24)
    finally:
        mappings[0] = before
        stack.write_config()


def test_every_topic_read_again_writes_nothing(story: demo.Story) -> None:
    story.everything_again()


def test_a_forged_space_is_set_aside(story: demo.Story, member: int) -> None:
    stack = story.stack
    produce(
        stack.bootstrap,
        stack.topic("members", "moncloa"),
        {str(member): {"member": member, "space": "dumbo", "revision": 1, "email": "x@example.org",
                       "name": "X", "active": True, "archived": False, "deleted": False}},
    )

    def rejected() -> bool:
        rejects = read_records(stack.bootstrap, stack.topic("rejects", "moncloa"))
        return any(record.key == str(member) for record in rejects)

    wait_for(rejected, "a record of another space is in rejects")
