# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""Prometheus text, read strictly: a line that is not of the format is a fault."""

from __future__ import annotations

import re
from dataclasses import dataclass

_SAMPLE = re.compile(r"(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(?P<labels>.*)\})? (?P<value>\S+)(?: -?\d+)?")
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\["\\n])*)"(?:,|$)')
_ESCAPE = re.compile(r'\\(["\\n])')


@dataclass(frozen=True)
class Sample:
    name: str
    labels: dict[str, str]
    value: float


def _labels(text: str, line: str) -> dict[str, str]:
    labels: dict[str, str] = {}
    at = 0
    while at < len(text):
        match = _LABEL.match(text, at)
        assert match, f"no label at '{text[at:]}' of metric line: {line}"
        labels[match[1]] = _ESCAPE.sub(lambda m: "\n" if m[1] == "n" else m[1], match[2])
        at = match.end()
    return labels


@dataclass(frozen=True)
class Metrics:
    samples: list[Sample]
    types: dict[str, str]

    @classmethod
    def parse(cls, text: str) -> Metrics:
        samples: list[Sample] = []
        types: dict[str, str] = {}
        for line in text.splitlines():
            if line.startswith("# TYPE "):
                _, _, name, kind = line.split(" ")
                assert name not in types, f"metric {name} has two types"
                types[name] = kind
            elif line and not line.startswith("#"):
                match = _SAMPLE.fullmatch(line)
                assert match, f"no metric line: {line}"
                samples.append(
                    Sample(match["name"], _labels(match["labels"] or "", line), float(match["value"]))
                )
        return cls(samples, types)

    def find(self, name: str, **labels: str) -> list[Sample]:
        """The samples of that name which carry these labels, whatever others they carry."""
        return [
            sample
            for sample in self.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        ]

    def value(self, name: str, **labels: str) -> float:
        """The sum over find(), which must not be empty: a misspelt name is no zero."""
        found = self.find(name, **labels)
        assert found, f"no metric {name} with {labels}; there are {sorted({s.name for s in self.samples})}"
        return sum(sample.value for sample in found)

    def count(self, name: str, **labels: str) -> float:
        """As value(), 0 when no sample carries these labels yet."""
        return sum(sample.value for sample in self.find(name, **labels))
