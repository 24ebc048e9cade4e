"""Parts of the agent that are killed or wedged are replaced, the gap is told, and nothing that waited is lost."""
import os
import re
import signal
import subprocess
import time

import pytest

from agents import RULES, Agent, capabilities, children, mark, until, word
from conftest import BUILD
from services import need

KEPT = {"sensor": 1 << 39 | 1 << 38 | 1 << 19 | 1 << 2, "uplink": 0}  # BPF, PERFMON, SYS_PTRACE, DAC_READ_SEARCH


@pytest.fixture
def agent(skep, tmp_path):
    with Agent(skep, tmp_path) as a:
        yield a


def test_parts_hold_no_more_than_they_need(agent):
    parts = agent.parts()
    for part, caps in KEPT.items():
        now = capabilities(parts[part])
        assert (now["CapEff"], now["CapPrm"], now["CapBnd"], now["CapInh"], now["CapAmb"]) == (caps, caps, caps, 0, 0), part
        assert now["NoNewPrivs"] == 1 and now["Seccomp"] == 2, part
    # What is left is enough to work: a reload and an alert.
    os.kill(agent.pid, signal.SIGHUP)
    assert until(lambda: "rules loaded again" in agent.said())
    mark(1)
    assert until(lambda: agent.marked() == [word(1)])


@pytest.mark.parametrize("part", ["sensor", "uplink"])
def test_a_killed_part_is_back_within_a_second_and_nothing_is_lost(agent, part):
    mark(*range(50))
    # Killed while events stream: those are in the rings, or in the socket between the parts.
    pid = agent.end(part)
    mark(*range(50, 250))
    assert agent.replaced(part, pid)
    mark(*range(250, 300))
    want = {word(n) for n in range(300)}
    assert until(lambda: set(agent.marked()) >= want), sorted(want - set(agent.marked()))
    told = agent.marked()
    assert max(told.count(w) for w in want) <= 2
    assert until(lambda: len(agent.gaps()) == 1)
    away = re.fullmatch(rf"the agent's {part} was replaced; it was away for (\d+) ms", agent.gaps()[0])
    assert away and int(away[1]) < 1000, agent.gaps()
    assert [a["messageZh"] for a in agent.told() if a.get("ruleId") == "SKEP-0001"] == [f"代理的部件 {part} 已重启，中断 {away[1]} 毫秒"]


@pytest.mark.parametrize("part", ["sensor", "uplink"])
def test_a_wedged_part_is_replaced_within_four_seconds(agent, part):
    begun = time.monotonic()
    pid = agent.end(part, signal.SIGSTOP)
    mark(*range(100))
    assert agent.replaced(part, pid)
    assert time.monotonic() - begun < 4.5
    assert f"{part} gave no sign of life" in agent.said()
    want = {word(n) for n in range(100)}
    assert until(lambda: set(agent.marked()) >= want), sorted(want - set(agent.marked()))
    assert until(lambda: len(agent.gaps()) == 1)


def test_a_part_that_dies_again_and_again_comes_back_each_time(agent):
    for deaths in range(1, 4):
        pid = agent.end("sensor")
        assert agent.replaced("sensor", pid)
        # One that dies before it is ready is part of its predecessor's gap.
        assert until(lambda: len(agent.gaps()) == deaths), agent.said()
    mark(7)
    assert until(lambda: word(7) in agent.marked())


def test_who_has_users_files_read_is_back_with_its_sensor(agent):
    """Nobody need ask for a name before it is missed."""
    sensor = agent.parts()["sensor"]
    [broker] = children(sensor)
    os.kill(int(broker), signal.SIGKILL)
    assert agent.replaced("sensor", sensor)
    assert "what reads users' names is gone" in agent.said()
    mark(8)
    assert until(lambda: word(8) in agent.marked())
    assert until(lambda: len(agent.gaps()) == 1)


def test_reload_takes_good_rules_and_keeps_the_old_ones_when_they_are_bad(agent):
    agent.rules.write_text("- rule: [")
    os.kill(agent.pid, signal.SIGHUP)
    assert until(lambda: "the old ones stay" in agent.said()), agent.said()
    mark(1)
    assert until(lambda: word(1) in agent.marked())
    agent.rules.write_text(RULES.replace("rule: Marker", "rule: Marker two"))
    os.kill(agent.pid, signal.SIGHUP)
    assert until(lambda: "rules loaded again" in agent.said())
    mark(2)
    assert until(lambda: any(a["rule"] == "Marker two" for a in agent.told()))


def test_what_the_successor_holds_survives_a_reload(agent):
    os.kill(agent.pid, signal.SIGHUP)
    assert until(lambda: "rules loaded again" in agent.said())
    pid = agent.end("sensor")
    mark(*range(100))
    assert agent.replaced("sensor", pid)
    want = {word(n) for n in range(100)}
    assert until(lambda: set(agent.marked()) >= want), sorted(want - set(agent.marked()))


