"""Names of users in alerts, and containers that write their users' files so as to harm whoever reads them."""
import json
import os
import pathlib
import subprocess

import pytest

from agents import OURS, RULES, Agent, until
from containers import engine_apart
from services import need_root

# What a container does to its file, and what its root is called then: None, where that cannot be known.
FILES = {
    "plain": ("true", "root"),
    "malformed": (r"printf '\0\0:::\nroot\nx:y:z\n:x:0:0::/:/\nroot:x:-0:0::/:/\nroot:x:99999999999999999999:0::/:/\n"
                  r"boss:x:0:0:\377\n' > /etc/passwd", "boss"),
    "empty": (": > /etc/passwd", "<NA>"),
    "absent": ("rm /etc/passwd", "root"),  # as it was before: who deletes it is no other for that
    "fifo": ("rm /etc/passwd; mkfifo /etc/passwd", None),
    "folder": ("rm /etc/passwd; mkdir /etc/passwd", None),
    "huge": ("yes app:x:101:101::/:/bin/sh | head -c 70000 >> /etc/passwd", None),
    "outside": ("rm /etc/passwd; ln -s /proc/1/root/etc/passwd /etc/passwd", None),
    "device": ("rm /etc/passwd; mknod /etc/passwd c 1 5", None),
}


@pytest.fixture(scope="module")
def engine(shared):
    need_root()
    with engine_apart(shared) as e:
        yield e


@pytest.fixture
def agent(skep, tmp_path, engine):
    rules = RULES.replace('%proc.cmdline"', '%proc.cmdline in %container.name by %user.name of %group.name"')
    with Agent(skep, tmp_path, "--engine-data", engine.folder / "data", rules=rules) as a:
        yield a


def command(what, kind):
    """Does what it is told to, and each time there is a file of that name a marked program: an engine that starts one reads the file as well."""
    return ["sh", "-c", f"{what}; touch /ready; for w in first second; do while [ ! -e /$w ]; do sleep 0.05; done; "
            f"/bin/true {OURS}{kind}$w; done; exec sleep 1000"]


def root_of(engine, container):
    pid = engine.json("GET", f"/containers/{container}/json")["State"]["Pid"]
    return pid, pathlib.Path(f"/proc/{pid}/root")


def alert_of(agent, name, word):
    """The alert that tells of a program's start in a container."""
    return until(lambda: next((m for m in agent.told() if f"{OURS}{word} in {name} by " in m["message"]), None), 30)



def test_a_file_is_what_it_says_or_not_known(engine, agent):
    names = {kind: f"users-{kind}-{os.getpid()}" for kind in FILES}
    sensor = agent.parts()["sensor"]
    try:
        roots = {kind: root_of(engine, engine.run(names[kind], command=command(what, kind)))[1] for kind, (what, _) in FILES.items()}
        for kind, root in roots.items():
            assert until((root / "ready").exists, 30), kind
        # Long enough for what was read before to be too old to be believed.
        subprocess.run(["sleep", "8.5"], check=True)
        for root in roots.values():
            (root / "first").touch()
        for kind, (_, user) in FILES.items():
            alert = alert_of(agent, names[kind], kind + "first")
            assert alert, (kind, agent.said())
            assert f" by {user or '<unknown>'} of root" in alert["message"], alert
        assert agent.parts()["sensor"] == sensor, agent.said()
    finally:
        for name in names.values():
            engine.remove(name)


def test_a_file_that_never_opens_costs_its_own_container_alone(engine, agent):
    name = f"users-hang-{os.getpid()}"
    made, other = engine.run(name, command=command("true", "hang")), engine.run(name + "-other", command=command("true", "work"))
    sensor = agent.parts()["sensor"]
    fuse = os.open("/dev/fuse", os.O_RDWR)
    try:
        (pid, root), (_, other) = root_of(engine, made), root_of(engine, other)
        assert until((root / "ready").exists, 30) and until((other / "ready").exists, 30)
        subprocess.run(["nsenter", "-t", str(pid), "-m", "mount", "-t", "fuse", "-o", f"fd={fuse},rootmode=40000,user_id=0,group_id=0",
                        "none", "/etc"], check=True, pass_fds=[fuse])
        subprocess.run(["sleep", "8.5"], check=True)
        (root / "first").touch()
        (other / "first").touch()
        told = alert_of(agent, name, "hangfirst")
        assert told and " by <unknown> of <unknown>" in told["message"], (told, agent.said())
        told = alert_of(agent, name + "-other", "workfirst")
        assert told and " by root of root" in told["message"], agent.said()
        assert until(lambda: f"users of '{made}' are not known by their names" in agent.said(), 30), agent.said()
        # It is not asked again at once: now nobody waits.
        (root / "second").touch()
        assert alert_of(agent, name, "hangsecond"), agent.said()
        assert agent.parts()["sensor"] == sensor, agent.said()
    finally:
        os.close(fuse)
        engine.remove(name)
        engine.remove(name + "-other")
