"""Where rules are tried under other kernels: an emulated machine, an agent of each back-end, and boxes for containers.

A real engine would take minutes a container there. A box (test/rules/box.c) has what an engine's runtime gives a container,
a control group of Docker's name, and lies beside the two files Docker writes before it starts one.
"""
import hashlib
import json
import shlex
import shutil
import subprocess
import time

import cpio
import vm as virtual
from rule_stage import SOURCE, TOOLS

BACKENDS = ("object", "tracepoint")
INTERVAL = 20  # seconds, of usage events: an emulated processor needs that long for a flood of forks
AT_ONCE = 6
# What the scenarios call by name, of this machine; all else they name is the actor.
PROGRAMS = """sh bash cat cp chmod touch mkdir mkfifo rm mv ls find truncate echo true id env sleep base64 tar shred chattr
nsenter su perl apt-get grep head ln""".split()
PASSWD = "root:x:0:0:root:/root:/bin/sh\nperson:x:1000:1000:person:/home:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"
ETC = {"passwd": PASSWD, "group": "root:x:0:\nperson:x:1000:\nnogroup:x:65534:\n", "shadow": "root:*:1:0:99999:7:::\n",
       "hosts": "127.0.0.1 localhost\n", "hostname": "box\n", "ld.so.conf": "", "resolv.conf": "nameserver 127.0.0.1\n"}
# One group has a quota for good: with the first and the last of them the kernel patches its scheduler, over which an emulated machine on a
# busy host was seen to fall.
PREPARE = """mkdir -p /run/box /tmp/out /var/lib/docker/containers; mount -t tmpfs box /run/box
for n in {tools}; do [ -e /image/usr/bin/$n ] || ln /image/usr/bin/actor /image/usr/bin/$n; done
cp /image/usr/bin/actor /image/usr/bin/rooted; chmod 4755 /image/usr/bin/rooted
cd /sys/fs/cgroup; mkdir system.slice
for c in cpu pids; do echo +$c >cgroup.subtree_control; echo +$c >system.slice/cgroup.subtree_control; done
mkdir quota; echo 100000 >quota/cpu.max"""
AGENT = """skep agent run --no-engines --engine-data /var/lib/docker --backend {backend} --all-rules --no-folding --rules {rules} \\
    --usage-interval {interval}s --control '' -f none --alert-file /tmp/alerts.{name} >/tmp/log.{name} 2>&1 </dev/null &"""
READY = """for i in $(seq 800); do grep -q watching /tmp/log.{name} && exit 0; sleep 0.5; done
cat /tmp/log.{name} >&2; exit 1"""
# Waits for the box's first process, then for the agents to know the container, as a person who types `docker exec` does.
EXEC = """box run {id} {run} -- sleep 60 & until [ -s /run/box/{id}/pid ]; do usleep 10000; done; usleep 300000
box exec {id} {brought} -- sh -c {text}; box stop {id}; wait"""


def compile_static(name, folder):
    program = folder / name
    subprocess.run(["gcc", "-static", "-O1", "-D_GNU_SOURCE", "-w", SOURCE / "test" / "rules" / f"{name}.c", "-o", program,
                    "-lutil"], check=True)
    return program


def container_id(name):
    return hashlib.sha256(name.encode()).hexdigest()


def value_of(options, name):
    """What an option of `docker run` is given, each time."""
    return [v for n, v in zip(options, options[1:]) if n == name]


def description(name, run):
    """Docker's two files about a container, as they are before it runs."""
    mounts = {}
    for volume in value_of(run, "-v"):
        source, dest, *how = volume.split(":")
        mounts[dest] = {"Type": "bind", "Source": source, "Destination": dest, "RW": not how, "Relabel": "ro" if how else ""}
    config = {"ID": container_id(name), "Name": f"/{name}", "Driver": "overlay2", "Image": "sha256:" + container_id("image"),
              "Created": "2026-01-01T00:00:00Z", "MountPoints": mounts, "State": {},
              "Config": {"Image": "skep-rules:1", "User": (value_of(run, "-u") or [""])[-1], "Hostname": "box"}}
    host = {"Privileged": "--privileged" in run, "CapAdd": value_of(run, "--cap-add"), "PidMode": "", "NetworkMode": "none",
            "IpcMode": "private"}
    return json.dumps(config), json.dumps(host)


class Job:
    """One action or its twin."""

    def __init__(self, number, kind, scenario):
        twin = scenario[kind]
        own = twin if isinstance(twin, dict) else {"text": twin}
        self.number, self.kind, self.name = number, kind, f"{kind}-{number}"
        self.text = own["text"].replace("actor sleep 3000", f"actor sleep {INTERVAL + 3}000").replace("burn 7", "burn 16")
        # A slow machine's agent is given time to read what its ring holds: what overflows is lost, and told, as it should be.
        self.text = self.text.replace("actor connects 60000", "for i in 1 2 3 4; do actor connects 12000; sleep 1; done")
        inherited = {} if isinstance(twin, dict) else scenario
        self.run, self.brought = own.get("run", inherited.get("run", [])), own.get("exec", inherited.get("exec"))
        if self.brought is not None and "-u" not in self.brought:
            self.brought = [*self.brought, *(w for user in value_of(self.run, "-u") for w in ("-u", user))]
        self.long = "wait" in scenario
        self.burns = "burn" in scenario["fire"]
        self.floods = self.kind == "fire" and any(w in self.text for w in ("actor forks", "actor connects"))
        self.id = container_id(self.name)

    def script(self):
        run = shlex.join(self.run)
        if self.brought is None:
            text = shlex.quote(f"{self.text}; sleep 0.1")
            return f"box run {self.id} {run} -- sh -c {text} </dev/null >/tmp/out/{self.name} 2>&1"
        inner = EXEC.format(id=self.id, run=run, brought=shlex.join(self.brought), text=shlex.quote(self.text))
        return f"({inner}) </dev/null >/tmp/out/{self.name} 2>&1"


