# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""The chart's schema of the configuration against the settings table of the programs: the same settings,
each with its type, its default, and the same values taken and refused. What a value is worth is asked
from both: from the schema by its validator, from a program with --check-config.
"""

from __future__ import annotations

import copy
import functools
import re
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from harness.paths import ROOT, program
from harness.settings import settings

CHART = ROOT / "helm" / "latchkey"

Row = dict[str, Any]


@functools.cache
def schema() -> Row:
    loaded: Row = yaml.safe_load((CHART / "values.schema.json").read_text())
    return loaded


def leaves(node: Row, path: str = "", required: bool = False) -> Row:
    """The settings that a part of the schema has, by the paths of the settings table; each with
    whether it must be there."""
    items = node.get("items", {})
    if items.get("type") == "object":
        return leaves(items, path + "[]")
    found: Row = {}
    for name, child in node.get("properties", {}).items():
        inner = f"{path}.{name}" if path else name
        found.update(leaves(child, inner, name in node.get("required", [])))
    return found or {path: {**node, "must": required}}


@functools.cache
def chart() -> Row:
    return leaves(schema()["properties"]["config"])


TABLE = {row["path"]: row for row in settings()}
each_setting = pytest.mark.parametrize("path", TABLE)


def kind_of(node: Row) -> str:
    if "$ref" in node:
        return str(node["$ref"].rpartition("/")[2])
    return "|".join(sorted(node["enum"])) if "enum" in node else str(node["type"])


KINDS = {"string": "string", "URL": "string", "zone": "string", "time of day": "string",
         "percent": "string", "path": "secretFile", "duration": "duration", "integer": "integer",
         "boolean": "boolean", "list of strings": "array", "mapping of strings": "object"}


def words_of(row: Row) -> list[str]:
    words = row["type"].partition("one of ")[2]
    return words.split("|") if words else []


def test_the_schema_has_the_settings_and_no_others() -> None:
    assert set(chart()) == set(TABLE)


@each_setting
def test_the_type_is_the_programs(path: str) -> None:
    row, node = TABLE[path], chart()[path]
    words = words_of(row)
    assert kind_of(node) == ("|".join(sorted(words)) if words else KINDS[row["type"]])
    assert node["must"] or row["default"] is not None, "may be left out, and has no default"


@each_setting
def test_the_default_is_the_programs(path: str) -> None:
    # The default of an account's name would be the same for the second, so the chart asks for it.
    row, node = TABLE[path], chart()[path]
    if row["default"] in (None, "") or node["must"]:
        assert "default" not in node
    else:
        assert node["default"] == yaml.safe_load(row["default"])


def test_what_the_chart_sets_by_itself_are_defaults() -> None:
    config = yaml.safe_load((CHART / "values.yaml").read_text())["config"]

    def check(path: str, value: Any) -> None:
        if path in TABLE:
            assert value in ("", yaml.safe_load(TABLE[path]["default"] or "''")), path
        elif isinstance(value, dict):
            for name, inner in value.items():
                check(f"{path}.{name}" if path else name, inner)
        else:
            assert value == [], path

    check("", config)


# -- values ----------------------------------------------------------------------------------------

FULL: Row = {
    "kafka": {"brokers": "kafka:9093", "properties": {"security.protocol": "ssl"}},
    "nexudus": [{"account": "main", "url": "https://spaces.nexudus.com", "user": "api@example.org",
                 "password_file": "/run/secrets/latchkey/nexudus-password"}],
    "kisi": [{"account": "main", "url": "https://api.kisi.io",
              "key_file": "/run/secrets/latchkey/kisi-key"}],
    "spaces": [{"code": "moncloa", "time_zone": "Europe/Madrid", "business": 1421000001,
                "place": 501, "mappings": [{"pass": "Day", "groups": ["Members"]},
                                           {"resource": "Green", "groups": ["Green"]}]}],
}
# A program takes these in plain text only with `dev`; here their form is looked at.
IN_PLAIN_TEXT = {"kafka.properties", "nexudus[].url", "kisi[].url"}
# Where the chart takes less than a program, on purpose: names become those of Kubernetes objects, and
# secrets are mounted in one place.
NARROWER = {"nexudus[].account", "kisi[].account", "spaces[].code", "spaces[].nexudus",
            "spaces[].kisi", "nexudus[].password_file", "kisi[].key_file"}
# What else only a program can tell: that another setting has the name.
ELSEWHERE = {"spaces[].nexudus", "spaces[].kisi"}


def ends(row: Row) -> list[str]:
    """Both ends of a range, without the unit that follows; "" where one is open."""
    least, _, most = row["range"].removesuffix(" bytes").partition("…")
    return [least, most]


def text_values(row: Row) -> list[Any]:
    most = int(ends(row)[1]) if row["range"] else 40
    return ["a", "a" * most, "a" * (most + 1), "", ["a"]]  # a number is text to a program


def integer_values(row: Row) -> list[Any]:
    least, most = ends(row)
    bounds = [int(least), int(least) - 1]
    return bounds + ([int(most), int(most) + 1] if most else [2**40]) + ["many", 1.5]


def values_of(path: str) -> list[Any]:
    row = TABLE[path]
    if path == "kafka.topic_prefix":
        return ["a.B_c-1", "a b", "ä", "", "a" * 100, "a" * 101]
    if path == "kafka.brokers":
        return ["kafka:9093", "a.example.org:1, b-2:65535", "[::1]:9092", "kafka", "kafka:0",
                "kafka:65536", "a:1,", "ssl://kafka:9093", "a b:1", "u@kafka:9093", "::1:9092", ""]
    match row["type"]:
        case "duration":
            return [*ends(row), "5x", "5", "", "1.5s", "-1s", "1 s", "s", 5]
        case "integer":
            return integer_values(row)
        case "boolean":
            return [True, False, "maybe", 1]
        case "percent":
            return ["0%", "20%", "100%", "101%", "20", 20, "x%", "-1%"]
        case "time of day":
            return ["00:00", "09:30", "23:59", "24:00", "29:00", "9:30", "0930", "12:60"]
        case "zone":
            return ["Europe/Madrid", "UTC", "", 7]
        case "URL":
            return ["https://example.org", "http://example.org:8080/x", "ftp://example.org",
                    "https://", "https://user@example.org", "example.org", ""]
        case "path":
            return ["/run/secrets/latchkey/a.b-c_1", "", 7]
        case "list of strings":
            many = [f"group {number}" for number in range(65)]
            return [["a"], many[:64], many, ["a", "a"], [], [""], "a"]
        case "mapping of strings":
            return [{}, {"client.rack": "a"}, {"socket.timeout.ms": 60000}, [], "a"]
    words = words_of(row)
    return [*words, "neither", ""] if words else text_values(row)


PARTS = re.compile(r"([a-z_]+)((?:\[\])?)")


def changed(path: str, value: Any) -> Row:
    """FULL with VALUE at PATH."""
    config = copy.deepcopy(FULL)
    if path in IN_PLAIN_TEXT:
        config["dev"] = True
    at: Any = config
    steps = PARTS.findall(path)
    for name, is_list in steps[:-1]:
        # Mappings differ by what they are of; the second is the resource's.
        last = -1 if path.endswith((".resource", ".lead")) else 0
        at = at[name][last] if is_list else at.setdefault(name, {})
    at[steps[-1][0]] = value
    return config


def is_taken_by_the_schema(config: Row) -> bool:
    part = {**schema()["properties"]["config"], "definitions": schema()["definitions"]}
    return jsonschema.Draft7Validator(part).is_valid(config)


def is_taken_by_a_program(config: Row, folder: Path) -> bool:
    file = folder / "latchkey.yaml"
    file.write_text(yaml.safe_dump(config, allow_unicode=True))
    done = subprocess.run([program("latchkey-member-worker"), "--config", file, "--check-config"],
                          capture_output=True, text=True, check=False, timeout=30)
    assert done.returncode in (0, 2), done.stderr
    return done.returncode == 0


def test_what_the_values_are_laid_into_is_taken_by_both(tmp_path: Path) -> None:
    assert is_taken_by_the_schema(FULL) and is_taken_by_a_program(FULL, tmp_path)


@each_setting
def test_both_take_the_same_values(path: str, tmp_path: Path) -> None:
    differ = []
    taken = refused = 0
    for value in values_of(path):
        config = changed(path, value)
        by_schema = is_taken_by_the_schema(config)
        by_program = is_taken_by_a_program(config, tmp_path)
        taken += by_schema
        refused += not by_schema
        if by_schema != by_program and not (path in NARROWER and by_program) \
                and path not in ELSEWHERE:
            differ.append((value, "chart" if by_schema else "program"))
    assert not differ, f"{path}: only the one named takes {differ}"
    assert taken and refused, f"{path}: the values tell nothing"
