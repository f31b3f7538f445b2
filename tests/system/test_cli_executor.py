# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""The command line beside a running executor: what it says as text and as JSON, with which status, and
what it wishes.

The space `annex` has a KISI account that no executor serves: there a test plays the executor's part of
the contract (topic control).
"""

from __future__ import annotations

import base64
import json
import subprocess
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from executor_world import (
    DAY,
    DUMBO_DAY,
    ENTRANCE,
    EXECUTOR,
    GREEN,
    HOURS,
    World,
    at,
    claim,
    members,
)
from harness.kafka import Broker
from harness.sandbox import Row
from harness.stack import Stack, default_config, default_data
from harness.topics import newest, produce, read_records
from harness.wait import wait_for

ANNEX = 7021  # a group of the space that nobody serves


def prepared(directory: Path, broker: Broker, config: Row, data: Row) -> Stack:
    """A stack with topics and rules, and no daemon yet."""
    stack = Stack(directory, broker, "cli-executor", config)
    stack.start_sandbox()
    stack.side.raise_limits()
    stack.side.load(data)
    stack.write_config()
    stack.apply_topics()
    stack.apply_rules()
    return stack


def refuses(stack: Stack, *arguments: str, says: str, status: int = 2) -> None:
    """The line ends with STATUS and SAYS on standard error, and nothing on standard output."""
    done = stack.cli(*arguments)
    assert done.returncode == status, f"{arguments}: {done.returncode} {done.stdout}{done.stderr}"
    assert says in done.stderr and not done.stdout, f"{arguments}: {done.stdout}{done.stderr}"


def config() -> Row:
    found = default_config()
    main = found["kisi"][0]
    main["requests_per_second"] = 400  # of which the command line takes one in 20
    found["kisi"].append({**main, "account": "annex"})
    for space in found["spaces"]:
        space["kisi"] = "main"
    found["spaces"].append({"code": "annex", "time_zone": "Europe/Madrid", "business": 1421000003,
                            "kisi": "annex", "place": 503,
                            "mappings": [{"pass": "24 Hours Pass", "groups": ["Annex"]}]})
    return found


def data() -> Row:
    found = default_data()
    found["nexudus"]["businesses"].append({"Id": 1421000003, "Name": "Annex"})
    found["kisi"]["places"].append({"id": 503, "name": "Annex", "time_zone": "Europe/Madrid"})
    found["kisi"]["groups"].append({"id": ANNEX, "name": "Annex", "place_id": 503})
    return found


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, broker: Broker) -> Iterator[World]:
    with prepared(tmp_path_factory.mktemp("cli"), broker, config(), data()) as stack:
        stack.start_daemon(EXECUTOR, "--account", "main").wait_ready()
        yield World(stack)
        stack.stop_daemons()


def control(world: World, space: str) -> dict[str, Any]:
    """The newest record of each key; None is a tombstone."""
    records = read_records(world.stack.bootstrap, world.stack.topic("control", space))
    return {key: None if record.value is None else record.json
            for key, record in newest(records).items()}


def answer(world: World, key: str, outcome: str, reason: str | None = None,
           at_: str | None = None) -> None:
    """What an executor of `annex` would write."""
    value = {"outcome": outcome, "reason": reason, "at": at_ or at(3600)}
    produce(world.stack.bootstrap, world.stack.topic("control", "annex"), {f"{key}/executor": value})


def rows_of(world: World, member: int, *words: str, status: int = 1) -> list[Row]:
    found: list[Row] = world.stack.run_json("drift", *words, statuses=(0, status))["rights"]
    return [row for row in found if row["member_id"] == member]


# -- a service is away -------------------------------------------------------------------------------


def test_kisi_is_away(world: World) -> None:
    world.sandbox.faults({"service": "kisi", "path": "/role_assignments", "method": "GET",
                          "query": f"applies_to_id={ANNEX}", "effect": "status", "status": 503,
                          "count": 0})
    try:
        for command in ("drift", "adopt plan"):
            refuses(world.stack, *command.split(), "--space", "annex", status=3,
                    says="KISI: GET /role_assignments: status 503")
    finally:
        world.sandbox.faults()


# -- status and explain ------------------------------------------------------------------------------


def status(world: World, space: str) -> Row:
    found = world.stack.run_json("status", statuses=(0, 1))
    one: Row = next(row for row in found["spaces"] if row["space"] == space)
    return one


def test_status_tells_how_long_a_key_has_been_due(world: World) -> None:
    """Nobody serves the annex, so that everything there is due from when it was told."""
    (ada,) = members(1)
    world.member(ada, space="annex")
    world.claims(ada, "pass/1", claim(ANNEX), space="annex")

    def due() -> bool:
        found = status(world, "annex")
        assert found["oldest_due_gain"] == {"member": ada, "group_id": ANNEX}, found
        assert found["oldest_due_gain_s"] >= 1 and found["oldest_due_loss_s"] is None, found
        return True

    wait_for(due, "a key is due", interval=0.3)
    text = world.stack.run("status", "--space", "annex", statuses=(0, 1))
    assert "  a key should have been given " in text and f"member {ada}, group {ANNEX}" in text
    world.claims(ada, "pass/1", space="annex")
    wait_for(lambda: status(world, "annex")["oldest_due_gain_s"] is None, "none is due any more")


def test_explain_says_what_a_report_would_say(world: World) -> None:
    (ada,) = members(1)
    world.member(ada)
    world.claims(ada, "pass/71", claim(HOURS))
    world.claims(ada, "booking/5", claim(GREEN, at(7200), at(10800)))
    world.opens(ada, HOURS)
    wait_for(lambda: world.rights(ada, GREEN), "the booking's key is written ahead")

    def door(word: str, *words: str) -> tuple[bool, str]:
        spaces = world.stack.run_json("explain", str(ada), "--door", word, *words)["spaces"]
        found = next(space["door"] for space in spaces if space["space"] == "moncloa")
        return found["opens"], found["reason"]

    assert door("Main entrance") == (True, "entitled")
    assert door("id:16722") == (False, "too_early")
    assert door("id:16722", "--at", at(9000)) == (True, "entitled")
    assert door("id:16722", "--at", at(86400)) == (False, "too_late")
    assert door("Main entrance", "--at", at(-86400)) == (False, "too_early")
    assert door("Front door") == (False, "no_claim")
    text = world.stack.run("explain", str(ada), "--door", "Main entrance")
    assert "door 'Main entrance': opens (entitled)" in text, text
    assert world.stack.run_json("explain", str(ada))["spaces"][0]["door"] is None


# -- drift -------------------------------------------------------------------------------------------


def test_drift_of_each_class(world: World) -> None:
    ada, bob, cy, dee = members(4)
    for member in (ada, bob, cy, dee):
        world.join(member, claim(HOURS))
    rights = {member: world.opens(member, HOURS) for member in (ada, bob, cy, dee)}
    assert rows_of(world, ada) == []
    # Somebody else's hand: taken away, given another end, given beside it.
    world.sandbox.take_right(rights[ada]["id"])
    world.sandbox.call("PUT", f"/kisi/role_assignments/{rights[bob]['id']}",
                       {"valid_until": at(3600)})
    foreign = world.sandbox.hand_right(world.address(cy), DAY)
    stranger = world.sandbox.hand_right("cleaner@example.org", DAY)
    # Says that it deleted, and did not.
    world.sandbox.faults({"service": "kisi", "method": "DELETE", "effect": "status", "status": 204,
                          "path": f"/role_assignments/{rights[dee]['id']}"})
    world.claims(dee, "pass/1")

    def ended() -> bool:
        states = [row["state"] for row in world.ledger_rights(dee)]
        assert states == ["ended"], states
        return True

    wait_for(ended, "the ledger says that it is gone")
    found = world.stack.run_json("drift", "--space", "moncloa", statuses=(1,))["rights"]
    assert {"space", "class", "group_id", "kisi_user_id", "right_id", "member_id"} \
        <= found[0].keys()
    mine = {(row["member_id"], row["class"], row["group_id"], row["right_id"]) for row in found}
    assert mine >= {
        (ada, "missing", HOURS, rights[ada]["id"]), (bob, "altered", HOURS, rights[bob]["id"]),
        (cy, "foreign", DAY, foreign["id"]), (None, "foreign", DAY, stranger["id"]),
        (dee, "surplus", HOURS, rights[dee]["id"]),
    }
    text = world.stack.run("drift", "--space", "moncloa", statuses=(1,))
    lines = {" ".join(line.split()[:4]) for line in text.splitlines()}
    assert f"moncloa missing {HOURS} {rights[ada]['id']}" in lines, text
    for row in (foreign, stranger):
        world.sandbox.take_right(row["id"])
    world.sandbox.take_right(rights[dee]["id"])


def test_drift_of_nothing(world: World) -> None:
    assert world.stack.run("drift", "--space", "dumbo") == (
        "KISI has what the ledger has, and nothing else.\n")
    assert world.stack.run_json("drift", "--space", "dumbo") == {"rights": []}


def test_drift_keeps_to_its_share_of_the_rate(world: World) -> None:
    """One call in 20 of the account's rate, however many groups there are."""
    world.sandbox.clear_calls()
    world.stack.run("drift", "--space", "moncloa", statuses=(0, 1))
    calls = [datetime.fromisoformat(call["at"]) for call in world.sandbox.call_log()
             if call["query"] and "applies_to_type=Group" in call["query"]]
    assert len(calls) >= 3
    assert calls[-1] - calls[0] < timedelta(seconds=len(calls))
    text = world.stack.config_file.read_text()
    slow = yaml.safe_load(text)
    slow["kisi"][0]["requests_per_second"] = 5
    world.stack.config_file.write_text(yaml.safe_dump(slow))
    try:
        world.sandbox.clear_calls()
        world.stack.run("drift", "--space", "moncloa", statuses=(0, 1))
    finally:
        world.stack.config_file.write_text(text)
    calls = [datetime.fromisoformat(call["at"]) for call in world.sandbox.call_log()
             if call["query"] and "applies_to_type=Group" in call["query"]]
    assert calls[-1] - calls[0] >= timedelta(seconds=len(calls) - 1), calls


