# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""Code, schemas, examples, topic files and the AsyncAPI document say the same.

Each field of each example, taken out or given another type, is refused by the schema and by the C
reader; each property taken out of a schema or given another type there refuses the example; and
what the C writer writes has exactly the schema's properties. So a field that changes in one place
alone makes a test fail."""

from __future__ import annotations

import copy
import functools
import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from harness.paths import ROOT, program

TOPICS = ROOT / "topics"

# Example: the C reader's name of the message, the part of the schema that it is.
MESSAGES = {
    "members": ("member", "member"),
    "passes": ("pass", "pass"),
    "bookings": ("booking", "booking"),
    "rules": ("rules", None),
    "commands-member.set": ("command", "member.set"),
    "commands-claims.set": ("command", "claims.set"),
    "ledger-member": ("ledger-member", "member"),
    "ledger-right": ("right", "right"),
    "control-wish": ("wish", "wish"),
    "control-outcome": ("outcome", "outcome"),
    "access-changes": ("access-change", None),
    "access-reports": ("access-report", None),
    "rejects": ("reject", None),
    "nexudus-account": ("nexudus-account", None),
    "kisi-account": ("kisi-account", None),
}
DELETED = ("members", "passes", "bookings")

# Readers do without these: mappings without a lead of their own are written without it, and the
# times came after the first ledgers.
OPTIONAL_FOR_READERS = {
    ("rules", "mappings.resource/4001.lead_s"),
    ("ledger-member", "intended_at"),
    ("ledger-right", "intended_at"),
    ("ledger-right", "ended_at"),
    ("ledger-right", "touched_at"),
    ("ledger-right", "surplus_since"),
    ("nexudus-account", "trips[0].members"),
    ("nexudus-account", "spent"),
}
OPTIONAL_IN_SCHEMAS = {("rules", "mapping", "lead_s")}

# Their programs come later; the files say already who will use them.
NOT_USED_BY_ALL_YET = {"control"}

Path_ = tuple[str | int, ...]


def kind_of(example: str) -> str:
    names = {path.name.removesuffix(".schema.json") for path in (TOPICS / "schemas").iterdir()}
    return example if example in names else example.split("-")[0]


@functools.cache
def text_of(path: Path) -> str:
    return path.read_text()


def load_example(name: str) -> Any:
    return json.loads(text_of(TOPICS / "examples" / f"{name}.json"))


def load_schema(kind: str) -> Any:
    return json.loads(text_of(TOPICS / "schemas" / f"{kind}.schema.json"))


def is_valid(schema: Any, value: Any) -> bool:
    return bool(Draft202012Validator(schema).is_valid(value))


def rewrite(message: str, values: list[Any]) -> list[str]:
    """What the C writer makes of what the C reader reads of each value, or "error ..."."""
    lines = "".join(json.dumps(value) + "\n" for value in values)
    done = subprocess.run(
        [program("lk-model-roundtrip"), message],
        input=lines, capture_output=True, text=True, check=True, timeout=60,
    )
    answers = done.stdout.splitlines()
    assert len(answers) == len(values)
    return answers


def listed(what: str) -> list[str]:
    done = subprocess.run(
        [program("lk-model-roundtrip"), what],
        capture_output=True, text=True, check=True, timeout=60,
    )
    return done.stdout.split()


def same(a: Any, b: Any) -> bool:
    """Equal as JSON: Python takes true for 1."""
    return json.dumps(a, sort_keys=True) == json.dumps(b, sort_keys=True)


def places(value: Any, path: Path_ = ()) -> Iterator[Path_]:
    """Every field of every object in VALUE, and every element of every array."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*path, key)
            yield from places(inner, (*path, key))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield (*path, index)
            yield from places(inner, (*path, index))


def at(value: Any, path: Path_) -> Any:
    for step in path:
        value = value[step]
    return value


