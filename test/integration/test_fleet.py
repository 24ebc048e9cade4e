"""Agents and their console, both real: what happens on a host is in the store, once, whatever dies or lies in between."""
import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import time
import urllib.parse

import pytest

from agents import OURS, RULES, mark, until, word
from consoles import Console
from containers import RunningEngine
from fleet import JoinedAgent, alerts, ask, present
from services import need_root

FRESH = 90
OLD = f"old{os.getpid()}"  # others test on this machine at the same time, and an agent sees all that runs


@pytest.fixture
def agent(skep, tmp_path, console):
    need_root()
    with JoinedAgent(skep, tmp_path / "agent", console) as a:
        assert until(lambda: ask(console, "SELECT COUNT(*) FROM agent")[0][0] == 1, FRESH), a.said()
        yield a


@pytest.fixture(scope="module")
def engine(tmp_path_factory, shared):
    need_root()
    with RunningEngine(tmp_path_factory.mktemp("engine") / "e", unified=False) as e:
        e.load(shared / "rootfs" / "alpine-310-docker-save.tar.gz")
        old = (shared / "rootfs" / "alpine-docker-3.9.0-20190223.tar.xz").read_bytes()
        status, answer = e.request("POST", f"/images/create?fromSrc=-&repo={OLD}&tag=1", old)
        assert status == 200 and b"error" not in answer, answer
        yield e


def dry_run(console, condition):
    """How many stored alerts a rule with this condition holds for, and how many it cannot judge: what an agent told decides."""
    text = f"- rule: Tried\n  desc: d\n  condition: {condition}\n  output: x\n  priority: NOTICE\n"
    found = console.admin().ask("POST", "/api/v1/rules/dry-run", {"text": text}).json()
    assert found["judged"] == 1 and not found["unusable"], found
    return [(m["count"], m["unknown"]) for m in found["matched"]]


def test_what_happens_in_a_container_is_in_the_store(skep, tmp_path, console, engine):
    """An attack in a container made for it, the container itself, its image and who runs in it."""
    with JoinedAgent(skep, tmp_path / "agent", console, engine=engine) as a:
        made = engine.run("victim")
        try:
            assert until(lambda: ("container:" + made, "victim") in present(console, "container"), FRESH), a.said()
            run = engine.json("POST", f"/containers/{made}/exec", {"Cmd": ["/bin/true", OURS + "attack"]})
            engine.ask("POST", f"/exec/{run['Id']}/start", json.dumps({"Detach": True}).encode())
            assert until(lambda: alerts(console) == 1, FRESH), a.said()
            row = ask(console, "SELECT s.workload, s.image, s.host, s.agent FROM alert_series s WHERE s.rule = 'Marker'")
            assert row == [("victim", "alpine:3.10", os.uname().nodename, a.name())]
            [(ahead,)] = ask(console, "SELECT clock_ms FROM agent WHERE id = ?", a.name())
            assert -30_000 < ahead <= 0, "one clock: what it says is when it sent"
            assert dry_run(console, "evt.type = execve and container.name = victim") == [(1, 0)]
            assert dry_run(console, "evt.type in (openat, connect)") == []
            assert until(lambda: present(console, "image") and present(console, "host") and present(console, "user"), FRESH)
            assert until(lambda: any("sleep" in n for _, n in present(console, "process")), FRESH)
        finally:
            engine.remove("victim")
        assert until(lambda: ("container:" + made, "victim") not in present(console, "container"), FRESH)
        state, gone = ask(console, "SELECT state, gone_ns FROM asset WHERE id = ?", "container:" + made)[0]
        assert state == "exited" and gone > 0