def test_drift_is_right_while_the_executor_works(world: World) -> None:
    """Rights come and go under its hands: none of them is a difference."""
    crowd = members(6)
    for member in crowd:
        world.member(member)
    over = threading.Event()

    def work() -> None:
        while not over.is_set():
            for give in (True, False):
                for member in crowd:
                    world.claims(member, "pass/1", *([claim(HOURS)] if give else []))

    worker = threading.Thread(target=work)
    worker.start()
    try:
        world.sandbox.clear_calls()
        for _ in range(4):
            found = world.stack.run_json("drift", "--space", "moncloa", statuses=(0, 1))["rights"]
            assert [row for row in found if row["member_id"] in crowd] == []
        assert world.calls("POST", "/role_assignments") > 0
    finally:
        over.set()
        worker.join()
    for member in crowd:
        world.claims(member, "pass/1")
        world.gone(member)


# -- wishes ------------------------------------------------------------------------------------------


def test_resync_by_the_executor(world: World) -> None:
    (ada,) = members(1)
    world.join(ada, claim(HOURS))
    world.sandbox.take_right(world.opens(ada, HOURS)["id"])
    text = world.stack.run("resync", str(ada))
    assert text == f"space moncloa: resync/{ada} done\n"
    world.opens(ada, HOURS)
    # The same again is another wish.
    first = control(world, "moncloa")[f"resync/{ada}"]["at"]
    found = world.stack.run_json("resync", str(ada))
    assert found["wishes"] == [
        {"space": "moncloa", "wish": f"resync/{ada}", "outcome": "done", "reason": None}]
    assert control(world, "moncloa")[f"resync/{ada}"]["at"] > first


