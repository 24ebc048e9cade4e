"""Containers in a user namespace of their own (dockerd --userns-remap): what is told of them, in the numbers they have inside."""
import json
import os
import pathlib
import subprocess

import pytest

from agents import OURS, RULES, until
from containers import engine_apart
from fleet import JoinedAgent, ask
from services import need_root

FIRST = 300000
COMMAND = ["sh", "-c", "adduser -D -u 4711 own; su own -c 'sleep 1001' & exec nc -l -p 23456"]


@pytest.fixture(scope="module")
def engine(shared):
    need_root()
    with engine_apart(shared, remap=FIRST) as e:
        yield e


@pytest.fixture
def container(engine):
    """A container's name, id and first process."""
    name = f"remap-{os.getpid()}"
    made = engine.run(name, command=COMMAND)
    try:
        pid = engine.json("GET", f"/containers/{made}/json")["State"]["Pid"]
        assert pathlib.Path(f"/proc/{pid}/uid_map").read_text().split() == ["0", str(FIRST), "65536"]
        yield name, made, pid
    finally:
        engine.remove(name)


def docs(console, kind, container):
    """What was told of things of a kind in a container."""
    found = [json.loads(d) for d, in ask(console, "SELECT doc FROM asset WHERE id LIKE ? AND gone_ns = 0", kind + ":%")]
    return [d for d in found if d.get("container") == container]


def test_users_processes_and_ports_are_told_as_the_container_has_them(skep, tmp_path, console, engine, container):
    _, made, _ = container
    with JoinedAgent(skep, tmp_path / "agent", console, engine=engine) as a:
        assert until(lambda: {"root", "own"} <= {u["name"] for u in docs(console, "user", made)}, 40), a.said()
        users = {u["name"]: u for u in docs(console, "user", made)}
        assert (users["root"]["uid"], users["own"]["uid"], users["own"]["loginAllowed"]) == (0, 4711, True)

        def who(kind, word):
            return next(((d.get("uid"), d.get("hostUid"), d.get("user")) for d in docs(console, kind, made)
                         if word in d["name"] and "user" in d), None)
        assert until(lambda: who("process", "nc") and who("process", "sleep") and who("port", "nc"), 60), a.said()
        assert who("process", "nc") == who("port", "nc") == (0, FIRST, "root")
        assert who("process", "sleep") == (4711, FIRST + 4711, "own")
        # The host's own are as they were.
        assert until(lambda: any(d["name"] == "dockerd" and d["uid"] == 0 and d["user"] == "root" and "hostUid" not in d
                                 for d in docs(console, "process", "host")), 30)
        assert f"users of '{made}'" not in a.said() and "users of 'host'" not in a.said()


def test_alerts_name_users_as_the_container_does(skep, tmp_path, console, engine, container):
    """From what the engine keeps on disk, without asking it: its folder is another than without such a namespace."""
    name, made, _ = container
    rules = RULES.replace('%proc.cmdline"', '%proc.cmdline in %container.name by %user.uid=%user.name"')
    with JoinedAgent(skep, tmp_path / "agent", console, "--engine-data", engine.folder / "data", rules=rules) as a:
        for user, word in (("0", "first"), ("65534", "last"), ("1717", "none")):
            run = engine.json("POST", f"/containers/{made}/exec", {"Cmd": ["/bin/true", OURS + word], "User": user})
            engine.ask("POST", f"/exec/{run['Id']}/start", json.dumps({"Detach": True}).encode())
        want = [f"in {name} by {FIRST + u}={n}" for u, n in ((0, "root"), (65534, "nobody"), (1717, "<NA>"))]
        assert until(lambda: all(any(w in m["message"] for m in a.told()) for w in want), 30), (want, [m["message"] for m in a.told()])


def test_a_file_that_never_opens_holds_up_nobody(skep, tmp_path, console, engine, container):
    """A file system nobody serves where a container's users stand: that is said, and all else is told meanwhile."""
    name, made, pid = container
    other = engine.run(name + "-other")
    fuse = os.open("/dev/fuse", os.O_RDWR)
    try:
        subprocess.run(["nsenter", "-t", str(pid), "-m", "mount", "-t", "fuse", "-o", f"fd={fuse},rootmode=40000,user_id=0,group_id=0",
                        "none", "/etc"], check=True, pass_fds=[fuse])
        with JoinedAgent(skep, tmp_path / "agent", console, engine=engine) as a:
            census = a.parts()["census"]
            assert until(lambda: {u["name"] for u in docs(console, "user", other)} >= {"root"}, 60), a.said()
            assert until(lambda: f"users of '{made}' are not told, or not all: its file system does not answer" in a.said(), 30), a.said()
            assert docs(console, "user", "host") and not docs(console, "user", made)
            assert until(lambda: {d["name"] for d in docs(console, "process", made)} >= {"nc", "sleep"}, 30), a.said()
            assert a.parts()["census"] == census and "users of 'host'" not in a.said()
    finally:
        os.close(fuse)
        engine.remove(name + "-other")
