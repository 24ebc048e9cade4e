"""An agent under load: marked events that it must tell of, noise that it may lose, and memory that must not grow."""
import contextlib
import json
import os
import pathlib
import re
import subprocess
import time
import urllib.request

from agents import until
from services import Process, free_port, need_root

# Noise passes the kernel's filter and fires nothing; what the host does passes none.
RULES = """
- rule: Marked
  desc: what must not be missed
  condition: >
    container.id != host and ((evt.type in (open, openat) and fd.name startswith {marks}/) or
    (evt.type = execve and proc.args contains skep-load-mark-))
  output: "%fd.name %proc.args"
  priority: WARNING
- rule: Noise
  desc: never fires
  condition: >
    container.id != host and proc.args contains never-said and
    ((evt.type in (open, openat) and fd.name startswith {noise}/) or (evt.type = connect and fd.rport = 9))
  output: noise
  priority: WARNING
- rule: Started
  desc: each container's first program
  condition: evt.type = execve and container.id != host and proc.name = true and not proc.args contains skep
  output: "%container.name %container.image.repository"
  priority: WARNING
"""


class Agent:
    def __init__(self, skep, folder, *args, rules=RULES):
        need_root()
        self.marks, self.noise = folder / "marks", folder / "noise"
        for f in (self.marks, self.noise):
            f.mkdir()
        self.log, self.port = folder / "agent.log", free_port()
        (folder / "rules.yaml").write_text(rules.format(marks=self.marks, noise=self.noise))
        self.process = Process(
            [skep.binary, "agent", "run", "-f", "json", "-r", str(folder / "rules.yaml"), "--no-folding", "--control",
             str(folder / "agent.sock"), "--metrics", f"127.0.0.1:{self.port}", *map(str, args)], self.log, env=skep.env)

    def __enter__(self):
        self.process.__enter__()
        self.process.wait_for(lambda: "watching by" in self.log.read_text(), 90)
        return self

    def __exit__(self, *exc):
        self.process.__exit__(*exc)

    def told(self, rule):
        said = self.log.read_bytes()
        # The last line may still be on its way.
        lines = said[:said.rfind(b"\n") + 1].splitlines()
        wanted = f'"rule":"{rule}"'.encode()
        return [json.loads(line) for line in lines if line.startswith(b"{") and wanted in line]

    def metric(self, name, **labels):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/metrics", timeout=20) as r:
            lines = r.read().decode().splitlines()
        wanted = [f'{k}="{v}"' for k, v in labels.items()]
        return sum(float(x.rsplit(" ", 1)[1]) for x in lines if x.startswith(name) and all(w in x for w in wanted))

    def lost(self):
        """By cause; that a container's files were late is no loss."""
        causes = ("ringState", "ringBulk", "rate", "read", "held", "skipped")
        counts = {c: self.metric("skep_events_lost_total", cause=c) for c in causes}
        return {c: n for c, n in counts.items() if n}

    def pss_kib(self):
        """Of all parts together."""
        pid = self.process.child.pid
        parts = [pid, *map(int, pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split())]
        return sum(int(re.search(r"^Pss:\s+(\d+)", pathlib.Path(f"/proc/{p}/smaps_rollup").read_text(), re.M)[1])
                   for p in parts)


@contextlib.contextmanager
def docker_group():
    """Where Docker's cgroups are."""
    top = pathlib.Path("/sys/fs/cgroup")
    group = (top if (top / "cgroup.controllers").exists() else top / "memory") / "docker"
    made = not group.exists()
    group.mkdir(exist_ok=True)
    try:
        yield group
    finally:
        if made:
            with contextlib.suppress(OSError):
                group.rmdir()


class Simulated:
    """What Docker does for a container as far as the agent can see: files and a cgroup; and programs in it."""

    def __init__(self, group, data, name, digit):
        identity = f"{digit}{os.getpid():063x}"  # others may test on this machine at the same time
        self.cgroup = group / identity
        self.files = data / "containers" / identity
        self.files.mkdir(parents=True)
        (self.files / "config.v2.json").write_text(json.dumps({"ID": identity, "Name": f"/{name}",
                                                               "Config": {"Image": "busybox:1"}}))
        (self.files / "hostconfig.json").write_text("{}")
        self.cgroup.mkdir()

    def start(self, *command, **kw):
        return subprocess.Popen(list(map(str, command)), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                                preexec_fn=lambda: (self.cgroup / "cgroup.procs").write_text("0"), **kw)

    def end(self):
        assert until(self.gone)

    def gone(self):
        with contextlib.suppress(OSError):
            self.cgroup.rmdir()
        return not self.cgroup.exists()


MARKER = """i=0; while [ $i -lt {count} ]; do i=$((i+1)); : > {marks}/mark-$i; /bin/true skep-load-mark-$i; sleep 0.05; done"""


def noisy_and_quiet(agent, noisy, quiet, count):
    """Runs both to their ends; what the noisy one did."""
    loud = noisy()
    assert quiet(MARKER.format(count=count, marks=agent.marks)).wait(300) == 0
    did = json.loads(loud.communicate(timeout=300)[0])
    time.sleep(0.3)
    return did


def check_losses(agent, did, count):
    """Nothing of the quiet one's; of the noisy one's each event was delivered or told as lost, in its name."""
    files = {f"{agent.marks}/mark-{i + 1}" for i in range(count)}
    programs = {f"skep-load-mark-{i + 1}" for i in range(count)}

    def marked():
        return {w for a in agent.told("Marked") if a["container"]["name"] == "quiet" for w in a["message"].split()}
    assert until(lambda: files | programs <= marked()), f"{len((files | programs) - marked())} marks were not told"
    wanted = did["opens"] + did["connects"]

    def accounted():
        lost = sum(int(n) for a in agent.told("Events lost") if a["container"]["name"] == "noisy"
                   for k, n in a["fields"].items() if k in ("lost.rate", "lost.ringBulk"))
        return lost, lost + sum(agent.metric("skep_events_total", type=t, fate="delivered")
                                for t in ("open", "openat", "connect"))
    # The next alert about losses comes ten seconds after the last.
    assert until(lambda: accounted()[1] >= wanted + count, every=0.5), (accounted(), did)
    lost, all_ = accounted()
    assert lost > 0
    # What other tests' containers do may pass the filter too: what it has not seen it lets through.
    assert wanted + count <= all_ <= (wanted + count) * 1.001
    assert {a["container"]["name"] for a in agent.told("Events lost")} == {"noisy"}