def test_resync_of_all_in_a_space(world: World) -> None:
    found = world.stack.run_json("resync", "--all", "--space", "dumbo")
    assert [(wish["space"], wish["wish"], wish["outcome"]) for wish in found["wishes"]] == [
        ("dumbo", "resync/all", "done")]


def test_resync_of_nobody(world: World) -> None:
    refuses(world.stack, "resync", "1", says="nothing is known of member 1", status=1)


def known_in_annex(world: World) -> int:
    (ada,) = members(1)
    world.member(ada, space="annex")
    return ada


def test_a_wish_that_nobody_answers_stands(world: World) -> None:
    ada = known_in_annex(world)
    key = f"resync/{ada}"
    text = world.stack.run("resync", str(ada), "--wait", "1s", statuses=(1,))
    assert f"{key} is wished, and not done yet" in text
    wish = control(world, "annex")[key]
    assert (wish["wish"], wish["member"], wish["ids"], wish["trip"]) == ("resync", ada, [], None)
    assert key in status(world, "annex")["wishes"]
    assert f"wished, and not done yet: {key}" in world.stack.run(
        "status", "--space", "annex", statuses=(0, 1))
    # Wished again it is the same wish, whose answer is waited for.
    found = world.stack.run_json("resync", str(ada), "--wait", "100ms", statuses=(1,))["wishes"]
    assert found[0]["outcome"] is None and control(world, "annex")[key] == wish
    answer(world, key, "refused", "because")
    wait_for(lambda: key not in status(world, "annex")["wishes"], "it is over")