class BoxStage:
    """A machine with both agents at work.

    Once all has been played: `fired[backend][container name]` are rule ids, `said[container name]` what it printed, `logs`
    the agents' own words, `calls` the system calls this kernel has, `seconds` when each phase ended.
    """

    def __init__(self, kernel, build, folder, backends=BACKENDS):
        self.backends, self.fired, self.logs, self.seconds, self.said, self.calls = backends, {}, {}, {}, {}, set()
        self.kernel, self.build = kernel, build
        self.tools = {name: compile_static(name, folder) for name in ("actor", "box")}

    def boot(self, jobs):
        files = {f"/rules/{f.name}": f for f in (SOURCE / "content" / "rules").glob("*.yaml")}
        for name in ("common", "mining"):
            files[f"/few/{name}.yaml"] = SOURCE / "content" / "rules" / f"{name}.yaml"
        for job in jobs:
            for name, text in zip(("config.v2.json", "hostconfig.json"), description(job.name, job.run)):
                files[f"/var/lib/docker/containers/{job.id}/{name}"] = text.encode()
        for name, text in ETC.items():
            files[f"/image/etc/{name}"] = text.encode()
        for name in (".bashrc", ".profile"):
            files[f"/image/root/{name}"] = b"true\n"
        path = ":".join(cpio.SEARCH)
        programs = [shutil.which(n, path=path) for n in PROGRAMS]
        agent = self.build / "bin" / "skep-agent"
        return virtual.Vm(self.kernel, programs=[self.build / "bin" / "skep", *([agent] if agent.exists() else []),
                                                 self.tools["box"]],
                          files=files, systems={"/image": [p for p in programs if p] + [self.tools["actor"]]},
                          memory_mb=2048, cpus=2, boot_seconds=180)

    def timed(self, what, began):
        self.seconds[what] = round(time.monotonic() - began)

    def start(self, m, suffix, rules, interval):
        """An agent of each back-end, and waits until they watch."""
        for b in self.backends:
            m.run(AGENT.format(backend=b, name=b + suffix, rules=rules, interval=interval))
        for b in self.backends:
            m.run(READY.format(name=b + suffix), timeout=600, check=0)

    def begin(self, m, jobs):
        m.run("".join(f"{j.script()} &\n" for j in jobs))

    def together(self, m, jobs):
        """Plays them at once. The shell does nothing meanwhile."""
        m.run("".join(f"{j.script()} &\n" for j in jobs) + "wait", timeout=300)

    def wait(self, m):
        """Until no box is left."""
        m.run("for i in $(seq 800); do ls /sys/fs/cgroup/system.slice | grep -q scope || exit 0; sleep 0.5; done; exit 1",
              timeout=400, check=0)

    def play(self, jobs):
        began = time.monotonic()
        with self.boot(jobs) as m:
            self.timed("boot", began)
            m.run(PREPARE.format(tools=" ".join(TOOLS)), check=0)
            # What a kernel was built without is there as a weak symbol.
            symbols = m.run("grep -E ' [Tt] __x64_sys_' /proc/kallsyms", timeout=120, check=0).out.split()
            self.calls = {s[len("__x64_sys_"):] for s in symbols if s.startswith("__x64_sys_")}
            self.start(m, "", "/rules", INTERVAL)
            self.timed("agents", began)
            self.begin(m, [j for j in jobs if j.long and not j.floods and not j.burns])
            short = [j for j in jobs if not j.long]
            for i in range(0, len(short), AT_ONCE):
                self.together(m, short[i:i + AT_ONCE])
            self.timed("short", began)
            self.begin(m, [j for j in jobs if j.floods])
            self.wait(m)
            self.timed("floods", began)
            self.burn(m, [j for j in jobs if j.burns])
            self.timed("burning", began)
            m.run("sleep 3")
            for b in self.backends:
                self.take(m, b)
            said = m.run("cd /tmp/out; for f in *; do echo \"== $f\"; head -c 600 $f; echo; done", timeout=120).out
            self.said = {head: text for head, _, text in (part.partition("\n") for part in said.split("== "))}

    def burn(self, m, jobs):
        """A whole interval of the processor, which nothing else may have: short intervals, few rules."""
        if not jobs:
            return
        m.run("killall skep skep-agent; sleep 2; echo 2000 >/sys/fs/cgroup/system.slice/cpu.weight")
        self.start(m, ".few", "/few", 2)
        for j in jobs:
            self.together(m, [j])

    def take(self, m, backend):
        fired = {}
        for line in m.run(f"cat /tmp/alerts.{backend} /tmp/alerts.{backend}.few 2>/dev/null", timeout=240).out.splitlines():
            a = json.loads(line)
            fired.setdefault(a["container"].get("name"), set()).add(a.get("ruleId") or a.get("rule"))
        self.fired[backend] = fired
        self.logs[backend] = m.run(f"cat /tmp/log.{backend}").out
