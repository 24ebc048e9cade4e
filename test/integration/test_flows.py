"""Who talks to whom: connections of real containers are counted exactly, once at each end, whoever dies meanwhile."""
import json
import os
import signal
import subprocess
import time
from urllib.parse import quote

import pytest

from agents import until
from containers import RunningEngine
from fleet import JoinedAgent, Peer, ask, token
from services import need, need_root

FRESH = 90
SERVER, CLIENT, PORT = "10.231.7.1", "10.231.7.2", 8080


@pytest.fixture(scope="module")
def engine(tmp_path_factory, shared):
    need_root()
    need("ip", "nsenter")
    with RunningEngine(tmp_path_factory.mktemp("engine") / "e", unified=False) as e:
        e.load(shared / "rootfs" / "alpine-310-docker-save.tar.gz")
        yield e


class Pair:
    """Two containers joined by a wire of their own: one listens, the other connects when it is told to."""

    def __init__(self, engine):
        self.engine = engine
        self.ids = {}

    def __enter__(self):
        # Listens before there is an agent.
        self.ids["server"] = self.engine.run("flow-server", command=("nc", "-lk", "-p", str(PORT), "-e", "/bin/true"))
        self.ids["client"] = self.engine.run("flow-client")
        pids = {k: self.engine.json("GET", f"/containers/{i}/json")["State"]["Pid"] for k, i in self.ids.items()}
        name = f"sk{os.getpid() % 100000}"
        subprocess.run(["ip", "link", "add", name, "netns", str(pids["server"]), "type", "veth", "peer", "name", name + "p",
                        "netns", str(pids["client"])], check=True)
        for who, link, address in (("server", name, SERVER), ("client", name + "p", CLIENT)):
            inside = ["nsenter", "-t", str(pids[who]), "-n", "ip"]
            subprocess.run([*inside, "addr", "add", address + "/24", "dev", link], check=True)
            subprocess.run([*inside, "link", "set", link, "up"], check=True)
        return self

    def __exit__(self, *_):
        self.engine.remove("flow-server")
        self.engine.remove("flow-client")

    def asset(self, who):
        return "container:" + self.ids[who]

    def connect(self, times):
        """Returns when all were connected and closed by the server."""
        script = f"n=0; for i in $(seq {times}); do nc {SERVER} {PORT} </dev/null && n=$((n+1)); done; exit $((n != {times}))"
        run = self.engine.json("POST", f"/containers/{self.ids['client']}/exec", {"Cmd": ["sh", "-c", script]})["Id"]
        self.engine.ask("POST", f"/exec/{run}/start", json.dumps({"Detach": True}).encode())
        assert until(lambda: not self.engine.json("GET", f"/exec/{run}/json")["Running"], FRESH)
        assert self.engine.json("GET", f"/exec/{run}/json")["ExitCode"] == 0


def flows(api, **query):
    answer = api.get("/api/v1/flows?" + "&".join(f"{k}={quote(str(v), safe='')}" for k, v in query.items()))
    assert answer.status == 200, answer
    return answer.json()["items"]


def counted(api, pair, who):
    return sum(f["connections"] for f in flows(api, asset=pair.asset(who), port=PORT))


