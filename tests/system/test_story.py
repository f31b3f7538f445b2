# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""The main job on the real broker: each line of the demo's story, and what must not disturb it.

One stack serves the whole module: every test has members of its own.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

import demo
from harness.kafka import Broker
from harness.stack import DAEMONS, Stack, default_config
from harness.topics import produce, read_records, read_table
from harness.wait import wait_for

_members = itertools.count(9101)


@pytest.fixture(scope="module")
def cutoff() -> tuple[str, datetime]:
    return demo.cutoff_ahead()


@pytest.fixture(scope="module")
def story(
    tmp_path_factory: pytest.TempPathFactory, broker: Broker, cutoff: tuple[str, datetime]
) -> Iterator[demo.Story]:
    config = default_config()
    config["spaces"][0]["day_cutoff"] = cutoff[0]
    with Stack(tmp_path_factory.mktemp("story"), broker, "story", config) as stack:
        stack.start()
        yield demo.Story(stack)
        stack.stop_daemons()


@pytest.fixture
def member() -> int:
    return next(_members)


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


def test_a_booking_moved_to_another_person(story: demo.Story, member: int) -> None:
    other = next(_members)
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


def test_an_address_that_two_members_share(story: demo.Story, member: int) -> None:
    other = next(_members)
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


# What is held back while a daemon is killed: its work has come, and is not done.
IN_THE_MIDDLE = {
    "latchkey-poller": {"service": "nexudus", "path": "/api/billing/coworkertimepasses"},
    "latchkey-executor": {"service": "kisi", "method": "POST", "path": "/users"},
}


@pytest.mark.parametrize("name", DAEMONS)
def test_each_daemon_killed_in_the_middle(story: demo.Story, name: str, member: int) -> None:
    """kill -9 while its work is on the way: it is done after the restart, once."""
    daemon = story.stack.daemons[name]
    held = IN_THE_MIDDLE.get(name)
    if held is not None:
        story.sandbox.faults({**held, "hold_ms": 3_000})
    else:
        daemon.pause()  # a worker: its input comes, and it is killed before it has answered
    try:
        story.join(member)
        pass_ = story.sandbox.give_pass(member, demo.HOURS_24)
        if held is not None:
            wait_for(lambda: story.sandbox.fault_hits()[0]["hits"] >= 1, "it is in the middle", 30)
        else:
            passes = story.stack.topic("passes", "moncloa")
            wait_for(lambda: f"{member}/{pass_['Id']}" in read_table(story.stack.bootstrap, passes),
                     "its input is there", 30)
    finally:
        daemon.kill()
        story.sandbox.faults()
    daemon.start()
    daemon.wait_ready()
    story.opens(member, demo.GROUP_24)
    assert story.sandbox.invitations()[story.address(member)] == 1


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


def test_two_replicas_of_each(story: demo.Story, member: int) -> None:
    """The second takes over when the first goes; nothing is done twice."""
    stack = story.stack
    seconds = [stack.start_daemon(name) for name in DAEMONS]
    for second in seconds:
        second.wait_ready()
    story.join(member)
    story.sandbox.give_pass(member, demo.HOURS_24)
    story.opens(member, demo.GROUP_24)
    for name in DAEMONS:
        assert stack.daemons[name].terminate() == 0
    other = next(_members)
    story.join(other)
    story.sandbox.give_pass(other, demo.HOURS_24)
    story.opens(other, demo.GROUP_24)
    for second in seconds:
        assert second.terminate() == 0
    for name in DAEMONS:
        stack.daemons[name].start()
    for name in DAEMONS:
        stack.daemons[name].wait_ready()
    invitations = story.sandbox.invitations()
    assert (invitations[story.address(member)], invitations[story.address(other)]) == (1, 1)


