# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""The poller alone, on a real broker, against the sandbox: what is published of each change, where,
once; and what is published of what has gone."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jsonschema

from harness.kafka import Broker
from harness.paths import ROOT
from harness.stack import Stack
from harness.topics import produce
from harness.wait import wait_for
from poller_world import (
    MONCLOA, DUMBO, ELSEWHERE, HOURS_24, ANYWHERE, NETWORK_PASS, OWN_PASS, GREEN, BRIDGE,
    FAR_ROOM, KINDS, RESIDENT, text, Polled, ident, config, next_member, TEN_HOURS,
)

pytest_plugins = ["poller_fixtures"]


# --- each change, once ----------------------------------------------------------------------------


def test_a_member_and_what_changes_of_them(polled: Polled, member: int) -> None:
    key = str(member)
    polled.join(member)
    found = polled.becomes("members", key, name=f"Member {member}", active=True)
    assert found == {"member": member, "space": "moncloa", "revision": found["revision"],
                     "email": f"m{member}@example.org", "name": f"Member {member}",
                     "active": True, "archived": False, "deleted": False}
    polled.sandbox.update("coworkers", member, Email="new@example.org")
    polled.becomes("members", key, email="new@example.org")
    polled.sandbox.suspend(member)
    polled.becomes("members", key, active=False)
    polled.sandbox.resume(member)
    polled.becomes("members", key, active=True)
    polled.sandbox.archive(member)
    polled.becomes("members", key, archived=True)
    polled.listed()
    history = polled.of("members", key)
    assert len(history) == 5, history
    revisions = [value["revision"] for value in history]
    assert revisions == sorted(set(revisions))


def test_a_pass_and_what_changes_of_it(polled: Polled, member: int) -> None:
    polled.join(member)
    key = polled.give(member)
    found = polled.becomes("passes", key, used=False)
    assert (found["type"], found["minutes"], found["origin"], found["contract"]) == (
        HOURS_24, None, "direct", None)
    polled.sandbox.update("coworkertimepasses", ident(key), ExpireDate="2040-01-01T00:00:00Z")
    polled.becomes("passes", key, expires_at="2040-01-01T00:00:00Z")
    used_at = text(datetime.now(UTC))
    polled.sandbox.use_pass(ident(key), at=used_at)
    polled.becomes("passes", key, used=True, used_at=used_at)
    # A change of what is not read is none.
    polled.sandbox.update("coworkertimepasses", ident(key), Notes="looked at")
    polled.listed()
    assert len(polled.of("passes", key)) == 3


def test_a_use_that_leaves_no_update_behind(lone: Polled, member: int) -> None:
    lone.join(member)
    key = lone.give(member)
    lone.start()
    lone.sandbox.switch(nexudus_pass_use_bumps="no")
    lone.sandbox.use_pass(ident(key))
    lone.becomes("passes", key, used=True)


def test_a_booking_moves_and_is_cancelled(lone: Polled, member: int) -> None:
    lone.join(member)
    lone.start()
    key = lone.book(member)
    first = lone.becomes("bookings", key, resource=GREEN, tentative=False)
    later = datetime.now(UTC).replace(microsecond=0) + timedelta(hours=9)
    lone.sandbox.move_booking(ident(key), text(later), text(later + timedelta(hours=2)))
    moved = lone.becomes("bookings", key, **{"from": text(later)})
    assert (moved["until"], moved["uid"]) == (text(later + timedelta(hours=2)), first["uid"])
    lone.sandbox.cancel_booking(ident(key))
    gone = lone.becomes("bookings", key, deleted=True)
    assert gone.get("uid") is None and "resource" not in gone or gone["resource"] is None, gone
    lone.cycled(3)
    assert len(lone.of("bookings", key)) == 3


def test_a_cancelled_booking_that_names_it_by_guid(lone: Polled, member: int) -> None:
    lone.sandbox.switch(nexudus_cancelled_original="guid")
    lone.join(member)
    lone.start()
    key = lone.book(member)
    lone.becomes("bookings", key)
    lone.sandbox.cancel_booking(ident(key))
    lone.becomes("bookings", key, deleted=True)


def test_times_without_a_zone_are_utc(polled: Polled, member: int) -> None:
    polled.sandbox.switch(nexudus_missing_zone="always")
    polled.join(member)
    key = polled.book(member)
    found = polled.becomes("bookings", key)
    rows = {row["Id"]: row for row in polled.sandbox.rows("bookings")}
    row = rows[ident(key)]
    assert found["until"] == row["ToTime"].rstrip("Z") + "Z", (found, row)
    polled.sandbox.switch(nexudus_missing_zone="never")
    polled.listed()
    assert len(polled.of("bookings", key)) == 1


