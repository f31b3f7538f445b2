# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""What the sandbox's own tests share: the program as a process, a client of each service that shows
answers as they came, and a small world with two locations, two doors and a few people."""

from __future__ import annotations

import base64
import functools
import http.client
import json
import subprocess
import urllib.parse
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from harness.paths import program
from harness.sandbox import Sandbox
from harness.wait import wait_for

USER, PASSWORD, KEY = "api@example.org", "sandbox-password", "sandbox-key"
NORTH, SOUTH = 1421000001, 1421000002
DAY, HOURS, ROOM = 3001, 3002, 4001
ADA, BOB = 9001, 9002
PLACE, OTHER_PLACE, FRONT, BACK = 501, 502, 16721, 16722
GROUP, OTHER_GROUP, FAR_GROUP = 7001, 7002, 7003

# A Tuesday, 10:00 UTC, 11:00 in Madrid.
NOW = "2030-01-15T10:00:00Z"

WORLD: dict[str, Any] = {
    "nexudus": {
        "settings": {str(NORTH): {"time_zone": "Europe/Madrid", "cutoff": "04:00"}},
        "businesses": [{"Id": NORTH, "Name": "North"}, {"Id": SOUTH, "Name": "South"}],
        "coworkers": [
            {"Id": ADA, "FullName": "Ada", "Email": "ada@example.org", "InvoicingBusinessId": NORTH},
            {"Id": BOB, "FullName": "Bob", "Email": "bob@example.org", "InvoicingBusinessId": SOUTH},
        ],
        "timepasses": [
            {"Id": DAY, "Name": "Day Pass", "BusinessId": NORTH, "Businesses": [NORTH]},
            {"Id": HOURS, "Name": "Ten hours", "BusinessId": SOUTH, "MinutesIncluded": 600},
        ],
        "resources": [{"Id": ROOM, "Name": "Green", "BusinessId": NORTH}],
        "tariffs": [{"Id": 5001, "Name": "Resident", "BusinessId": NORTH}],
        "tarifftimepasses": [{"Id": 5101, "TariffId": 5001, "TimePassId": DAY, "PassesIncluded": 2}],
        "products": [{"Id": 6001, "Name": "A day", "BusinessId": NORTH}],
        "producttimepasses": [{"Id": 6101, "ProductId": 6001, "TimePassId": DAY}],
        "teams": [{"Id": 8001, "Name": "Owls", "BusinessId": NORTH}],
    },
    "kisi": {
        "organization": {"name": "Casa", "domain": "casa", "time_zone": "Europe/Madrid"},
        "logins": [
            {"key": KEY, "user_id": 1},
            {"key": "second-key", "user_id": 1},
            {"key": "place-key", "user_id": 2, "places": [PLACE]},
            {"key": "reader-key", "user_id": 3, "read_only": True},
        ],
        "users": [
            {"id": 2, "email": "porter@example.org", "name": "Porter"},
            {"id": 3, "email": "reader@example.org", "name": "Reader"},
            {"id": 10, "email": "ada@example.org", "name": "Ada"},
            {"id": 11, "email": "adam@example.org", "name": "Adam"},
        ],
        "places": [
            {"id": PLACE, "name": "North", "address": "1 Road", "time_zone": "Europe/Madrid"},
            {"id": OTHER_PLACE, "name": "South", "address": "2 Road", "time_zone": None},
        ],
        "locks": [
            {"id": FRONT, "name": "Front", "place_id": PLACE},
            {"id": BACK, "name": "Back", "place_id": PLACE},
        ],
        "groups": [
            {"id": GROUP, "name": "Members", "place_id": PLACE},
            {"id": OTHER_GROUP, "name": "Green", "place_id": PLACE},
            {"id": FAR_GROUP, "name": "South members", "place_id": OTHER_PLACE},
        ],
        "group_locks": [
            {"id": 1, "group_id": GROUP, "lock_id": FRONT},
            {"id": 2, "group_id": OTHER_GROUP, "lock_id": FRONT},
            {"id": 3, "group_id": OTHER_GROUP, "lock_id": BACK},
        ],
    },
}

COWORKERS = "/api/spaces/coworkers"
PASSES = "/api/billing/coworkertimepasses"
BOOKINGS = "/api/spaces/bookings"
CONTRACTS = "/api/billing/coworkercontracts"
TOMORROW: dict[str, Any] = {"from_": "2030-01-16T09:00:00Z", "until": "2030-01-16T10:00:00Z"}

SCHEMAS = Path(__file__).resolve().parent / "schemas" / "kisi"
WEEK = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


@dataclass
class Answer:
    """STATUS 0: the connection ended without an answer."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def total(self) -> str | None:
        return self.headers.get("x-collection-range")


