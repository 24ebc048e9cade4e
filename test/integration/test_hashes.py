"""Programs that lists of threat intelligence name by their hash: from the list at the console to the alert that names the rule."""
import datetime
import hashlib
import json
import os
import secrets
import shutil
import signal
import subprocess
import time

import pytest

from agents import Agent, until
from consoles import Console
from containers import RunningEngine
from fleet import JoinedAgent, alerts, ask
from services import need, need_root

FRESH = 90
RULE = "Program of threat intelligence"


@pytest.fixture(scope="module", params=["overlay2", "vfs"])
def engine(request, tmp_path_factory, shared):
    need_root()
    need("gcc")
    with RunningEngine(tmp_path_factory.mktemp("engine") / "e", unified=False, storage=request.param) as e:
        e.load(shared / "rootfs" / "alpine-310-docker-save.tar.gz")
        yield e


@pytest.fixture(scope="module")
def programs(tmp_path_factory):
    """Harmless programs that end at once or after a while, each with a hash of its own, which no other run of these tests has: {name: path}."""
    folder = tmp_path_factory.mktemp("programs")
    made = {}
    for n, name in enumerate(["sha256", "sha1", "md5", "unlisted", "expiring", "lasting"]):
        subprocess.run(["gcc", "-static", "-x", "c", "-", "-o", folder / name], check=True,
                       input=b"#include <unistd.h>\nconst char run[] __attribute__((used)) = \"%s\";\nint main(void) { return %d + sleep(%d); }"
                       % (secrets.token_hex().encode(), n, 4 if name == "lasting" else 0))
        made[name] = folder / name
    large = folder / "large"
    shutil.copy(made["unlisted"], large)
    with large.open("r+b") as f:
        f.truncate(200 << 20)
    made["large"] = large
    return made


def digest(kind, path):
    return hashlib.new(kind, path.read_bytes()).hexdigest()


def execute(engine, container, *command):
    run = engine.json("POST", f"/containers/{container}/exec", {"Cmd": list(command)})
    engine.ask("POST", f"/exec/{run['Id']}/start", json.dumps({"Detach": True}).encode())
    assert until(lambda: not engine.json("GET", f"/exec/{run['Id']}/json")["Running"])
    return engine.json("GET", f"/exec/{run['Id']}/json")["ExitCode"]


def told(admin, text):
    """Alerts of the rule whose message has @text in it."""
    return [a for a in admin.get("/api/v1/alerts?limit=100").json()["items"] if a["rule"] == RULE and text in a["message"]]


def loaded(agent, times):
    return until(lambda: agent.said().count("rules loaded again") >= times, FRESH)


def test_a_listed_program_is_told(skep, tmp_path, engine, programs):
    folder = tmp_path / "console"
    folder.mkdir()
    with Console(folder) as console:
        admin = console.admin()
        with JoinedAgent(skep, tmp_path / "agent", console, engine=engine) as agent:
            made = engine.run("suspect", host={"Binds": [f"{programs['sha256'].parent}:/programs:ro"]})
            try:
                assert execute(engine, made, "cp", "/programs/sha256", "/programs/sha1", "/programs/unlisted", "/tmp/") == 0
                listing = "\n".join([digest("sha256", programs["sha256"]).upper(), digest("sha1", programs["sha1"]), digest("md5", programs["md5"]),
                                     digest("sha256", programs["lasting"])])
                before = agent.said().count("rules loaded again")
                a = admin.ask("POST", "/api/v1/intelligence", {"name": "bad-files", "kind": "hash", "text": listing})
                assert a.status == 201 and a.json()["entries"] == 4, a
                assert [x["rules"] for x in admin.get("/api/v1/intelligence").json()["items"]] == [[RULE]]
                assert loaded(agent, before + 1), agent.said()
                # From the container's own layer, from a mount, by each kind of hash; and one that nobody listed, first.
                assert execute(engine, made, "/tmp/unlisted") == 3
                assert execute(engine, made, "/tmp/sha256") == 0
                assert execute(engine, made, "/tmp/sha1") == 1
                assert execute(engine, made, "/programs/md5") == 2
                for path, name in (("/tmp/sha256", "sha256"), ("/tmp/sha1", "sha1"), ("/programs/md5", "md5")):
                    assert until(lambda: told(admin, path), FRESH), (path, agent.said(), agent.told())
                    alert = told(admin, path)[0]
                    assert digest("sha256", programs[name]) in alert["message"] and "suspect" in json.dumps(alert), alert
                # Removed while it runs.
                removed = "cp /programs/lasting /tmp/; /tmp/lasting & until [ $(readlink /proc/$!/exe) = /tmp/lasting ]; do :; done; rm /tmp/lasting; wait"
                assert execute(engine, made, "sh", "-c", removed) == 0
                assert until(lambda: told(admin, "/tmp/lasting"), FRESH), agent.said()
                assert not told(admin, "unlisted") and alerts(console, RULE) == 4
                # A list that is over: the rule is gone with it.
                path = f"/api/v1/intelligence/{a.json()['id']}"

                def put():
                    """Again where it was over before it was there."""
                    soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=1)
                    return admin.ask("PUT", path, {"text": digest("sha256", programs["expiring"]), "expires": soon.isoformat()}).status == 200
                assert until(put)
                assert until(lambda: ask(console, "SELECT 1 FROM intelligence WHERE ended = 1"), FRESH), console.said()
                assert until(lambda: not ask(console, "SELECT 1 FROM agent_command WHERE kind = 'rules' AND done_ns = 0"), FRESH), agent.said()
                # What it has on disk now is what it reads; by then it may have begun to read what was there before.
                for _ in range(2):
                    before = agent.said().count("rules loaded again")
                    os.kill(agent.pid, signal.SIGHUP)
                    assert loaded(agent, before + 1), agent.said()
                assert execute(engine, made, "/programs/expiring") == 4
                assert execute(engine, made, "/tmp/sha256") == 0
                time.sleep(2)
                assert alerts(console, RULE) == 4
            finally:
                engine.remove("suspect")


RULES = """
- rule: Listed
  desc: x
  condition: evt.type in (execve, execveat) and proc.exepath startswith FOLDER and proc.name startswith sha and proc.sha256 = HASH
  output: listed %proc.exepath
  priority: WARNING
- rule: Not allowed
  desc: x
  condition: evt.type in (execve, execveat) and proc.exepath startswith FOLDER and proc.name in (large, unlisted) and not proc.sha256 in (HASH)
  output: not allowed %proc.exepath %proc.sha256
  priority: WARNING
"""


def test_what_is_not_hashed_is_told(skep, tmp_path, programs):
    """A file too large is no "not on the list": nothing is concluded, and that is told."""
    rules = RULES.replace("HASH", digest("sha256", programs["sha256"])).replace("FOLDER", str(programs["sha256"].parent))
    with Agent(skep, tmp_path, rules=rules) as agent:
        for name in ("large", "unlisted", "sha256", "sha1"):
            subprocess.run([programs[name]])
        assert until(lambda: len(agent.told()) >= 3, FRESH), (agent.told(), agent.said())
        by_rule = {a["rule"]: a for a in agent.told()}
        assert by_rule["Listed"]["message"] == f"listed {programs['sha256']}"
        assert by_rule["Not allowed"]["message"] == f"not allowed {programs['unlisted']} {digest('sha256', programs['unlisted'])}"
        gap = by_rule["Programs not hashed"]
        assert gap["ruleId"] == "SKEP-0004" and "1 larger than 128 MiB; the last: " + str(programs["large"]) in gap["message"], gap
        assert len(agent.told()) == 3, agent.told()
