# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""The README says of the settings what the programs' own table says.

`python3 tests/system/test_readme.py` writes the table anew."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

from harness.paths import ROOT, program
from harness.settings import settings

README = ROOT / "README.md"
MARKERS = re.compile(r"(<!-- settings.*?-->\n)(.*?)(\n<!-- /settings -->)", re.DOTALL)


def default_of(setting: dict[str, Any]) -> str:
    value = setting["default"]
    if value is None:
        return "*required*"
    return f"`{value}`" if value else "–"


def table_of(rows: list[dict[str, Any]]) -> str:
    lines = ["| setting | type | default | range | what it is |", "| --- | --- | --- | --- | --- |"]
    for row in rows:
        kind = row["type"].replace("|", ", ")
        cells = [f"`{row['path']}`", kind, default_of(row), row["range"] or "", row["help"]]
        assert not any("|" in cell for cell in cells), f"{row['path']}: a bar ends the cell"
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def test_the_readme_has_the_settings_as_they_are() -> None:
    found = MARKERS.search(README.read_text())
    assert found, "README.md has lost the markers around its table of settings"
    assert found[2] == table_of(settings())


def test_the_readme_names_the_properties_that_are_refused() -> None:
    refused = ROOT / "tests" / "corpus" / "config" / "bad" / "properties-refused.expect"
    names = re.findall(r"kafka\.properties\.(\S+): refused", refused.read_text())
    text = README.read_text()
    assert len(names) > 9
    assert [name for name in names if f"`{name}`" not in text] == []


def commands() -> list[str]:
    """What `latchkey --help` lists, "rules plan" and all."""
    shown = subprocess.run([program("latchkey"), "--help"], capture_output=True, text=True,
                           check=True, timeout=30).stdout
    listed = shown.partition("Commands:\n")[2].partition("\n\n")[0]
    return [re.split(r" [A-Z\[]|  ", line.strip())[0].strip() for line in listed.splitlines()]


def test_the_readme_names_the_commands() -> None:
    text = README.read_text()
    there = re.search(r"^The operator's command line, .*?\n## ", text, re.MULTILINE | re.DOTALL)
    assert there
    known = commands()
    assert len(known) >= 7
    for command in known:
        assert re.search(rf"`{command}[` ]", there[0]), command


def write(readme: Path) -> None:
    text = readme.read_text()
    readme.write_text(MARKERS.sub(lambda m: m[1] + table_of(settings()) + m[3], text))


if __name__ == "__main__":
    write(README)