def test_a_container_an_engine_tells_of_is_not_waited_for(skep, tmp_path, console, engine):
    """Control groups are read each 10 s: one that began, or began again, right after would take as long, each time, were the engine not heard."""
    names, seen, again = [f"prompt-{word(n)}" for n in range(6)], [], []
    with JoinedAgent(skep, tmp_path / "agent", console, engine=engine) as a:
        try:
            for name in names:
                made = engine.run(name)
                assert until(lambda: ("container:" + made, name) in present(console, "container"), FRESH), a.said()
                seen.append(time.monotonic())
            for _ in range(4):
                engine.ask("POST", f"/containers/{made}/stop?t=0", b"")
                assert until(lambda: ("container:" + made, name) not in present(console, "container"), FRESH), a.said()
                engine.ask("POST", f"/containers/{made}/start", b"")
                assert until(lambda: ("container:" + made, name) in present(console, "container"), FRESH), a.said()
                again.append(time.monotonic())
        finally:
            for name in names:
                engine.remove(name)
    for times in seen, again:
        assert min(after - before for before, after in zip(times, times[1:])) < 8, times


def test_every_kind_of_thing_arrives_and_goes(skep, tmp_path, console, engine):
    """Volume, network, process and port of a container, beside host, image and users; and what goes is gone."""
    name, number = f"kinds-{os.getpid()}", str(10000 + os.getpid() % 20000)
    engine.json("POST", "/volumes/create", {"Name": name})
    with JoinedAgent(skep, tmp_path / "agent", console, engine=engine) as a:
        made = engine.run(name, command=["nc", "-l", "-p", number], host={"Binds": [f"{name}:/data"]})

        def found(kind, text):
            return [i for i, n in present(console, kind) if text in i or text in n]

        def related(frm, kind, to):
            return ask(console, "SELECT COUNT(*) FROM relation WHERE from_id = ? AND kind = ? AND to_id = ? AND gone_ns = 0",
                       frm, kind, to)[0][0] == 1
        try:
            assert until(lambda: found("port", ":" + number), 60), a.said()
            assert until(lambda: found("volume", name) and found("network", "none"), 60), a.said()
            port, volume = found("port", ":" + number)[0], found("volume", name)[0]
            assert until(lambda: related(port, "in", "container:" + made), FRESH)
            assert until(lambda: related(volume, "used-by", "container:" + made), 60)
            assert until(lambda: any(related(p, "in", "container:" + made) for p in found("process", "nc")), FRESH)
            assert until(lambda: all(present(console, kind) for kind in ("host", "image", "user")), FRESH)
        finally:
            engine.remove(name)
            engine.ask("DELETE", f"/volumes/{name}", b"")
        assert until(lambda: not found("port", ":" + number) and not found("volume", name), 90), a.said()
        assert until(lambda: ("container:" + made) not in [i for i, _ in present(console, "container")], FRESH)


def test_users_of_containers(skep, tmp_path, console, engine):
    """As those of the host: who is there, who is added while it runs, what the one query box finds of them; and all go with it."""
    name = f"users-{os.getpid()}"
    with JoinedAgent(skep, tmp_path / "agent", console, engine=engine) as a:
        made = engine.run(name, command=["sh", "-c", "adduser -D -u 4711 -h /home/own own; sleep 1000"])

        def found(q):
            answer = console.admin().get("/api/v1/assets?" + urllib.parse.urlencode({"q": f"kind = user and {q}"}))
            assert answer.status == 200, answer
            return {i["name"]: i for i in answer.json()["items"]}

        here = f"container.id = {made[:12]}"
        own = f"user:{a.name()}/{made}/own"
        try:
            assert until(lambda: "own" in found(here), 60), a.said()
            users = found(here)
            assert users["own"]["id"] == own and users["own"]["summary"] == {
                "uid": 4711, "group": 4711, "home": "/home/own", "shell": "/bin/ash", "loginAllowed": True, "container": made}
            assert "nobody" not in users and found(here + " and user.login = true").keys() >= {"own", "root"}
            assert [i for i, _ in found("user.name = own and user.shell endswith ash").items()] == ["own"]
            # The host has a root, too, and it is another.
            assert until(lambda: f"user:{a.name()}/root" in [i for i, n in present(console, "user") if n == "root"], FRESH)
            assert ask(console, "SELECT to_id, kind FROM relation WHERE from_id = ? AND gone_ns = 0", own) == [("container:" + made, "in")]
            # Root by another name, while it runs.
            run = engine.json("POST", f"/containers/{made}/exec", {"Cmd": ["sh", "-c", "echo 'toor::0:0:::/bin/sh' >> /etc/passwd"]})
            engine.ask("POST", f"/exec/{run['Id']}/start", json.dumps({"Detach": True}).encode())
            assert until(lambda: found(here + " and user.name = toor"), FRESH), a.said()
            assert found(here)["root"]["summary"]["uid"] == found(here)["toor"]["summary"]["uid"] == 0
        finally:
            engine.remove(name)
        assert until(lambda: not found(here), FRESH), a.said()
        gone, = ask(console, "SELECT gone_ns FROM asset WHERE id = ?", own)[0]
        assert gone > 0


