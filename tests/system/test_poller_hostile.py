# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""Rows and records that nobody would expect: each is dealt with by itself, and delays nobody else."""

from __future__ import annotations

import time

from harness.topics import produce
from harness.wait import wait_for
from poller_world import MONCLOA, Polled

pytest_plugins = ["poller_fixtures"]


def test_a_name_of_any_length(polled: Polled, member: int) -> None:
    """It is cut, and what belongs to that person is published as to anybody."""
    polled.sandbox.create("coworkers", Id=member, FullName="N" * 120000,
                          Email=f"m{member}@example.org", InvoicingBusinessId=MONCLOA)
    polled.becomes("passes", polled.give(member), deleted=False)
    assert polled.table("members")[str(member)]["name"] == "N" * 200
    polled.sandbox.clear_calls()
    polled.listed()
    assert polled.read_count("/api/spaces/coworkers/{id}") <= 2


def test_a_revision_of_the_far_future_is_no_fact(polled: Polled, member: int) -> None:
    forged = {"member": 77, "space": "moncloa", "revision": 2**63 - 1, "email": None, "name": None,
              "active": True, "archived": False, "deleted": False}
    produce(polled.stack.bootstrap, polled.stack.topic("members", "moncloa"), {"77": forged})
    wait_for(lambda: "is far in the future" in polled.poller.output(), "the poller says so")
    polled.join(member)
    row = polled.becomes("members", str(member), deleted=False)
    assert abs(row["revision"] / 1000 - time.time()) < 86400