def test_what_an_executor_answers_is_told(world: World) -> None:
    ada = known_in_annex(world)
    key = f"resync/{ada}"

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        """Answered while the command waits."""
        before = control(world, "annex").get(key)
        done: list[subprocess.CompletedProcess[str]] = []
        waiting = threading.Thread(
            target=lambda: done.append(world.stack.cli("resync", str(ada), *words)))
        waiting.start()
        wait_for(lambda: control(world, "annex").get(key) != before, "it is wished")
        answer(world, key, "refused", "because")
        waiting.join()
        return done[0]

    told = run()
    assert (told.returncode, told.stdout) == (1, f"space annex: {key} refused: because\n")
    # That answer lies ahead of our clock; a new wish is later than it all the same.
    told = run("--json")
    assert json.loads(told.stdout)["wishes"][0]["reason"] == "because"


def test_wishes_that_are_over_leave_after_a_week(world: World) -> None:
    ada = known_in_annex(world)
    topic = world.stack.topic("control", "annex")
    ago = {days: at(-days * 86400) for days in (6, 8)}

    def wish(member: int, days: int) -> Row:
        return {"wish": "resync", "member": member, "ids": [], "trip": None, "at": ago[days]}

    produce(world.stack.bootstrap, topic, {
        "resync/1": wish(1, 8), "resync/2": wish(2, 8), "resync/3": wish(3, 6)})
    answer(world, "resync/1", "done", at_=ago[8])  # over for long
    answer(world, "resync/3", "done", at_=ago[6])  # over, but not for long
    answer(world, "resync/4", "done", at_=ago[8])  # of a wish that is gone
    world.stack.run("resync", str(ada), "--wait", "10ms", statuses=(1,))
    found = control(world, "annex")
    assert [key for key in ("resync/1", "resync/1/executor", "resync/4/executor")
            if found[key] is not None] == []
    assert found["resync/2"] is not None, "nobody has answered it"
    assert found["resync/3"] is not None and found["resync/3/executor"] is not None
    answer(world, "resync/2", "done")


# -- adopt -------------------------------------------------------------------------------------------


def test_adopt_tells_what_would_become_of_each(world: World) -> None:
    ada, bob, cy = members(3)
    end = at(86400)
    for member in (ada, bob, cy):
        world.member(member, space="annex")
    for member in (ada, bob):
        world.claims(member, "pass/1", claim(ANNEX, at(-60), end), space="annex")
    given = {
        "equal": world.sandbox.hand_right(world.address(ada), ANNEX, at(-3600), end)["id"],
        "other_window": world.sandbox.hand_right(world.address(bob), ANNEX)["id"],
        "no_claim": world.sandbox.hand_right(world.address(cy), ANNEX)["id"],
        "unknown_person": world.sandbox.hand_right("nobody@example.org", ANNEX)["id"],
    }
    try:
        plan = world.stack.run_json("adopt", "plan", "--space", "annex", statuses=(1,))
        assert {row["class"]: (row["right_id"], row["adopt"]) for row in plan["rights"]} == {
            name: (ident, name == "equal") for name, ident in given.items()}
        assert {row["class"]: row["member_id"] for row in plan["rights"]} == {
            "equal": ada, "other_window": bob, "no_claim": cy, "unknown_person": None}
        assert (plan["adopts"], plan["wishes"], plan["applied"]) == (1, [], False)
        named = [str(given[name]) for name in ("other_window", "no_claim")]
        text = world.stack.run("adopt", "plan", *named, "--space", "annex", statuses=(1,))
        assert "3 of 4 would be adopted." in text
        refuses(world.stack, "adopt", "plan", str(given["unknown_person"]), says="of nobody")
        assert "adopt/all" not in control(world, "annex"), "a plan wishes nothing"
        assert world.stack.cli("adopt", "apply", "--space", "annex").returncode == 2, "not asked"
        done = world.stack.run_json("adopt", "apply", "--yes", *named, "--space", "annex",
                                    "--wait", "10ms", statuses=(1,))
        assert done["applied"] and done["wishes"][0]["outcome"] is None
        wish = control(world, "annex")["adopt/all"]
        assert (wish["wish"], wish["member"]) == ("adopt", None)
        assert sorted(wish["ids"]) == sorted(int(ident) for ident in named)
        answer(world, "adopt/all", "done", "3 adopted, 1 left as they are")
    finally:
        for ident in given.values():
            world.sandbox.take_right(ident)