def image_row(console):
    """Of the image these tests made: others on this host may run others."""
    rows = ask(console, "SELECT digest, packages, scan_error, database_ns FROM image WHERE scanned_ns > 0 AND refs LIKE ?", f"%{OLD}:1%")
    return rows[0] if rows else None


def test_images_that_run_are_read_once_and_matched(skep, tmp_path, console, new_database, engine):
    """By the agent's scanner, and again from what is kept when another console wants to know."""
    with JoinedAgent(skep, tmp_path / "agent", console, engine=engine) as a:
        engine.run("scanned", image=f"{OLD}:1")
        try:
            assert until(lambda: image_row(console), 60), a.said()
            digest, packages, error, _ = image_row(console)
            said = skep.report("image", "--docker-host", engine.host, f"docker:{OLD}:1")
            assert packages == len(said["packages"]) and error == ""
            assert until(lambda: image_row(console)[3] > 0, 60), console.said()
            found = ask(console, "SELECT vulnerability, package FROM finding WHERE image = ?", digest)
            assert sorted(found) == sorted((f["vulnerability"], f["package"]) for f in said["findings"]) and found
            kept = a.state / "scans" / (digest.replace(":", "-") + ".json")
            read_at = kept.stat().st_mtime_ns
        except BaseException:
            engine.remove("scanned")
            raise
    # Another console: the agent is told to join it, and reads nothing again.
    other = tmp_path / "other"
    other.mkdir()
    try:
        with Console(other, database=new_database()) as second, JoinedAgent(skep, tmp_path / "agent", second, engine=engine) as b:
            assert until(lambda: image_row(second), 60), b.said()
            assert kept.stat().st_mtime_ns == read_at
            assert until(lambda: ask(second, "SELECT COUNT(*) FROM agent_command WHERE done_ns > 0")[0][0] >= 1, FRESH)
    finally:
        engine.remove("scanned")


def test_a_console_that_was_away_misses_nothing(console, agent):
    mark(*range(20))
    assert until(lambda: alerts(console) == 20, FRESH)
    port = console.port
    console.end()
    mark(*range(20, 60))
    assert until(lambda: len(agent.marked()) == 60, FRESH)
    console.args[console.args.index("--listen") + 1] = f"127.0.0.1:{port}"
    console.start()
    assert until(lambda: alerts(console) >= 60, 90), (alerts(console), agent.said())
    time.sleep(1)
    assert alerts(console) == 60


def waits(agent, spool, what):
    """Whether it lies on the agent's disk."""
    for f in (agent.state / "spool").glob(f"console-{spool}.0*"):
        with contextlib.suppress(FileNotFoundError):  # a piece whose last line was told goes
            if what in f.read_bytes():
                return True
    return False


