"""The oldest agent that joins consoles, against this console on either store: built from its commit. Long: SKEP_LONG=1; SKEP_OLD_AGENT names one that
is built already."""
import os
import pathlib
import subprocess

import pytest

from agents import mark, until
from conftest import SOURCE
from fleet import JoinedAgent, alerts, ask, present
from services import need, need_root

FRESH = 60


@pytest.fixture(scope="module")
def old_agent(tmp_path_factory):
    if "SKEP_OLD_AGENT" in os.environ:
        return pathlib.Path(os.environ["SKEP_OLD_AGENT"])
    need("git", "meson", "ninja", "clang", "bpftool")
    log = subprocess.run(["git", "log", "--reverse", "--format=%H", "--", "src/prog/agent/console_identity.c"], cwd=SOURCE,
                         capture_output=True, text=True)
    if not log.stdout.strip():
        pytest.skip("the history of the source is not here")
    folder = tmp_path_factory.mktemp("old")
    archive = subprocess.run(["git", "archive", log.stdout.split()[0]], cwd=SOURCE, check=True, capture_output=True).stdout
    subprocess.run(["tar", "-x", "-C", folder], input=archive, check=True)
    for command in (["meson", "setup", "build"], ["ninja", "-C", "build", "bin/skep-agent"]):
        subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder / "build" / "bin" / "skep-agent"


class OldAgent(JoinedAgent):
    """Its parts had other names."""

    def __init__(self, program, *args):
        super().__init__(*args)
        assert self.process.args[1:3] == ["agent", "run"]
        self.process.args[:3] = [str(program)]

    def parts(self):
        return {"sensor": self.pid, "uplink": self.pid}


def test_the_oldest_agent_is_understood(skep, tmp_path, console, old_agent):
    """It joins, tells alerts and who is here, outlives the console, and answers what it is asked."""
    need_root()
    with OldAgent(old_agent, skep, tmp_path / "agent", console) as a:
        assert until(lambda: ask(console, "SELECT COUNT(*) FROM agent")[0][0] == 1, FRESH), a.said()
        mark(1, 2, 3)
        assert until(lambda: alerts(console) == 3, FRESH), a.said()
        assert until(lambda: present(console, "host") and present(console, "user") and present(console, "process"), FRESH), a.said()
        console.args[console.args.index("--listen") + 1] = f"127.0.0.1:{console.port}"
        console.end()
        mark(4, 5)
        console.start()
        assert until(lambda: alerts(console) == 5, FRESH), a.said()
        agent = console.admin().get("/api/v1/agents").json()["items"][0]
        assert agent["state"] == "healthy" and agent["version"], agent
        rule = "- rule: Newer console\n  desc: x\n  condition: evt.type = execve and proc.name = true\n  output: x\n  priority: ERROR\n"
        made = console.admin().ask("POST", "/api/v1/rule-files", {"name": "newer", "text": rule})
        assert made.status == 201, made
        assert until(lambda: ask(console, "SELECT COUNT(*) FROM agent_command WHERE kind = 'rules' AND done_ns > 0")[0][0] == 1, FRESH), a.said()
        # What it cannot do yet it says, and the console keeps.
        assert ask(console, "SELECT ok, message FROM agent_command WHERE kind = 'rules'") == [(0, "this agent does not know such a command")]
    assert "unknown" not in console.said(), console.said()
