# SPDX-License-Identifier: Apache-2.0
# Copyright The Latchkey authors
"""The image, the compose file and the chart name only what exists, and name all of it.

Programs and their flags are asked from the programs; the chart is rendered by helm itself; the
configurations that come out are read by the program that will read them.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from harness.paths import ROOT, program
from harness.stack import DAEMONS, default_config, default_data

CHART = ROOT / "helm" / "latchkey"
EXAMPLES = sorted((CHART / "ci").glob("*-values.yaml"))
PROGRAMS = {*DAEMONS, "latchkey-sandbox", "latchkey"}
RUN_AS = 65532


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def merged(base: Any, over: Any) -> Any:
    """Values files as helm lays one over the other: objects by key, all else whole."""
    if isinstance(base, dict) and isinstance(over, dict):
        return {**base, **{key: merged(base.get(key), value) for key, value in over.items()}}
    return over


# -- what the programs say of themselves ---------------------------------------------------------


def flags_of(name: str) -> set[str]:
    shown = subprocess.run(
        [program(name), "--help"], capture_output=True, text=True, check=True, timeout=30
    ).stdout
    return set(re.findall(r"--[a-z][a-z-]*", shown))


def check_command(words: list[str]) -> str:
    """The program of a command line, every flag of which it must know."""
    name, *arguments = words
    assert name in PROGRAMS, f"no program {name}"
    known = flags_of(name)
    for word in arguments:
        flag = word.partition("=")[0]
        assert not flag.startswith("-") or flag in known, f"{name} has no {flag}: {sorted(known)}"
    return name


def check_configuration(text: str, folder: Path) -> None:
    """Read by a program itself; the secrets of the place it is meant for are not here, which is
    no problem of the configuration."""
    path = folder / "latchkey.yaml"
    path.write_text(text)
    done = subprocess.run(
        [program("latchkey-poller"), "--config", path, "--check-config"],
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}\n{text}"


# -- Dockerfile ----------------------------------------------------------------------------------


def instructions() -> list[tuple[str, str]]:
    text = (ROOT / "Dockerfile").read_text()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    joined = re.sub(r"\\\n", " ", "\n".join(lines))
    return [(word, rest.strip()) for word, _, rest in
            (line.partition(" ") for line in joined.splitlines()) if word]


def test_the_image_runs_as_nobody_and_holds_what_it_needs() -> None:
    steps = instructions()
    assert [rest for word, rest in steps if word == "USER"] == [f"{RUN_AS}:{RUN_AS}"]
    (command,) = [json.loads(rest) for word, rest in steps if word == "CMD"]
    assert check_command(command) == "latchkey"
    for word, rest in steps:
        if word == "COPY" and not rest.startswith(("--from", ". ")):
            for source in rest.split()[:-1]:
                assert (ROOT / source).exists(), f"COPY {source}: not in the tree"
    bases = {rest.split()[0] for word, rest in steps if word == "FROM"}
    assert bases == {"debian:12-slim"}


def test_the_image_builds_with_the_packages_that_dev_installs() -> None:
    shell = 'source tools/dev/common.sh; packages_of build'
    build = set(subprocess.run(["bash", "-c", shell], cwd=ROOT, capture_output=True, text=True,
                               check=True).stdout.split())
    first = next(rest for word, rest in instructions() if word == "RUN")
    words = set(shlex.split(first))
    assert build - words == {"tzdata", "ca-certificates"}, "only the running image needs these"


def test_the_context_holds_what_the_build_copies() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line[0] == "!"}
    assert {"CMakeLists.txt", "CMakePresets.json", "cmake", "include", "src", "topics"} == kept
    assert all((ROOT / name).exists() for name in kept)


# -- docker-compose.yml --------------------------------------------------------------------------


def test_compose_runs_every_program_with_flags_that_it_has() -> None:
    services = load(ROOT / "docker-compose.yml")["services"]
    run = set()
    for name, service in services.items():
        command = service.get("command", [])
        if command and command[0].startswith("latchkey"):
            run.add(check_command(command))
        for other in service.get("depends_on", {}):
            assert other in services, f"{name} depends on {other}, which is none of the services"
    assert run == PROGRAMS


def test_compose_uses_the_broker_that_the_tests_use() -> None:
    pom = (ROOT / "tools" / "kafka" / "pom.xml").read_text()
    version = re.search(r"<kafka.version>(.*)</kafka.version>", pom)
    assert version
    services = load(ROOT / "docker-compose.yml")["services"]
    assert services["kafka"]["image"] == f"apache/kafka:{version[1]}"


def test_compose_has_a_configuration_without_problems(tmp_path: Path) -> None:
    compose = load(ROOT / "docker-compose.yml")
    text = compose["configs"]["latchkey"]["content"]
    check_configuration(text, tmp_path)
    config = yaml.safe_load(text)
    written = " ".join(compose["services"]["secrets"]["command"])
    assert config["nexudus"][0]["password_file"] in written
    assert config["kisi"][0]["key_file"] in written
    assert config["kafka"]["brokers"] == "kafka:9092"


def test_the_local_stack_has_a_configuration_without_problems(tmp_path: Path) -> None:
    check_configuration((ROOT / "tests" / "system" / "local.yaml").read_text(), tmp_path)


# -- the chart -----------------------------------------------------------------------------------


def test_the_charts_version_is_the_projects() -> None:
    version = re.search(r"project\(latchkey VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text())
    assert version and load(CHART / "Chart.yaml")["appVersion"] == version[1]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_the_example_values_are_what_the_schema_accepts(example: Path) -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    jsonschema.Draft7Validator.check_schema(schema)
    jsonschema.Draft7Validator(schema).validate(merged(load(CHART / "values.yaml"), load(example)))


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (["config", "spaces"], [], "[]"),
        (["config", "spaces", 0, "code"], "Moncloa", "'Moncloa' does not match"),
        (["config", "spaces", 0, "time_zon"], "UTC", "'time_zon' was unexpected"),
        (["config", "kisi", 0, "key_file"], "/etc/kisi-key", "'/etc/kisi-key' does not match"),
        (["config", "nexudus", 0, "poll_interval"], "5x", "'5x' does not match"),
        (["poller", "replicas"], "two", "'two' is not of type 'integer'"),
        (["polller"], {}, "'polller' was unexpected"),
    ],
)
def test_the_schema_refuses(path: list[str | int], value: Any, says: str) -> None:
    schema = json.loads((CHART / "values.schema.json").read_text())
    values = merged(load(CHART / "values.yaml"), load(EXAMPLES[0]))
    at = values
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    with pytest.raises(jsonschema.ValidationError) as raised:
        jsonschema.Draft7Validator(schema).validate(values)
    assert says in raised.value.message


@pytest.fixture(scope="module")
def helm() -> str:
    found = os.environ.get("LATCHKEY_HELM") or shutil.which("helm")
    if found is None:
        pytest.skip("no helm here; ./dev test builds one")
    return found


def render(helm: str, example: Path, *arguments: str) -> list[dict[str, Any]]:
    done = subprocess.run(
        [helm, "template", "rel", CHART, "--kube-version", "1.29.0", "-f", example, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return [document for document in yaml.safe_load_all(done.stdout) if document]


def help_of(command: str) -> str:
    return subprocess.run([program("latchkey"), *command.split(), "--help"], capture_output=True,
                          text=True, check=True, timeout=30).stdout


def of_kind(objects: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [each for each in objects if each["kind"] == kind]


def configuration(objects: list[dict[str, Any]]) -> str:
    maps = of_kind(objects, "ConfigMap")
    texts = {each["data"]["latchkey.yaml"] for each in maps}
    assert len(texts) == 1, "the job and the programs are given two configurations"
    return texts.pop()


def argument(container: dict[str, Any], flag: str) -> str | None:
    found = [word.partition("=")[2] for word in container["args"] if word.startswith(flag + "=")]
    return found[0] if found else None


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_every_account_and_space_has_its_programs(helm: str, example: Path) -> None:
    objects = render(helm, example)
    config = yaml.safe_load(configuration(objects))
    wanted = {("latchkey-poller", "--account", each["account"]) for each in config["nexudus"]}
    wanted |= {("latchkey-executor", "--account", each["account"]) for each in config["kisi"]}
    wanted |= {
        (f"latchkey-{kind}-worker", "--space", space["code"])
        for kind in ("member", "pass", "booking")
        for space in config["spaces"]
    }
    found = set()
    for deployment in of_kind(objects, "Deployment"):
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        name = check_command([*container["command"], *container["args"]])
        flag = "--space" if name.endswith("-worker") else "--account"
        found.add((name, flag, argument(container, flag)))
    assert found == wanted
    assert len(of_kind(objects, "Deployment")) == len(wanted)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_the_configuration_that_comes_out_has_no_problems(
    helm: str, example: Path, tmp_path: Path
) -> None:
    text = configuration(render(helm, example))
    check_configuration(text, tmp_path)
    # Numbers and times go through two YAML writers on their way.
    given = load(example)["config"]
    for written, meant in zip(yaml.safe_load(text)["spaces"], given["spaces"], strict=True):
        assert written == meant


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_a_program_is_given_its_own_secrets_and_nobody_can_read_them(
    helm: str, example: Path
) -> None:
    objects = render(helm, example)
    config = yaml.safe_load(configuration(objects))
    files = {("poller", each["account"]): each["password_file"] for each in config["nexudus"]}
    files |= {("executor", each["account"]): each["key_file"] for each in config["kisi"]}
    for deployment in of_kind(objects, "Deployment"):
        labels = deployment["metadata"]["labels"]
        file = files.get((labels["app.kubernetes.io/component"], labels.get("latchkey/account")))
        pod = deployment["spec"]["template"]["spec"]
        mounts = {each["name"]: each for each in pod["containers"][0]["volumeMounts"]}
        volumes = {each["name"]: each for each in pod["volumes"]}
        assert set(mounts) == set(volumes) and all(each["readOnly"] for each in mounts.values())
        assert ("secrets" in volumes) == (file is not None)
        if file is not None:
            (item,) = volumes["secrets"]["secret"]["items"]
            assert f"{mounts['secrets']['mountPath']}/{item['path']}" == file
        for volume in volumes.values():
            if "secret" in volume:
                assert volume["secret"]["defaultMode"] == 0o440


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_pods_are_probed_confined_and_selected(helm: str, example: Path) -> None:
    objects = render(helm, example)
    accounts = {each["metadata"]["name"] for each in of_kind(objects, "ServiceAccount")}
    selectors = []
    for deployment in of_kind(objects, "Deployment"):
        selector = deployment["spec"]["selector"]["matchLabels"]
        assert selector not in selectors, "two Deployments select the same pods"
        selectors.append(selector)
        template = deployment["spec"]["template"]
        assert selector.items() <= template["metadata"]["labels"].items()
        pod = template["spec"]
        assert pod["serviceAccountName"] in accounts
        assert pod["automountServiceAccountToken"] is False
        assert pod["terminationGracePeriodSeconds"] > 10  # what a program takes to end
        security = pod["securityContext"]
        assert security["runAsNonRoot"] and security["runAsUser"] == security["fsGroup"] == RUN_AS
        (container,) = pod["containers"]
        assert container["securityContext"]["readOnlyRootFilesystem"]
        assert container["securityContext"]["capabilities"] == {"drop": ["ALL"]}
        assert not container["securityContext"]["allowPrivilegeEscalation"]
        (port,) = container["ports"]
        assert container["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": port["name"]}
        assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": port["name"]}
        assert argument(container, "--listen") == f"0.0.0.0:{port['containerPort']}"
        assert container["resources"]["requests"] and container["resources"]["limits"]
    for budget in of_kind(objects, "PodDisruptionBudget"):
        assert budget["spec"]["selector"]["matchLabels"] in selectors


def test_standbys_and_budgets(helm: str) -> None:
    objects = render(helm, EXAMPLES[0])
    replicas = {each["metadata"]["name"]: each["spec"]["replicas"]
                for each in of_kind(objects, "Deployment")}
    assert {name for name, number in replicas.items() if number > 1} == {
        "rel-latchkey-poller-main",
        "rel-latchkey-executor-main",
    }
    budgets = {each["metadata"]["name"] for each in of_kind(objects, "PodDisruptionBudget")}
    assert budgets == {"rel-latchkey-poller-main", "rel-latchkey-executor-main"}


def test_the_topics_are_made_before_anything_runs(helm: str) -> None:
    objects = render(helm, EXAMPLES[0], "--set", "topicsJob.enabled=true")
    (job,) = of_kind(objects, "Job")
    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    (container,) = job["spec"]["template"]["spec"]["containers"]
    assert check_command([*container["command"], *container["args"]]) == "latchkey"
    copied = " ".join(rest for word, rest in instructions() if word == "COPY")
    assert f"topics {argument(container, '--topics-dir')}" in copied
    volumes = job["spec"]["template"]["spec"]["volumes"]
    hooks = {each["metadata"]["name"] for each in of_kind(objects, "ConfigMap")
             if "helm.sh/hook" in each["metadata"].get("annotations", {})}
    assert next(each for each in volumes if each["name"] == "config")["configMap"]["name"] in hooks
    without = render(helm, EXAMPLES[0], "--set", "topicsJob.enabled=false")
    assert not of_kind(without, "Job") and len(of_kind(without, "ConfigMap")) == 1


def test_a_pod_monitor_when_asked_for(helm: str) -> None:
    assert not of_kind(render(helm, EXAMPLES[0]), "PodMonitor")
    (monitor,) = of_kind(
        render(helm, EXAMPLES[0], "--set", "metrics.podMonitor.enabled=true"), "PodMonitor"
    )
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    assert endpoint["path"] == "/metrics"


def test_an_alarm_for_each_metric_that_asks_for_one(helm: str) -> None:
    """And of metrics and labels that there are."""
    assert not of_kind(render(helm, EXAMPLES[0]), "PrometheusRule")
    (rule,) = of_kind(
        render(helm, EXAMPLES[0], "--set", "metrics.alarms.enabled=true"), "PrometheusRule"
    )
    table = (ROOT / "include" / "latchkey" / "base" / "metrics.def").read_text()
    metrics = {name: (set(labels.split(",")), text) for name, labels, text in re.findall(
        r'^LK_METRIC \(\w+, "(\w+)", \w+, "([\w,]*)", "(.*)"\)$', table, re.MULTILINE)}
    (group,) = rule["spec"]["groups"]
    watched = set()
    for alarm in group["rules"]:
        found = re.fullmatch(r"max by \((.+)\) \((\w+)\) > 0", alarm["expr"])
        assert found, alarm["expr"]
        labels, name = found[1], found[2]
        watched.add(name)
        assert set(labels.split(", ")) == metrics[name][0]
        texts = alarm["annotations"]
        assert set(re.findall(r"\$labels\.(\w+)", texts["summary"])) <= metrics[name][0]
        for command in re.findall(r"`latchkey ([a-z ]+)`", texts["description"]):
            assert help_of(command).startswith(f"Usage:\n  latchkey {command}")
    assert watched == {name for name, (_, text) in metrics.items() if "alarm on it" in text}


def test_without_values_helm_says_what_is_missing(helm: str) -> None:
    done = subprocess.run([helm, "template", "rel", CHART, "--kube-version", "1.29.0"],
                          capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode != 0
    for setting in ("nexudus", "kisi", "spaces", "brokers"):
        assert setting in done.stderr


def test_the_local_data_have_all_that_the_local_configurations_name() -> None:
    data = default_data()
    groups = {group["name"]: group["place_id"] for group in data["kisi"]["groups"]}
    names = {
        kind: {row["Name"] for row in data["nexudus"][entity]}
        for kind, entity in (("pass", "timepasses"), ("resource", "resources"))
    }
    businesses = {row["Id"] for row in data["nexudus"]["businesses"]}
    compose = load(ROOT / "docker-compose.yml")
    assert compose["configs"]["sandbox-data"]["file"] == "tests/system/local-data.json"
    for config in (default_config(), yaml.safe_load(compose["configs"]["latchkey"]["content"])):
        for space in config["spaces"]:
            assert space["business"] in businesses
            for mapping in space["mappings"]:
                for kind in mapping.keys() & names.keys():
                    assert mapping[kind] in names[kind]
                for group in mapping["groups"]:
                    assert groups[space["group_prefix"] + group] == space["place"]