def test_alerts_go_before_what_else_waited(console, agent):
    """Things that were told first are there last, when all had to wait for a console."""
    assert until(lambda: present(console, "host") and present(console, "port"), FRESH)
    listen = console.port
    console.end()
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert until(lambda: waits(agent, "inventory", b'"port":%d' % port), 90), agent.said()
        mark(*range(7))
        assert until(lambda: len(agent.marked()) == 7 and waits(agent, "alerts", b"Marker"), FRESH), agent.said()
        console.args[console.args.index("--listen") + 1] = f"127.0.0.1:{listen}"
        console.start()
        assert until(lambda: [n for n, _ in present(console, "port") if f":{port}" in n] and alerts(console) == 7, 90), agent.said()
        [(told,)] = [ask(console, "SELECT first_ns FROM asset WHERE id = ?", n)[0] for n, _ in present(console, "port") if f":{port}" in n]
    days = [day for day, in ask(console, "SELECT day FROM alert_day")]
    received = max(ms for day in days for ms, in ask(console, f"SELECT a.received_ms FROM alert_{day} a JOIN alert_series s ON s.id = a.series "
                                                              "WHERE s.rule = 'Marker'"))
    assert received * 10**6 < told


def fired(console, rule):
    return ask(console, "SELECT COUNT(*) FROM alert_series WHERE rule = ?", rule)[0][0] > 0


def test_rules_of_the_console_are_what_agents_judge_by(skep, tmp_path, console):
    """A rule written at the console fires on the host; an agent that starts while the console is away has it still."""
    need_root()
    admin = console.admin()
    rule = RULES.replace("rule: Marker", "rule: Ruled").replace(OURS, OURS + "ruled")
    with JoinedAgent(skep, tmp_path / "agent", console) as a:
        assert until(lambda: ask(console, "SELECT COUNT(*) FROM agent")[0][0] == 1, FRESH), a.said()
        answer = admin.ask("POST", "/api/v1/rule-files", {"name": "ours", "text": rule})
        assert answer.status == 201, answer
        assert until(lambda: "rules loaded again" in a.said(), FRESH), a.said()
        subprocess.run(["/bin/true", OURS + "ruled"], check=True)
        assert until(lambda: fired(console, "Ruled"), FRESH), a.said()
        assert until(lambda: ask(console, "SELECT COUNT(*) FROM agent_command WHERE kind = 'rules' AND ok = 1")[0][0], FRESH)
    console.end()
    with JoinedAgent(skep, tmp_path / "agent", console) as a:
        subprocess.run(["/bin/true", OURS + "ruled"], check=True)
        assert until(lambda: "Ruled" in a.alerts.read_text(), FRESH), a.said()


@pytest.mark.parametrize("victim", ["console", "uplink", "agent"])
def test_nothing_is_lost_or_doubled_by_kills(skep, tmp_path, console, victim):
    """kill -9 at random moments while alerts come; in the end each is stored once."""
    need_root()
    rng = random.Random(victim)
    a = JoinedAgent(skep, tmp_path / "agent", console)
    a.__enter__()
    try:
        console.args[console.args.index("--listen") + 1] = f"127.0.0.1:{console.port}"
        sent = 0
        for _ in range(4):
            mark(*range(sent, sent + 50))
            sent += 50
            time.sleep(rng.uniform(0, 0.4))
            if victim == "console":
                console.end(signal.SIGKILL)
                console.start()
            elif victim == "uplink":
                a.end("uplink")
            else:
                # They have left the sensor, and are with the console or on their way to it.
                assert until(lambda: len(a.marked()) == sent, FRESH)
                assert until(lambda: waits(a, "alerts", word(sent - 1).encode()) or alerts(console) == sent, FRESH), a.said()
                os.kill(a.pid, signal.SIGKILL)
                a.process.child.wait()
                a.process.__enter__()
                assert until(lambda: "uplink" in a.parts() and "watching by" in a.said(), FRESH), a.said()
        assert until(lambda: alerts(console) >= sent, 90), (alerts(console), sent, a.said()[-2000:])
        time.sleep(1)
        assert alerts(console) == sent
    finally:
        a.__exit__(None, None, None)