# --- routing --------------------------------------------------------------------------------------


def test_a_pass_is_where_its_type_is_usable(polled: Polled, member: int) -> None:
    polled.join(member)
    wanted = {HOURS_24: {"moncloa"}, ANYWHERE: {"moncloa", "dumbo"}, OWN_PASS: {"moncloa"},
              NETWORK_PASS: {"moncloa", "dumbo"}, TEN_HOURS: {"moncloa"}}
    keys = {polled.give(member, pass_type): spaces for pass_type, spaces in wanted.items()}
    for key, spaces in keys.items():
        for space in spaces:
            polled.becomes("passes", key, space)
            # Members come before what refers to them.
            polled.becomes("members", str(member), space)
    polled.listed()
    for key, spaces in keys.items():
        found = {space for space in ("moncloa", "dumbo") if key in polled.table("passes", space)}
        assert found == spaces, key
    minutes = {value["type"]: value["minutes"] for key, value in polled.table("passes").items()
               if key in keys}
    assert minutes == {HOURS_24: None, ANYWHERE: None, OWN_PASS: None, NETWORK_PASS: None,
                       TEN_HOURS: 600}


def test_a_guest_of_another_location_books_here(polled: Polled, member: int) -> None:
    polled.join(member, business=ELSEWHERE)
    key = polled.book(member, BRIDGE)
    polled.becomes("bookings", key, "dumbo")
    polled.becomes("members", str(member), "dumbo")
    assert str(member) not in polled.table("members")


def test_a_booking_moves_to_another_space_and_away(polled: Polled, member: int) -> None:
    polled.join(member)
    key = polled.book(member)
    polled.becomes("bookings", key, deleted=False)
    polled.sandbox.update("bookings", ident(key), ResourceId=BRIDGE)
    polled.becomes("bookings", key, "dumbo", resource=BRIDGE, deleted=False)
    polled.becomes("bookings", key, deleted=True)
    polled.sandbox.update("bookings", ident(key), ResourceId=FAR_ROOM)
    polled.becomes("bookings", key, "dumbo", deleted=True)
    polled.sandbox.update("bookings", ident(key), ResourceId=GREEN)
    polled.becomes("bookings", key, deleted=False)


def test_a_reassigned_booking_and_pass(polled: Polled, member: int) -> None:
    other = next_member()
    polled.join(member)
    polled.join(other)
    booking, pass_ = polled.book(member), polled.give(member)
    polled.becomes("bookings", booking, deleted=False)
    polled.becomes("passes", pass_, deleted=False)
    polled.sandbox.update("bookings", ident(booking), CoworkerId=other)
    polled.sandbox.update("coworkertimepasses", ident(pass_), CoworkerId=other)
    polled.becomes("bookings", f"{other}/{ident(booking)}", deleted=False)
    gone = polled.becomes("bookings", booking, deleted=True)
    assert gone["member"] == member
    polled.becomes("passes", f"{other}/{ident(pass_)}", deleted=False)
    polled.becomes("passes", pass_, deleted=True)
    # To nobody: an internal booking.
    polled.sandbox.update("bookings", ident(booking), CoworkerId=None)
    polled.becomes("bookings", f"{other}/{ident(booking)}", deleted=True)


def test_a_pass_type_that_drops_a_location_and_takes_it_back(
    tmp_path: Path, broker: Broker, prefix: str, member: int
) -> None:
    with Stack(tmp_path, broker, prefix, config()) as stack:
        polled = Polled(stack)
        polled.join(member)
        key = polled.give(member, ANYWHERE)
        polled.start()
        polled.becomes("passes", key, "dumbo", deleted=False)
        polled.sandbox.update("timepasses", ANYWHERE, Businesses=[MONCLOA], bump=False)
        polled.becomes("passes", key, "dumbo", deleted=True)
        assert polled.table("passes")[key]["deleted"] is False
        polled.sandbox.update("timepasses", ANYWHERE, Businesses=[MONCLOA, DUMBO], bump=False)
        polled.becomes("passes", key, "dumbo", deleted=False)
        # A resource that moves takes its bookings with it.
        booking = polled.book(member)
        polled.becomes("bookings", booking, deleted=False)
        polled.sandbox.update("resources", GREEN, BusinessId=DUMBO, bump=False)
        polled.becomes("bookings", booking, "dumbo", deleted=False)
        polled.becomes("bookings", booking, deleted=True)