def ids(answer: Answer) -> list[int]:
    """Of a list of Nexudus."""
    assert answer.status == 200, answer
    return [row["Id"] for row in answer.json()["Records"]]


class Client:
    """One service, called with one credential."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        parts = urllib.parse.urlsplit(url)
        assert parts.hostname and parts.port
        self.host, self.port, self.headers = parts.hostname, parts.port, headers

    def call(self, method: str, path: str, body: Any = None, query: Any = None,
             headers: dict[str, str] | None = None, timeout: float = 20.0) -> Answer:
        sent = {**self.headers, **(headers or {})}
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        if body is not None and not isinstance(body, bytes):
            sent.setdefault("Content-Type", "application/json")
        if query:
            path += "?" + urllib.parse.urlencode(query)
        connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        try:
            connection.request(method, path, data, sent)
            answer = connection.getresponse()
            received = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, received, answer.read())
        except (http.client.RemoteDisconnected, ConnectionResetError):
            return Answer(0)
        finally:
            connection.close()

    def get(self, path: str, **query: Any) -> Answer:
        return self.call("GET", path, query=query)

    def post(self, path: str, body: Any = None) -> Answer:
        return self.call("POST", path, body)

    def put(self, path: str, body: Any = None) -> Answer:
        return self.call("PUT", path, body)

    def patch(self, path: str, body: Any = None) -> Answer:
        return self.call("PATCH", path, body)

    def delete(self, path: str) -> Answer:
        return self.call("DELETE", path)


@functools.cache
def validator(name: str) -> Draft202012Validator:
    schema = json.loads((SCHEMAS / f"{name}.json").read_text())
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def valid(name: str, answer: Answer, status: int = 200) -> Any:
    """The answer's object, or each of its array, as the schema NAME says."""
    assert answer.status == status, answer
    body = answer.json()
    for item in body if isinstance(body, list) else [body]:
        validator(name).validate(item)
    return body


def refused(answer: Answer, status: int, field: str | None = None) -> None:
    body = valid("errors" if status == 422 else "error", answer, status)
    assert field is None or field in body["errors"], body


def hours(group: int, from_: str, until: str, **more: Any) -> dict[str, Any]:
    return {"consequence": "allow", "scheduleable_type": "Group", "scheduleable_id": group,
            "type": "recurring_event", "starts_at_time": from_, "ends_at_time": until,
            **dict.fromkeys(WEEK, True), **more}


class World:
    """The sandbox with WORLD in it, at NOW, without rate limits."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.side = Sandbox(url)
        self.nexudus = self.nexudus_as(USER, PASSWORD)
        self.kisi = self.kisi_as(KEY)

    def begin(self) -> None:
        self.side.reset()
        self.side.set_clock(now=NOW)
        self.side.load(WORLD)
        self.side.raise_limits()

    def nexudus_as(self, user: str, password: str) -> Client:
        basic = base64.b64encode(f"{user}:{password}".encode()).decode()
        return Client(self.url, {"Authorization": f"Basic {basic}"})

    def kisi_as(self, key: str) -> Client:
        return Client(self.url, {"Authorization": f"KISI-LOGIN {key}"})

    def anonymous(self) -> Client:
        return Client(self.url, {})

    def token(self, headers: dict[str, str] | None = None, **form: str) -> Answer:
        sent = {"Content-Type": "application/x-www-form-urlencoded", **(headers or {})}
        data = urllib.parse.urlencode(form).encode()
        return self.anonymous().call("POST", "/api/token", data, headers=sent)

    def grant(self, user: int = 10, group: int = GROUP, **window: str | None) -> Answer:
        return self.kisi.post("/role_assignments", {"role_assignment": {
            "applies_to_type": "Group", "applies_to_id": group, "assignee_type": "User",
            "assignee_id": user, "role_id": "group_basic", "notify": False, **window}})


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([program("latchkey-sandbox"), *arguments], capture_output=True, text=True,
                          timeout=20, check=False)


def start(ready: Path, *arguments: str) -> tuple[subprocess.Popen[str], dict[str, str]]:
    argv = [str(program("latchkey-sandbox")), *arguments, "--ready-file", str(ready)]
    with ready.with_suffix(".log").open("w") as log:
        process = subprocess.Popen(argv, stderr=log, text=True)
    wait_for(ready.exists, "the sandbox listens", 20.0)
    return process, json.loads(ready.read_text())