@pytest.mark.parametrize(
    "fault",
    [
        {"service": "nexudus", "path": "/api/billing/coworkertimepasses", "effect": "empty_page"},
        {"service": "nexudus", "path": "/api/billing/coworkertimepasses", "effect": "html"},
        {"service": "nexudus", "path": "/api/billing/coworkertimepasses", "effect": "short"},
        {"service": "nexudus", "path": "/api/billing/coworkertimepasses", "effect": "malformed"},
        {"service": "nexudus", "path": "/api", "effect": "status", "status": 500,
         "body": {"Message": "An error has occurred."}},
        {"service": "nexudus", "path": "/api", "effect": "cut_after"},
    ],
    ids=lambda fault: str(fault["effect"]),
)
def test_a_lying_nexudus_takes_no_key(
    story: demo.Story, member: int, fault: dict[str, object]
) -> None:
    story.join(member)
    story.sandbox.give_pass(member, demo.HOURS_24)
    story.opens(member, demo.GROUP_24)
    story.sandbox.clear_calls()
    story.sandbox.faults({**fault, "count": 0})

    def listed() -> float:
        poller = story.stack.daemons["latchkey-poller"].metrics()
        return poller.count("latchkey_poller_cycles_total", kind="listing")

    before = listed()

    def lied_to() -> bool:
        hits, listings = story.sandbox.fault_hits()[0]["hits"], listed() - before
        assert hits >= 4 and listings >= 1, f"{hits} hits, {listings} listings ended"
        return True

    try:
        wait_for(lied_to, "the fault was met again and again, by listings too", 60)
        calls = story.sandbox.calls()
        assert calls["writes"]["kisi"] == 0, [call for call in calls["calls"]
                                              if call["method"] != "GET"]
    finally:
        story.sandbox.faults()
    other = next(_members)
    story.join(other)
    story.sandbox.give_pass(other, demo.HOURS_24)
    wait_for(lambda: story.windows(other, demo.GROUP_24), "it goes on by itself", 90)
    story.opens(member, demo.GROUP_24)


@pytest.mark.parametrize(
    "fault",
    [
        {"effect": "status", "status": 503},
        {"effect": "status", "status": 429},
        {"effect": "cut_before"},
        {"effect": "html"},
    ],
    ids=["503", "429", "cut_before", "html"],
)
def test_kisi_is_wrong_for_a_while(
    story: demo.Story, member: int, fault: dict[str, object]
) -> None:
    """The key comes when KISI answers again, and goes when it answers again: once each."""
    writes = [{"service": "kisi", "method": method, "path": "/role_assignments", "count": 2, **fault}
              for method in ("POST", "DELETE")]
    story.sandbox.faults(*writes)
    try:
        story.join(member)
        pass_ = story.sandbox.give_pass(member, demo.HOURS_24)
        wait_for(lambda: story.windows(member, demo.GROUP_24), "the key comes after all", 90)
        story.opens(member, demo.GROUP_24)
        yesterday = demo.rfc3339(datetime.now(UTC) - timedelta(hours=30))
        story.sandbox.use_pass(pass_["Id"], at=yesterday)
        wait_for(lambda: not story.windows(member, demo.GROUP_24), "the key goes after all", 90)
        assert all(hit["hits"] >= 1 for hit in story.sandbox.fault_hits())
    finally:
        story.sandbox.faults()


def test_a_create_cut_after_its_effect_is_found_again(story: demo.Story, member: int) -> None:
    """No second right and no second mail (S4, S5), although the answer never came."""
    story.sandbox.faults(
        {"service": "kisi", "method": "POST", "path": "/users", "effect": "cut_after"},
        {"service": "kisi", "method": "POST", "path": "/role_assignments", "effect": "cut_after"},
    )
    story.join(member)
    story.sandbox.give_pass(member, demo.HOURS_24)

    def settled() -> bool:
        ledger = read_table(story.stack.bootstrap, story.stack.topic("ledger", "moncloa"))
        held = [
            value
            for key, value in ledger.items()
            if key.startswith(f"{member}/") and value["state"] == "held"
        ]
        assert len(held) == 1, ledger.get(str(member))
        return True

    wait_for(settled, "the ledger holds the right", 200, interval=1)
    assert len(story.sandbox.rights(email=story.address(member))) == 1
    assert story.sandbox.invitations()[story.address(member)] == 1
    story.sandbox.faults()


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