def test_an_agent_that_cannot_begin_says_so_and_ends(skep, tmp_path):
    bad = tmp_path / "bad.yaml"
    bad.write_text("- rule: [")
    p = skep.run("agent", "run", "-r", bad, "--control", "", timeout=60)
    assert p.returncode == 2
    # One sentence, in the user's language, and no other that only points at it.
    assert len([line for line in p.err.splitlines() if "error: " in line]) == 1 and str(bad) in p.err, p.err
    assert "no rule is left to judge by; see --rules" in p.err.splitlines()[-1], p.err
    zh = skep.run("--lang", "zh", "agent", "run", "-r", bad, "--control", "", timeout=60)
    assert "没有可用的规则" in zh.err.splitlines()[-1], zh.err
    # Whichever program it is, and whatever is wrong, it ends by one rule: a path too long for a socket is no wrong usage.
    for wrong in (["-r", bad, "--control", ""], ["--control", tmp_path / ("x" * 120)]):
        codes = [subprocess.run([*program, "-f", "none", "--no-engines", *map(str, wrong)], env=skep.env, capture_output=True, timeout=60,
                                stdin=subprocess.DEVNULL).returncode for program in ([skep.binary, "agent", "run"], [BUILD / "bin" / "skep-agent"])]
        assert codes[0] == codes[1] and (codes[0] == 2) == (bad in wrong), codes


def test_two_agents_share_a_host(skep, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    with Agent(skep, tmp_path / "a") as a, Agent(skep, tmp_path / "b") as b:
        mark(3)
        assert until(lambda: a.marked() == [word(3)] and b.marked() == [word(3)])


UNIT_CAPS = ("bpf", "perfmon", "sys_ptrace", "dac_read_search", "net_admin")


def test_the_unit_bounds_the_agent_and_systemd_understands_it(tmp_path, source_dir, build_dir):
    unit = (source_dir / "dist/systemd/skep-agent.service").read_text()
    bound = re.search(r"^CapabilityBoundingSet=(.*)$", unit, re.M)[1]
    assert bound.lower().replace("cap_", "").split() == list(UNIT_CAPS)
    need("systemd-analyze")
    file = tmp_path / "skep-agent.service"
    file.write_text(unit.replace("@bindir@", str(build_dir / "bin")))
    p = subprocess.run(["systemd-analyze", "verify", "--man=no", file], capture_output=True, text=True, timeout=60)
    assert p.returncode == 0 and "skep-agent.service" not in p.stderr, p.stderr


def unseen(agent):
    return re.findall(r"sensor: (\d+ kinds of events .*)", agent.said())[:1]


def test_the_agent_works_with_the_units_capabilities_alone(skep, tmp_path):
    need("setpriv", "unshare")
    (tmp_path / "all").mkdir()
    with Agent(skep, tmp_path / "all", "-r", "default") as free:
        pass
    agent = Agent(skep, tmp_path, "-r", "default")
    caps = ",".join(["-all", *(f"+{c}" for c in UNIT_CAPS)])
    # systemd mounts tracefs on every host.
    agent.process.args = ["unshare", "-m", "sh", "-c", 'mount -t tracefs tracefs /sys/kernel/tracing; exec "$@"', "sh",
                          "setpriv", "--no-new-privs", "--inh-caps", "-all", "--bounding-set", caps, *agent.process.args]
    with agent:
        assert unseen(agent) == unseen(free)
        mark(*range(20))
        assert until(lambda: len(agent.marked()) == 20)
        assert capabilities(agent.pid)["CapEff"] == KEPT["sensor"] | 1 << 12
        assert capabilities(agent.parts()["sensor"])["CapEff"] == KEPT["sensor"]
        for part in ("sensor", "uplink"):
            pid = agent.end(part)
            assert agent.replaced(part, pid)
        mark(21)
        assert until(lambda: word(21) in agent.marked())
        assert unseen(agent) == unseen(free)


def hooks(pid):
    """How many maps and programs at work in the kernel a process holds."""
    held = 0
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            held += bool(re.search(r"bpf[-_](map|link)", os.readlink(f"/proc/{pid}/fd/{fd}")))
        except FileNotFoundError:
            continue  # closed since it was listed
    return held


def test_a_successor_gets_every_hook(skep, tmp_path):
    """With rules for everything, too: what is not handed over would see nothing until it is made anew."""
    with Agent(skep, tmp_path, "-r", "default") as a:
        assert until(lambda: hooks(a.pid) == hooks(a.parts()["sensor"])), (hooks(a.pid), hooks(a.parts()["sensor"]))
        assert hooks(a.pid) > 40
