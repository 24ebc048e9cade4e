"""What an agent costs, by part: every process it starts is counted, once, whoever of them has ended, and the console shows it."""
import json
import os
import pathlib
import signal
import time

import images
import jsonschema
import pytest
from agents import until
from consoles import Console
from containers import Engine
from fleet import JoinedAgent, ask, change
from services import need_root

PACKAGES, LAYERS = 30000, 3
SCHEMA = json.loads((pathlib.Path(__file__).parents[2] / "doc/schemas/agent-stats-1.schema.json").read_text())


class Account:
    """A control group whose processor time the kernel counts: who is put into it, and all they start."""

    def __init__(self):
        v1 = pathlib.Path("/sys/fs/cgroup/cpuacct")
        self.v1 = v1.is_dir()
        self.folder = (v1 if self.v1 else pathlib.Path("/sys/fs/cgroup")) / f"skep-test-{os.getpid()}"

    def __enter__(self):
        self.folder.mkdir()
        return self

    def __exit__(self, *_):
        until(lambda: not (self.folder / "cgroup.procs").read_text())
        self.folder.rmdir()

    def around(self, command):
        return ["sh", "-c", f'echo $$ > {self.folder}/cgroup.procs && exec "$@"', "sh", *command]

    def seconds(self):
        if self.v1:
            return int((self.folder / "cpuacct.usage").read_text()) / 1e9
        return int((self.folder / "cpu.stat").read_text().split()[1]) / 1e6


@pytest.fixture(scope="module")
def engine(tmp_path_factory):
    """With an image that takes a while to be read; it need not run."""
    need_root()
    with Engine(tmp_path_factory.mktemp("engine") / "e") as e:
        layers = [images.base(*(f"package-{i}={n}.{i}" for i in range(PACKAGES))) for n in range(LAYERS)]
        archive = images.docker_save(layers, tag="large:1")
        status, answer = e.request("POST", "/images/load", archive)
        assert status == 200 and b"error" not in answer, answer
        e.image = json.loads(e.request("GET", "/images/large:1/json")[1])["Id"]
        yield e


def scan(console, agent, image):
    change(console, "INSERT INTO agent_command (agent, kind, members, made_ns, done_ns, ok, message) VALUES (?, 'scan', ?, ?, 0, 0, '')",
           agent, f'"image":"{image}"', time.time_ns())


def told(skep, a):
    """What the agent says each part costs."""
    p = skep.run("agent", "top", "--control", a.control, "--json", "-n", 1, check=0)
    stats = json.loads(p.out)
    jsonschema.validate(stats, SCHEMA)
    return {p["part"]: p for p in stats.get("parts", [])}  # none before the first look


def seconds(part):
    return (part["cpuUserMs"] + part["cpuSystemMs"]) / 1000


def agrees(skep, a, account):
    """The kernel's account and the agent's are the same but for what a second brings, and the ticks by which processes are counted."""
    before = account.seconds()
    ours = sum(seconds(p) for p in told(skep, a).values())
    return abs(ours - before) < 0.15


def test_all_processes_are_counted(skep, tmp_path, engine):
    """An image is read by children of the scanner, once to the end, once until the scanner is killed: neither is lost."""
    (tmp_path / "console").mkdir()
    with Account() as account, Console(tmp_path / "console") as console:
        agent = JoinedAgent(skep, tmp_path / "agent", console, engine=engine)
        agent.process.args = account.around(agent.process.args)
        with agent as a:
            admin = console.admin()
            path = f"/api/v1/agents/{a.name()}"

            def shown():
                return {p["part"]: p for p in admin.get(path).json()["parts"]}

            assert until(lambda: set(told(skep, a)) == {"supervisor", "sensor", "census", "scanner", "uplink"}), a.said()
            assert until(lambda: agrees(skep, a, account)), (told(skep, a), account.seconds())
            rest = seconds(told(skep, a)["scanner"])
            scan(console, a.name(), engine.image)
            assert until(lambda: told(skep, a)["scanner"]["processes"] > 1), a.said()
            assert until(lambda: ask(console, "SELECT COUNT(*) FROM image WHERE scanned_ns > 0 AND packages = ?", PACKAGES) == [(1,)]), a.said()
            assert until(lambda: agrees(skep, a, account)), (told(skep, a), account.seconds())
            cost = seconds(told(skep, a)["scanner"]) - rest
            # The console shows the same within its interval, and who is not among the parts that live.
            assert until(lambda: shown()["scanner"]["cpuSeconds"] >= cost), shown()
            assert shown()["scanner"]["cpu"] > 0 and shown()["scanner"]["processes"] == 1
            answer = admin.get(path).json()
            assert answer["agent"]["memory"] == sum(p["memory"] for p in answer["parts"]) > 0
            # One that is killed leaves its readers to the supervisor, and what all cost until then to its successor.
            kept = a.state / "scans" / (engine.image.replace(":", "-") + ".json")
            for f in [kept, *(a.state / "layers").rglob("*")]:
                f.is_file() and f.unlink()
            scan(console, a.name(), engine.image)
            assert until(lambda: told(skep, a)["scanner"]["processes"] > 1), a.said()
            before = seconds(told(skep, a)["scanner"])
            a.replaced("scanner", a.end("scanner", signal.SIGKILL))
            scan(console, a.name(), engine.image)
            assert until(kept.exists), a.said()
            assert until(lambda: agrees(skep, a, account)), (told(skep, a), account.seconds())
            assert seconds(told(skep, a)["scanner"]) >= before
