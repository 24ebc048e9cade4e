"""Every rule that ships: an action in a throw-away container makes it fire, and a benign twin does not.

The agent, dockerd and the containers are real. Containers have no network but their own loopback. The table of what was
tried goes to build/rules-host.md.
"""
import collections
import concurrent.futures
import os
import pathlib
import re
import subprocess
import time

import pytest
import yaml

from agents import until
from containers import RunningEngine
from rule_stage import SOURCE, Agent, Docker, add_actor, debian
from services import need, need_root

SCENARIOS = yaml.safe_load((SOURCE / "test" / "rules" / "scenarios.yaml").read_text())
RULES = {i["id"]: i["rule"] for f in sorted((SOURCE / "content" / "rules").glob("*.yaml"))
         for i in yaml.safe_load(f.read_text()) if "rule" in i}
IMAGE = "skep-rules:1"
OLDER = "older"  # a container that runs before the agent does
INTERVAL = 2  # seconds, of usage events


def prefer_containers():
    """On a busy machine a container could not show that it burns the processor. The group is there before the engine's first container."""
    top = pathlib.Path("/sys/fs/cgroup/cpu")
    if (top / "cpu.shares").exists():
        (top / "docker").mkdir(exist_ok=True)
        (top / "docker" / "cpu.shares").write_text("200000")


@pytest.fixture(scope="module")
def stage(tmp_path_factory, shared, module_skep):
    need_root()
    need("gcc", "docker", "tar", "xz")
    folder = tmp_path_factory.mktemp("rules")
    with RunningEngine(folder / "e", storage="overlay2") as engine:
        docker = Docker(engine)
        root = debian(folder, shared)
        add_actor(root)
        docker.add_image(root, IMAGE)
        prefer_containers()
        docker("run", "-d", "--name", OLDER, "--network", "none", IMAGE, "sleep", "1000")
        with Agent(module_skep, engine, folder, INTERVAL) as agent:
            yield docker, agent


def kinds(number):
    """What is played of a scenario: the action, other ways to the same end by their number, and the twin."""
    return ["fire", *range(len(SCENARIOS[number].get("also", []))), "quiet"]


def parts(number, kind):
    """(text, run options, exec options or None) of a scenario's action, another way or twin."""
    s = SCENARIOS[number]
    twin = s["also"][kind] if isinstance(kind, int) else s[kind]
    if isinstance(twin, dict):
        return twin["text"], twin.get("run", []), twin.get("exec")
    return twin, s.get("run", []), s.get("exec")


def act(docker, number, kind):
    text, run, brought = parts(number, kind)
    name = f"{kind}-{number}"
    common = ["run", "--name", name, "--network", "none", *run]
    if brought is None:
        p = docker(*common, IMAGE, "sh", "-c", f"{text}; sleep 0.1")
    else:
        docker(*common, "-d", IMAGE, "sleep", "60")
        time.sleep(0.3)
        # `script` gives docker the terminal it wants for -t.
        command = [*docker.command, "exec", *brought, name, "sh", "-c", text]
        if "-t" in brought:
            command = ["script", "-qec", " ".join(f"'{c}'" for c in command), "/dev/null"]
        p = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=300)
    time.sleep(SCENARIOS[number].get("wait", 0))
    docker.remove(name)
    return p


def table(fired, numbers):
    lines = [f"# Rules under {os.uname().release}", "", "| rule | action | other ways | twin |", "|---|---|---|---|"]
    count = collections.Counter()
    for n in numbers:
        call = SCENARIOS[n].get("call")
        did = {kind: n in fired[n, kind] for kind in kinds(n)}
        ways = [did[k] for k in kinds(n) if isinstance(k, int)]
        row = ["fired" if did["fire"] else f"cannot be tried: this kernel has no {call}" if call and not kernel_has(call) else "DID NOT FIRE",
               f"{sum(ways)} of {len(ways)} fired" if ways else "", "FIRED" if did["quiet"] else "quiet"]
        count.update([f"actions {row[0].split(':')[0]}", f"twins {row[2]}"])
        count.update({"other ways": len(ways), "other ways fired": sum(ways)})
        lines.append(f"| {n} {RULES[n]} | " + " | ".join(row) + " |")
    return "\n".join([*lines, "", ", ".join(f"{k} {v}" for k, v in sorted(count.items())), ""])