def changed(value: Any, path: Path_, change: Callable[[Any, str | int], None]) -> Any:
    result = copy.deepcopy(value)
    change(at(result, path[:-1]), path[-1])
    return result


def without(value: Any, path: Path_) -> Any:
    def remove(parent: Any, step: str | int) -> None:
        del parent[step]

    return changed(value, path, remove)


def retyped(value: Any, path: Path_) -> Any:
    """With another type there, one that no field takes in place of its own."""

    def retype(parent: Any, step: str | int) -> None:
        old = parent[step]
        parent[step] = 1.5 if isinstance(old, str | list) or old is None else "x"

    return changed(value, path, retype)


def dotted(path: Path_) -> str:
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def is_field(path: Path_) -> bool:
    """Not an element of an array, nor one of the mappings, whose keys are ids."""
    return isinstance(path[-1], str) and path[:-1] != ("mappings",)


def objects(schema: Any) -> Iterator[tuple[str, Any]]:
    """Every closed object of a schema: the root, the definitions, and what is inline in them."""

    def walk(name: str, part: Any) -> Iterator[tuple[str, Any]]:
        if not isinstance(part, dict):
            return
        if "properties" in part:
            yield name, part
            for key, inner in part["properties"].items():
                yield from walk(f"{name}.{key}" if name else key, inner)
        for key, inner in part.get("$defs", {}).items():
            yield from walk(key, inner)

    yield from walk("", schema)


def object_at(schema: Any, root: Any, value: Any, path: Path_) -> Any:
    """The closed object of SCHEMA that describes VALUE at PATH, starting from its part ROOT."""
    part = root
    for step in path:
        part = resolve(schema, part)
        if isinstance(step, int):
            part = part["items"]
        elif step in part.get("properties", {}):
            part = part["properties"][step]
        else:
            part = part["additionalProperties"]
    return resolve(schema, part)


def resolve(schema: Any, part: Any) -> Any:
    for option in part.get("oneOf", []):
        if "$ref" in option:
            part = option
    while "$ref" in part:
        part = schema["$defs"][part["$ref"].removeprefix("#/$defs/")]
    return part


def root_of(schema: Any, part: str | None) -> Any:
    return schema["$defs"][part] if part else schema


@pytest.mark.parametrize("kind", sorted(p.name.removesuffix(".schema.json")
                                        for p in (TOPICS / "schemas").iterdir()))
def test_schemas_are_schemas_and_strict(kind: str) -> None:
    schema = load_schema(kind)
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    found = list(objects(schema))
    assert found
    for name, part in found:
        if "propertyNames" in part:
            continue
        assert part["additionalProperties"] is False, f"{kind}: {name} is open"
        optional = {key for key in part["properties"] if (kind, name, key) in OPTIONAL_IN_SCHEMAS}
        assert set(part["required"]) == set(part["properties"]) - optional, f"{kind}: {name}"
        for key, inner in part["properties"].items():
            assert inner.get("description") or "$ref" in inner, f"{kind}: {name}.{key}: no word"


def test_every_message_has_its_example() -> None:
    assert {path.stem for path in (TOPICS / "examples").iterdir()} == set(MESSAGES)
    assert {message for message, _ in MESSAGES.values()} == set(listed("--messages"))


@pytest.mark.parametrize("name", MESSAGES)
def test_example_is_what_the_code_reads_and_writes(name: str) -> None:
    message, part = MESSAGES[name]
    schema, example = load_schema(kind_of(name)), load_example(name)
    Draft202012Validator(schema).validate(example)
    (answer,) = rewrite(message, [example])
    written = json.loads(answer)
    assert same(written, example)
    assert list(written) == list(example), "the example has its fields in the writer's order"
    # Exactly the schema's properties, in each object: none that is only in one of the two.
    root = root_of(schema, part)
    for path in [(), *places(example)]:
        value = at(written, path)
        if isinstance(value, dict):
            described = object_at(schema, root, example, path)
            if "propertyNames" not in described:
                optional = set(described["properties"]) - set(described["required"])
                assert set(value) | optional == set(described["properties"]), dotted(path)