def test_a_clock_ahead_of_nexudus_misses_nothing(lone: Polled, member: int) -> None:
    """What changes during the first listing is found by the first cycle, by Nexudus's clock."""
    lone.sandbox.set_clock(offset_ms=-600_000)
    lone.join(member)
    with lone.faults({"service": "nexudus", "path": "/api/spaces/bookings", "query": "size=500",
                      "hold_ms": 5000}):
        lone.launch()
        lone.hit()
        lone.becomes("members", str(member))
        lone.sandbox.update("coworkers", member, Email="new@example.org")
    lone.becomes("members", str(member), email="new@example.org")
    assert lone.ended("listing", "done") == 1


def test_rows_of_nobody_are_counted(polled: Polled) -> None:
    before = polled.poller.metrics().count("latchkey_poller_rows_skipped_total", reason="nobody")
    row = polled.sandbox.create("bookings", ResourceId=GREEN, CoworkerId=None,
                                FromTime=text(datetime.now(UTC) + timedelta(hours=3)),
                                ToTime=text(datetime.now(UTC) + timedelta(hours=4)))
    polled.listed()
    after = polled.poller.metrics().count("latchkey_poller_rows_skipped_total", reason="nobody")
    assert after > before
    assert not any(ident(key) == row["Id"] for key in polled.table("bookings"))


# --- what goes without a trace ---------------------------------------------------------------------


def test_what_is_deleted_is_found_missing(polled: Polled, member: int) -> None:
    polled.join(member)
    pass_, booking = polled.give(member), polled.book(member)
    polled.becomes("passes", pass_)
    polled.becomes("bookings", booking)
    polled.sandbox.delete("coworkertimepasses", ident(pass_))
    polled.sandbox.delete("bookings", ident(booking))
    gone = polled.becomes("passes", pass_, deleted=True)
    assert {name: gone[name] for name in ("pass", "member", "space")} == {
        "pass": ident(pass_), "member": member, "space": "moncloa"}
    polled.becomes("bookings", booking, deleted=True)
    polled.sandbox.delete_coworker(member)
    polled.becomes("members", str(member), deleted=True)
    polled.listed()
    assert [len(polled.of("members", str(member))), len(polled.of("passes", pass_)),
            len(polled.of("bookings", booking))] == [2, 2, 2]


def test_a_booking_in_its_grace_is_found_missing(polled: Polled, member: int) -> None:
    """It is over, and opens for an hour and a half more."""
    polled.join(member, DUMBO)
    booking = polled.book(member, BRIDGE, hours=-1.5)
    polled.becomes("bookings", booking, "dumbo", deleted=False)
    polled.sandbox.delete("bookings", ident(booking))
    polled.becomes("bookings", booking, "dumbo", deleted=True)


def test_a_contract_that_is_deleted_ends_its_passes(polled: Polled, member: int) -> None:
    """Its passes stay, and no row of theirs is touched."""
    polled.join(member)
    started = polled.sandbox.start_contract(member, RESIDENT)
    key = f"{member}/{started['passes'][0]['Id']}"
    assert polled.becomes("passes", key)["contract"]["active"] is True
    polled.sandbox.delete("coworkercontracts", started["contract"]["Id"])

    def ended() -> bool:
        row = polled.table("passes")[key]
        assert row["contract"]["active"] is False and row["deleted"] is False, row
        return True

    wait_for(ended, "its passes give nothing", 30, interval=0.2)


def test_an_unexplained_drop_starts_a_listing(lone: Polled, member: int) -> None:
    lone.join(member)
    key = lone.give(member)
    lone.start()
    lone.cycled()
    lone.sandbox.delete("coworkertimepasses", ident(key))
    lone.becomes("passes", key, deleted=True)
    assert lone.ended("listing", "done") == 2


def test_a_cancelled_booking_explains_the_drop(lone: Polled, member: int) -> None:
    """Bookings are cancelled all day long: none of them is a reason to list everything."""
    lone.join(member)
    lone.start()
    keys = [lone.book(member, hours=hours) for hours in (3, 6, 9)]
    for key in keys:
        lone.becomes("bookings", key)
    far = lone.book(member, FAR_ROOM)
    lone.cycled()
    for key in keys:
        lone.sandbox.cancel_booking(ident(key))
        lone.becomes("bookings", key, deleted=True)
    lone.sandbox.cancel_booking(ident(far))
    lone.cycled(3)
    assert lone.ended("listing", "done") == 1