def fired_of(docker, agent, jobs):
    """{job: ids of the rules that fired in its container}"""
    fired = agent.fired()
    return {(n, kind): fired.get(docker.ids[f"{kind}-{n}"], set()) for n, kind in jobs}


@pytest.fixture(scope="module")
def played(stage, request, build_dir):
    docker, agent = stage
    asked = {i.callspec.params.get("number") for i in request.session.items if hasattr(i, "callspec")}
    jobs = [(n, kind) for n in SCENARIOS if n in asked for kind in kinds(n)]
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        results = dict(zip(jobs, pool.map(lambda j: act(docker, *j), jobs)))
    time.sleep(INTERVAL + 1)
    wanted = {n for n in SCENARIOS if n in asked and (not SCENARIOS[n].get("call") or kernel_has(SCENARIOS[n]["call"]))}

    def missing():
        return {n for (n, _), rules in fired_of(docker, agent, [(n, "fire") for n in wanted]).items() if n not in rules}

    for n in [n for n in missing() for _ in range(SCENARIOS[n].get("again", 0))]:
        if n in missing():
            results[n, "fire"] = act(docker, n, "fire")
            time.sleep(INTERVAL + 1)
    until(lambda: not missing(), every=1)
    fired = fired_of(docker, agent, jobs)
    (build_dir / "rules-host.md").write_text(table(fired, [n for n in SCENARIOS if n in asked]))
    return results, fired


def kernel_has(call):
    # What a kernel was built without is there as a weak symbol.
    return re.search(rf"^\S+ [Tt] __\w+_sys_{call}$", pathlib.Path("/proc/kallsyms").read_text(), re.M)


@pytest.mark.parametrize("number", SCENARIOS)
def test_fires_and_its_twin_does_not(played, number):
    call = SCENARIOS[number].get("call")
    if call and not kernel_has(call):
        pytest.skip(f"this kernel has no {call}")
    results, fired = played
    for kind in kinds(number)[:-1]:
        p = results[number, kind]
        assert number in fired[number, kind], \
            f"{kind} did not fire; these did: {sorted(fired[number, kind])}; exit {p.returncode} {p.stderr[-500:]}"
    assert number not in fired[number, "quiet"], "its benign twin fired"


def test_every_rule_has_a_scenario():
    assert set(RULES) == set(SCENARIOS)
    assert len(RULES) >= 120


def test_a_script_that_env_starts_is_told_once(stage):
    docker, agent = stage
    docker("run", "--name", "once", "--network", "none", IMAGE, "sh", "-c",
           r"printf '#!/usr/bin/env sh\ntrue\n' >/srv/x; chmod +x /srv/x; /srv/x; cp /bin/true /srv/y; /srv/y")
    container = docker.remove("once")

    def told(rule):
        return [a["message"] for a in agent.told() if a["container"]["id"] == container and a["ruleId"] == rule]

    # Opens may be told after later programs, programs come in their order.
    until(lambda: told("SKEP-1901") and any("call=open" in m for m in told("SKEP-1911")))
    assert len(told("SKEP-1911")) == 1


def test_an_ancestor_that_is_not_known_excuses_nobody(stage):
    """Not every kernel tells who keeps the shim of a container that is older than the agent."""
    docker, agent = stage
    docker("exec", "-d", OLDER, "sh", "-c", "(sleep 1; cp /bin/true /tmp/one; /tmp/one) & exit 0")
    docker("exec", OLDER, "sh", "-c", "cp /bin/true /tmp/two; /tmp/two; true")
    time.sleep(1.5)
    container = docker.remove(OLDER)

    def told(rule):
        return " ".join(a["message"] for a in agent.told() if a["container"]["id"] == container and a["ruleId"] == rule)

    until(lambda: all(f"exe=/tmp/{n} " in told(rule) for rule in ("SKEP-1901", "SKEP-1903") for n in ("one", "two")))
    assert all(f"exe=/tmp/{n} " in told(rule) for rule in ("SKEP-1901", "SKEP-1903") for n in ("one", "two"))


def test_no_alert_lacks_its_container(stage, played):
    # Others' containers may run on this host; those are not of this engine.
    unknown = {a["container"]["id"] for a in stage[1].told() if not a["container"].get("name")} & set(stage[0].ids.values())
    assert not unknown