@pytest.mark.parametrize("name", DELETED)
def test_a_deleted_one_is_ids_only(name: str) -> None:
    message, _ = MESSAGES[name]
    schema, example = load_schema(name), load_example(name)
    part = schema["$defs"]["deleted"]
    gone = {key: example[key] for key in part["properties"]} | {"deleted": True}
    Draft202012Validator(schema).validate(gone)
    assert not is_valid(schema, {**example, "deleted": True})
    (answer,) = rewrite(message, [gone])
    assert same(json.loads(answer), gone)
    for key in gone:
        assert not is_valid(schema, without(gone, (key,))), key
        (answer,) = rewrite(message, [without(gone, (key,))])
        assert answer.startswith("error "), key


@pytest.mark.parametrize("name", MESSAGES)
def test_a_field_missing_or_retyped_in_the_example(name: str) -> None:
    message, _ = MESSAGES[name]
    schema, example = load_schema(kind_of(name)), load_example(name)
    cases: list[tuple[str, bool, Any]] = []
    for path in places(example):
        spare = (name, dotted(path)) in OPTIONAL_FOR_READERS
        if is_field(path):
            cases.append((f"{dotted(path)} missing", spare, without(example, path)))
        cases.append((f"{dotted(path)} retyped", False, retyped(example, path)))
    assert len(cases) > len(example)
    answers = rewrite(message, [value for _, _, value in cases])
    for (what, spare, value), answer in zip(cases, answers, strict=True):
        optional = (name, what) == ("rules", "mappings.resource/4001.lead_s missing")
        assert is_valid(schema, value) == optional, f"the schema takes {name} with {what}"
        assert answer.startswith("error reject: ") != spare, f"the code: {name} {what}: {answer}"


@pytest.mark.parametrize("name", MESSAGES)
def test_a_field_missing_or_retyped_in_the_schema(name: str) -> None:
    _, part = MESSAGES[name]
    example = load_example(name)
    mutated = 0
    for path in places(example):
        if not is_field(path):
            continue
        for change in ("remove", "retype"):
            schema = copy.deepcopy(load_schema(kind_of(name)))
            described = object_at(schema, root_of(schema, part), example, path[:-1])
            key = path[-1]
            assert key in described["properties"], dotted(path)
            if change == "remove":
                del described["properties"][key]
                described["required"] = [one for one in described["required"] if one != key]
            else:
                other = "string" if isinstance(at(example, path), bool) else "boolean"
                described["properties"][key] = {"type": other}
            assert not is_valid(schema, example), f"{change} {dotted(path)} in the schema"
            mutated += 1
    assert mutated >= 2 * len(example)


def topic_files() -> dict[str, Any]:
    return {
        path.name: yaml.safe_load(path.read_text())
        for path in sorted(TOPICS.glob("[0-9]*.yaml"))
    }


def test_topic_files_are_all_the_kinds() -> None:
    files = topic_files()
    kinds = [file["name"].split(".")[0] for file in files.values()]
    assert sorted(kinds) == sorted(listed("--kinds"))
    for name, file in files.items():
        kind = file["name"].split(".")[0]
        assert name[2:] == f"-{kind}.yaml" and name[:2].isdigit()
        assert file["name"] == f"{kind}.<{file['per']}>"
        assert file["per"] == ("account" if kind.endswith("-account") else "space")
        assert file["schema"] == f"schemas/{kind}.schema.json"
        assert (TOPICS / file["schema"]).is_file()
        assert any(kind_of(example) == kind for example in MESSAGES)


