"""A running agent with one rule, and marked programs that fire it."""
import json
import os
import pathlib
import re
import signal
import subprocess
import time

from services import Process, need_root

OURS = f"skep-marker-{os.getpid()}-"  # others may test on this machine at the same time
RULES = f"""\
- rule: Marker
  desc: a marked program starts
  condition: evt.type = execve and proc.cmdline contains "{OURS}"
  output: "marker %proc.cmdline"
  priority: WARNING
"""
MARKER = re.compile(OURS + r"([a-z]+)")


def word(n):
    """A number in letters: alerts that differ in digits only are folded."""
    return "".join(chr(97 + int(d)) for d in f"{n:06}")


def mark(*numbers):
    """Starts a marked program for each number, from one shell."""
    lines = "\n".join(f"/bin/true {OURS}{word(n)}" for n in numbers)
    subprocess.run(["sh"], input=lines.encode(), check=True)


def whole_lines(file):
    """Of a file that is being written: its last line may be there in part, and end within a letter."""
    return [line.decode() for line in file.read_bytes().split(b"\n")[:-1]]


def until(ready, seconds=60, every=0.05):
    """What `ready` said at last: what it was waited for, or something false. A machine may be slow: a short time is for what must be quick."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        got = ready()
        if got:
            return got
        time.sleep(every)
    return ready()


CAP_BPF = 39


def children(pid):
    """Of a process, in text. Who ends while the kernel lists them may hide another: two readings are to agree."""
    list = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text
    found = list()
    while found != (found := list()):
        pass
    return found.split()


class Agent:
    """`skep agent run`; alerts go to a file as well."""

    def __init__(self, skep, folder, *args, rules=RULES):
        need_root()
        self.folder = folder
        self.rules = folder / "rules.yaml"
        self.rules.write_text(rules)
        self.alerts = folder / "alerts.json"
        self.control = f"/run/skep-test-{os.getpid()}-{abs(hash(str(folder))) % 10**8}.sock"
        self.log = folder / "agent.log"
        self.process = Process([skep.binary, "agent", "run", "-f", "none", "-r", str(self.rules), "--no-engines",
                                "--alert-file", str(self.alerts), "--spool", str(folder / "spool"), "--control",
                                self.control, *map(str, args)], self.log, env=skep.env)

    def __enter__(self):
        self.process.__enter__()
        self.process.wait_for(lambda: "watching by" in self.said() and self.parts().keys() >= {"sensor", "uplink"}, 90)
        return self

    def __exit__(self, *exc):
        self.process.__exit__(*exc)

    @property
    def pid(self):
        return self.process.child.pid

    def said(self):
        return self.log.read_text()

    def parts(self):
        """{"sensor": pid, "uplink": pid}: the sensor keeps capabilities, uplink none."""
        found = {}
        for child in children(self.pid):
            try:
                caps = capabilities(int(child))
            except (FileNotFoundError, ProcessLookupError):
                continue  # it has ended since it was listed
            # What a sensor that was ended leaves behind, to end with it, is neither.
            if caps["NoNewPrivs"] == 1 and caps["Seccomp"] == 2 and (caps["CapEff"] == 0 or caps["CapEff"] >> CAP_BPF & 1):
                found["uplink" if caps["CapEff"] == 0 else "sensor"] = int(child)
        return found

    def told(self):
        """The alerts of the file, parsed; none before uplink has made it."""
        if not self.alerts.exists():
            return []
        return [json.loads(line) for line in whole_lines(self.alerts)]

    def marked(self):
        return [MARKER.search(a["message"])[1] for a in self.told() if a["rule"] == "Marker"]

    def gaps(self):
        return [a["message"] for a in self.told() if a.get("ruleId") == "SKEP-0001"]

    def end(self, part, sig=signal.SIGKILL):
        """Signals a part; returns its pid."""
        pid = until(lambda: self.parts().get(part))
        os.kill(pid, sig)
        return pid

    def replaced(self, part, pid):
        return until(lambda: self.parts().get(part, pid) != pid, every=0.02)


def capabilities(pid):
    """The numbers of /proc/PID/status that tell of power."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    return {k: int(v, 16) for k, v in re.findall(r"^(Cap\w+|NoNewPrivs|Seccomp):\s+(\w+)$", status, re.M)}
