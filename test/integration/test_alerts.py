"""The whole way once, all of it real: a container of dockerd's, the kernel's events, the agent, Falco's rules, an alert."""
import json
import pathlib
import subprocess
import time

import pytest

from agents import until, whole_lines
from containers import RunningEngine
from services import Process, need, need_root

jsonschema = pytest.importorskip("jsonschema")

RULES = """
- rule: Terminal shell
  id: SKEP-9001
  desc: an interactive shell in a container
  condition: evt.type in (execve, execveat) and container.id != host and proc.name = sh and proc.tty != 0
  output: shell in %container.name of %container.image.repository by %user.name under %proc.pname (%proc.cmdline)
  output_zh: 容器 %container.name 中打开了终端
  priority: NOTICE
  tags: [container, shell]
- rule: Secret read
  desc: a file that nobody should read
  condition: >
    evt.type in (open, openat, openat2) and proc.name = cat and container.id != host and
    fd.name in (/etc/shadow, /etc/fstab, /etc/motd, /etc/profile, /etc/services)
  output: "%proc.name read %fd.name, image %container.image.repository"
  priority: WARNING
- rule: Sibling
  desc: what a program does that was forked as its forker's sibling
  condition: evt.type in (open, openat, openat2) and fd.name = /etc/skep-sibling
  output: "sibling of %proc.exepath (%proc.cmdline) under %proc.pname"
  priority: WARNING
- rule: Named peer
  desc: a connection to a host called by its name
  condition: evt.type = connect and fd.sip.name = localhost and fd.sport = 9 and container.id != host
  output: "%proc.name connected to %fd.name"
  priority: WARNING
"""


class Agent:
    def __init__(self, skep, engine, folder):
        rules = folder / "rules.yaml"
        rules.write_text(RULES)
        self.alerts = folder / "alerts.json"
        command = [*engine.inside(), skep.binary, "agent", "run", "-f", "none", "-r", str(rules), "--alert-file",
                   str(self.alerts), "--engine", engine.host, "--engine-data", str(engine.folder / "data")]
        self.process = Process(command, folder / "agent.log", env=skep.env)

    def __enter__(self):
        self.process.__enter__()
        self.process.wait_for(lambda: "watching" in pathlib.Path(self.process.log).read_text(), 90)
        return self

    def __exit__(self, *exc):
        self.process.__exit__(*exc)

    def told(self):
        return [json.loads(line) for line in whole_lines(self.alerts)] if self.alerts.exists() else []

    def wait_for(self, rule, container):
        found = until(lambda: [a for a in self.told() if a["rule"] == rule and a["container"].get("name") == container])
        assert found, (rule, container, self.told(), pathlib.Path(self.process.log).read_text()[-2000:])
        return found


def docker(engine, *args):
    return subprocess.run(["docker", "-H", engine.host, *args], capture_output=True, timeout=60, text=True,
                          stdin=subprocess.DEVNULL)


@pytest.fixture(scope="module")
def stage(tmp_path_factory, shared, module_skep):
    need_root()
    need("docker", "script")
    folder = tmp_path_factory.mktemp("alerts")
    with RunningEngine(folder / "e") as engine:
        engine.load(shared / "rootfs" / "alpine-310-docker-save.tar.gz")
        with Agent(module_skep, engine, folder) as agent:
            yield engine, agent


def test_terminal_shell_in_a_container(stage, source_dir):
    engine, agent = stage
    engine.run("shelf")
    # `script` gives docker the terminal it wants for -t.
    line = f"docker -H {engine.host} exec -it shelf sh -c 'exit 0'"
    subprocess.run(["script", "-qec", line, "/dev/null"], stdin=subprocess.DEVNULL, capture_output=True, timeout=60)
    alert = agent.wait_for("Terminal shell", "shelf")[0]
    assert alert["container"]["runtime"] == "docker"
    assert alert["fields"]["container.name"] == "shelf"
    assert alert["message"].startswith("shell in shelf of ") and "alpine" in alert["message"], alert["message"]
    assert "<unknown>" not in alert["message"] and "by root" in alert["message"], alert["message"]
    assert alert["messageZh"] == "容器 shelf 中打开了终端"
    assert alert["ruleId"] == "SKEP-9001" and alert["tags"] == ["container", "shell"]
    assert alert["lineage"][0]["name"] == "sh" and alert["lineage"][0]["cmdline"] == "sh -c exit 0"
    assert "unknown" not in alert
    # A shell without a terminal is nobody's business.
    docker(engine, "exec", "shelf", "sh", "-c", "exit 0")
    time.sleep(0.5)
    assert len(agent.wait_for("Terminal shell", "shelf")) == 1


def test_first_exec_of_a_container_has_its_image(stage):
    engine, agent = stage
    # Files of different names: equal alerts of one image would be folded.
    files = ("shadow", "fstab", "motd", "profile", "services")
    for f in files:
        engine.run(f"quick-{f}", command=("cat", f"/etc/{f}"))
    for f in files:
        alert = agent.wait_for("Secret read", f"quick-{f}")[0]
        assert alert["message"] == f"cat read /etc/{f}, image docker.io/library/alpine"
        assert alert["container"]["metadataKnown"] is True


SIBLING = """
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>
int main(void) { if (syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0) == 0) open("/etc/skep-sibling", O_RDONLY); sleep(1); }
"""


def test_who_forks_a_sibling_does_not_pass_for_its_parent(stage):
    """CLONE_PARENT: the child's parent is the caller's, an engine's program for what is begun in a container; what it runs is the caller's."""
    need("gcc")
    engine, agent = stage
    program = engine.folder / "sibling"
    subprocess.run(["gcc", "-static", "-D_GNU_SOURCE", "-xc", "-o", program, "-"], input=SIBLING.encode(), check=True)
    engine.run("twins", host={"Binds": [f"{program}:/sibling"]})
    docker(engine, "exec", "twins", "/sibling", "x")
    alert = agent.wait_for("Sibling", "twins")[0]
    assert alert["message"].startswith("sibling of /sibling (sibling x) under "), alert
    assert alert["lineage"][0]["exePath"] == "/sibling" and alert["lineage"][1]["name"] != "sibling", alert["lineage"]
    engine.remove("twins")


def test_names_in_rules_are_resolved(stage):
    engine, agent = stage
    engine.run("caller", command=("sh", "-c", "while :; do nc -w1 127.0.0.1 9; sleep 0.2; done"))
    alert = agent.wait_for("Named peer", "caller")[0]
    assert alert["message"].endswith("->127.0.0.1:9")
    engine.remove("caller")


def test_alerts_keep_to_their_schema(stage, source_dir):
    _, agent = stage
    schema = json.loads((source_dir / "doc/schemas/alert-1.schema.json").read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    told = agent.told()
    assert told
    for alert in told:
        assert [e.message for e in validator.iter_errors(alert)] == []