def test_topic_files_say_what_the_design_rests_on() -> None:
    per_member = {"members", "passes", "bookings", "commands", "ledger"}
    kept_days = {"access-changes": 90, "access-reports": 90, "rejects": 30}
    day = 86_400_000
    for file in topic_files().values():
        kind, config = file["name"].split(".")[0], file["config"]
        three = 3 if kind.startswith("access-") else 1
        assert file["partitions"] == ("per_member" if kind in per_member else three), kind
        if kind in kept_days:
            assert config["cleanup.policy"] == "delete"
            assert config["retention.ms"] == str(kept_days[kind] * day)
        else:
            assert config["cleanup.policy"] == "compact"
            # A table that was away for up to a day goes on where it was: it must find tombstones.
            assert int(config["delete.retention.ms"]) > day
        assert all(isinstance(value, str) for value in config.values()), kind
        # It limits batches: below a producer's batch it would refuse what is small enough.
        assert int(config["max.message.bytes"]) >= 1_000_000


DAEMONS = ("latchkey-poller", "latchkey-member-worker", "latchkey-pass-worker",
           "latchkey-booking-worker", "latchkey-executor")


@pytest.mark.parametrize("daemon", DAEMONS)
def test_topic_files_say_who_writes_and_reads(daemon: str) -> None:
    shown = subprocess.run([program(daemon), "--describe"], capture_output=True, text=True,
                           check=True, timeout=30)
    uses = {use["kind"]: use for use in json.loads(shown.stdout)["topics"]}
    for file in topic_files().values():
        kind = file["name"].split(".")[0]
        for field, use in (("written_by", "write"), ("read_by", "read")):
            declared = daemon in file[field]
            described = kind in uses and bool(uses[kind][use])
            if kind in NOT_USED_BY_ALL_YET:
                assert declared or not described, f"{daemon} {use}s {kind}"
            else:
                assert declared == described, f"{daemon} {use}s {kind}"


def asyncapi() -> Any:
    return yaml.safe_load((TOPICS / "asyncapi.yaml").read_text())


def refs(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str):
            yield value["$ref"]
        for inner in value.values():
            yield from refs(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from refs(inner)


def test_asyncapi_refers_to_what_is_there() -> None:
    document = asyncapi()
    found = list(refs(document))
    assert found
    for ref in found:
        file, _, pointer = ref.partition("#")
        value = json.loads((TOPICS / file).read_text()) if file else document
        for step in pointer.split("/")[1:]:
            assert step in value, ref
            value = value[step]


def test_asyncapi_is_the_topic_files() -> None:
    document, files = asyncapi(), topic_files()
    kinds = [file["name"].split(".")[0] for file in files.values()]
    assert document["asyncapi"] == "3.0.0"
    assert list(document["channels"]) == kinds
    uses = {(operation["action"], operation["channel"]["$ref"].removeprefix("#/channels/"),
             name.split(".")[0]) for name, operation in document["operations"].items()}
    wanted = set()
    for file in files.values():
        kind, per = file["name"].split(".")[0], file["per"]
        channel = document["channels"][kind]
        assert channel["address"] == f"{{prefix}}.{kind}.{{{per}}}"
        assert channel["parameters"].keys() == {"prefix", per}
        assert channel["description"].strip() == file["description"].strip()
        wanted |= {("send", kind, who) for who in file["written_by"]}
        wanted |= {("receive", kind, who) for who in file["read_by"]}
    assert uses == wanted


def test_asyncapi_messages_are_the_examples() -> None:
    document = asyncapi()
    examples = set()
    for kind, channel in document["channels"].items():
        for name, ref in channel["messages"].items():
            assert ref["$ref"] == f"#/components/messages/{name}"
            message = document["components"]["messages"][name]
            assert message["name"] == name
            assert message["headers"]["$ref"] == "#/components/schemas/headers"
            file, _, _ = message["payload"]["schema"]["$ref"].partition("#")
            assert file == f"schemas/{kind}.schema.json"
            (example,) = message["examples"]
            examples.add(example["payload"]["$ref"])
    assert examples == {f"examples/{name}.json" for name in MESSAGES}
    assert len(document["components"]["messages"]) == len(MESSAGES)