def test_hidden_archived_people_are_archived_not_gone(polled: Polled, member: int) -> None:
    polled.join(member)
    polled.becomes("members", str(member), archived=False)
    polled.sandbox.switch(nexudus_archived_coworkers="hidden")
    polled.sandbox.archive(member)
    polled.becomes("members", str(member), archived=True)
    polled.listed()
    assert polled.table("members")[str(member)]["deleted"] is False


# --- what a former owner writes late ----------------------------------------------------------------


def test_a_late_record_is_overwritten(polled: Polled, member: int) -> None:
    """Compaction keeps the last record, we mean the highest (design §4)."""
    polled.join(member)
    key = polled.give(member)
    old = polled.becomes("passes", key, used=False)
    polled.sandbox.use_pass(ident(key))
    used = polled.becomes("passes", key, used=True)
    produce(polled.stack.bootstrap, polled.stack.topic("passes", "moncloa"), {key: old})
    again = polled.becomes("passes", key, used=True)
    assert again["revision"] > used["revision"]
    # Of what is gone: nothing can be read again, yet the late one must not have the last word.
    polled.sandbox.delete("coworkertimepasses", ident(key))
    polled.becomes("passes", key, deleted=True)
    produce(polled.stack.bootstrap, polled.stack.topic("passes", "moncloa"), {key: old})
    polled.becomes("passes", key, deleted=True)


def test_what_another_wrote_is_read_again(lone: Polled, member: int) -> None:
    """A former owner that does not know of it may write under the highest revision what it knew of
    old. No listing comes by here: the record itself is the reason to read."""
    lone.join(member)
    key = lone.give(member)
    lone.start()
    stands = lone.becomes("passes", key, expires_at=None)
    lone.cycled(2)
    lone.sandbox.clear_calls()
    produce(lone.stack.bootstrap, lone.stack.topic("passes", "moncloa"),
            {key: {**stands, "revision": stands["revision"] + 1, "expires_at": "2040-01-01T00:00:00Z"}})
    again = lone.becomes("passes", key, expires_at=None)
    assert again["revision"] > stands["revision"] + 1
    lone.cycled(2)
    # And what it writes itself is no reason.
    reads = [call["count"] for call in lone.sandbox.calls(service="nexudus")["calls"]
             if call["path"].endswith("/coworkertimepasses/{id}")]
    assert reads == [1]


def test_a_foreign_revision_from_the_future_is_passed(
    tmp_path: Path, broker: Broker, prefix: str, member: int
) -> None:
    """The clock of revisions moves past it, and goes on from there (design §4)."""
    with Stack(tmp_path, broker, prefix, config()) as stack:
        polled = Polled(stack)
        polled.join(member)
        pass_ = polled.give(member)
        polled.start()
        stands = polled.becomes("members", str(member))
        ahead = stands["revision"] + 3_600_000
        produce(stack.bootstrap, stack.topic("members", "moncloa"),
                {str(member): {**stands, "name": "Somebody", "revision": ahead}})
        again = polled.becomes("members", str(member), name=f"Member {member}")
        assert again["revision"] > ahead
        for name in ("Ada", "Grace"):
            polled.sandbox.update("coworkers", member, FullName=name)
            after = polled.becomes("members", str(member), name=name)
            assert after["revision"] > again["revision"]
            again = after
        # What is published from here on is ahead of the machine's clock, and can be missing all
        # the same.
        late = polled.give(member)
        polled.becomes("passes", late, deleted=False)
        for key in (pass_, late):
            polled.sandbox.delete("coworkertimepasses", ident(key))
            polled.becomes("passes", key, deleted=True)


# --- every message ----------------------------------------------------------------------------------


def test_every_message_is_of_its_schema_and_has_its_headers(shared_poller: Polled) -> None:
    """All that the tests above made it publish."""
    seen = 0
    for kind in KINDS:
        schema = json.loads((ROOT / "topics" / "schemas" / f"{kind}.schema.json").read_text())
        validator = jsonschema.Draft202012Validator(schema)
        ids, facts = set(), set()
        for record in shared_poller.records(kind):
            if not record.headers:
                continue  # put there by a test
            validator.validate(record.json)
            seen += 1
            headers = record.headers
            assert headers["ce_specversion"] == "1.0"
            assert headers["ce_subject"] == record.key
            assert headers["ce_source"] == "/latchkey/poller/moncloa"
            assert datetime.fromisoformat(headers["ce_time"])
            assert headers["traceparent"].startswith("00-") and len(headers["traceparent"]) == 55
            ids.add(headers["ce_id"])
            facts.add((record.key, record.value))
        # The same fact, written again against a late record, is the same event.
        assert len(ids) == len(facts)
    assert seen > 30