def test_connections_of_containers_are_counted_once_at_each_end(skep, tmp_path, console, engine):
    with Pair(engine) as pair, JoinedAgent(skep, tmp_path / "agent", console, "--flow-interval", "1s", engine=engine) as a:
        admin = console.admin()
        pair.connect(37)
        assert until(lambda: counted(admin, pair, "client") == counted(admin, pair, "server") == 37, FRESH), a.said()
        (f,) = flows(admin, asset=pair.asset("client"))
        assert f["peer"] == {"kind": "asset", "address": SERVER, "asset": pair.asset("server"), "name": "flow-server"}
        assert (f["role"], f["protocol"], f["port"], f["process"], f["agent"]) == ("client", "tcp", PORT, "nc", a.name())
        assert f["own"] == {"kind": "asset", "address": CLIENT, "asset": pair.asset("client"), "name": "flow-client"}
        (f,) = flows(admin, asset=pair.asset("server"))
        assert (f["role"], f["process"], f["peer"]["name"], f["peer"]["address"]) == ("server", "nc", "flow-client", CLIENT)
        assert [x["own"]["name"] for x in flows(admin, peer=pair.asset("server"))] == ["flow-client"]
        assert flows(admin, asset=pair.asset("client"), port=PORT + 1) == []
        # How they belong together.
        detail = admin.get("/api/v1/assets/" + quote(pair.asset("client"), safe="")).json()
        assert [(r["direction"], r["asset"]["name"]) for r in detail["relations"] if r["kind"] == "talks-to"] == \
            [("from", "flow-server")]
        graph = admin.get(f"/api/v1/assets/graph?depth=1&root={quote(pair.asset('server'), safe='')}").json()
        assert {"from": pair.asset("client"), "kind": "talks-to", "to": pair.asset("server")} in graph["edges"]


def test_nothing_is_doubled_by_kills(skep, tmp_path, console, engine):
    """kill -9 of the console and of each part of the agent that has connections at hand."""
    with Pair(engine) as pair, JoinedAgent(skep, tmp_path / "agent", console, "--flow-interval", "1s", engine=engine) as a:
        console.args[console.args.index("--listen") + 1] = f"127.0.0.1:{console.port}"
        sent = 0
        for victim in ("console", "uplink", "sensor", "console"):
            pair.connect(9)
            if victim == "console":
                console.end(signal.SIGKILL)
                pair.connect(4)
                console.start()
            else:
                a.end(victim)
                pair.connect(4)
            sent += 13
        admin = console.admin()
        assert until(lambda: counted(admin, pair, "server") >= sent, 60), (counted(admin, pair, "server"), sent, a.said()[-2000:])
        time.sleep(2.5)
        assert counted(admin, pair, "server") == counted(admin, pair, "client") == sent


def record(*items, **more):
    return {"time": "2026-01-01T00:00:00.000000000Z", "lost": 0, "flows": list(items), **more}


def item(**more):
    now = time.time_ns()
    return {"container": "host", "process": "p", "role": "client", "protocol": "tcp", "local": "192.0.2.1", "peer": "192.0.2.2",
            "port": 80, "connections": 5, "firstNs": now - 1, "lastNs": now, **more}


def test_what_comes_again_or_is_none_changes_nothing(console, tmp_path):
    peer = Peer(console, tmp_path / "peer", token(console))
    other = Peer(console, tmp_path / "other", token(console))
    admin = console.admin()
    hostile = "<script>'; DROP TABLE flow_day; --"
    lines = [peer.line("container", {"time": "2026-01-01T00:00:00Z", "id": "mine", "name": "mine", "state": "running"}),
             peer.line("flows", record(item(container="mine", process=hostile), item(port=0), item(local="1.2.3"), 7, lost=11)),
             peer.line("flows", "[]")]
    status, answer = peer.batch(*lines)
    assert status == 200 and answer["refused"] == 4, answer
    assert peer.batch(*lines)[0] == 200
    (f,) = flows(admin)
    assert (f["connections"], f["own"]["asset"], f["process"]) == (5, "container:mine", hostile)
    # One that another agent told of is that agent's.
    assert other.batch(other.line("flows", record(item(container="mine"))))[0] == 200
    assert [x["own"]["kind"] for x in flows(admin) if x["agent"] == other.id] == ["address"]
    assert sum(x["connections"] for x in flows(admin, asset="container:mine")) == 5
    agents = {x["id"]: x["flowsLost"] for x in admin.get("/api/v1/agents").json()["items"]}
    assert agents == {peer.id: 11, other.id: 0}
    assert peer.batch(peer.line("loss", {"spool": "flows", "count": 2, "why": "no room"}))[0] == 200
    assert ask(console, "SELECT flows_lost, lost FROM agent WHERE id = ?", peer.id) == [(13, 0)]