def test_adopt_by_the_executor(world: World) -> None:
    """As in a move: the space is observed, and the other integration has given the key."""
    (ada,) = members(1)
    end = at(86400)
    world.observe("dumbo", True)
    try:
        wait_for(lambda: '"reloaded"' in world.executor.output(), "the mode applies")
        world.member(ada, space="dumbo")
        right = world.sandbox.hand_right(world.address(ada), DUMBO_DAY, at(-3600), end)
        world.claims(ada, "pass/1", claim(DUMBO_DAY, at(-60), end), space="dumbo")
        text = world.stack.run("adopt", "apply", "--yes", "--space", "dumbo")
        assert "adopt/all done: 1 adopted, 0 left as they are" in text, text
        held = [row for key, row in world.ledger("dumbo").items() if key.startswith(f"{ada}/")]
        assert [(row["right_id"], row["state"]) for row in held] == [(right["id"], "held")]
        assert world.stack.run("adopt", "plan", "--space", "dumbo") == (
            "Nobody else has made a right in a mapped group.\n")
        assert "Nothing to do." in world.stack.run("adopt", "apply", "--yes", "--space", "dumbo")
    finally:
        world.observe("dumbo", False)


# -- reports and rejects -----------------------------------------------------------------------------


def test_reports_of_who_came_and_who_was_denied(world: World) -> None:
    ada, bob = members(2)
    world.join(ada, claim(HOURS))
    world.join(bob, claim(DAY, at(7200), at(10800)))
    world.opens(ada, HOURS)
    wait_for(lambda: world.rights(bob), "bob's key is written ahead")
    granted = world.sandbox.unlock(ENTRANCE, email=world.address(ada))["event"]["uuid"]
    denied = world.sandbox.unlock(ENTRANCE, email=world.address(bob))["event"]["uuid"]

    def told() -> Row:
        found: Row = world.stack.run_json("reports")
        by_id = {row["id"]: (row["result"], row["reason"], row["member_id"], row["door_id"])
                 for row in found["reports"]}
        assert by_id.get(granted) == ("granted", "entitled", ada, ENTRANCE), by_id
        assert by_id.get(denied) == ("denied", "too_early", bob, ENTRANCE), by_id
        return found

    found = wait_for(told, "both are reported", interval=0.5)
    sums = next(row for row in found["spaces"] if row["space"] == "moncloa")
    assert sums["granted"] >= 1 and sums["denied"] >= 1 and sums["members"] >= 1

    def ids(*words: str) -> list[str]:
        return [row["id"] for row in world.stack.run_json("reports", *words)["reports"]]

    assert ids(str(bob)) == [denied]
    assert ids(str(ada), "--door", "Main entrance") == ids(str(ada), "--door", str(ENTRANCE)) == [
        granted]
    assert ids(str(ada), "--door", "Green meeting room") == []
    assert ids(str(ada), "--since", at(3600)) == [] == ids(str(ada), "--space", "dumbo")
    assert ids(str(ada), "--since", "7d") == [granted]
    text = world.stack.run("reports", str(bob))
    assert "space moncloa: granted 0 times, to 0 members; denied 1 times" in text
    line = next(line for line in text.splitlines() if f"member {bob}" in line)
    assert "Main entrance" in line and "denied" in line and "too_early: from 20" in line, text


def test_rejects(world: World) -> None:
    (ada,) = members(1)
    bad = b'{"member": "\xc3\xa1da", not json'
    worker = world.stack.start_daemon("latchkey-pass-worker", "--space", "dumbo")
    worker.wait_ready()
    produce(world.stack.bootstrap, world.stack.topic("passes", "dumbo"), {f"{ada}/1": bad})

    def mine() -> Row:
        found = world.stack.run_json("rejects", "list", "--space", "dumbo", statuses=(0, 1))
        rows: list[Row] = [row for row in found["rejects"] if row["key"] == f"{ada}/1"]
        return rows[0] if rows else {}

    row = wait_for(mine, "it is set aside", interval=0.3)
    assert (row["space"], row["program"]) == ("dumbo", "pass-worker"), row
    assert row["topic"] == world.stack.topic("passes", "dumbo") and "value" not in row
    text = world.stack.run("rejects", "--space", "dumbo", statuses=(1,))
    assert row["id"] in text and row["reason"] in text and "da" not in row["reason"].split()
    shown = world.stack.run_json("rejects", "show", row["id"])
    assert base64.b64decode(shown["value"]) == bad and shown["truncated"] is False
    assert bad.decode() in world.stack.run("rejects", "show", row["id"])
    assert world.stack.run_json("rejects", "--since", at(3600)) == {"rejects": []}
    assert world.stack.run("rejects", "--since", at(3600)) == "Everything was understood.\n"
    refuses(world.stack, "rejects", "show", "dumbo/999999", says="there is no reject", status=1)
