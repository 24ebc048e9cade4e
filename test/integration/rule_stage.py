"""Where rules are tried: an engine, its images and an agent that watches its containers."""
import json
import os
import pathlib
import shutil
import subprocess

from agents import whole_lines
from services import Process

SOURCE = pathlib.Path(__file__).resolve().parents[2]

# Tools the image lacks, as copies of the actor.
TOOLS = """serviced dropper python3 node nc openssl nginx php-fpm httpd redis-server postgres gdb crictl curl prometheus
xmrig pkill crontab sshd frpc ssh tor ttyd nmap kubectl amicontained mysql gcc pip3 iptables dig stress-ng vi
ruby php wget tcpserver ksh93 luatex busybox make git chrome""".split()


def debian(folder, shared):
    """Debian's root file system, unpacked."""
    root = folder / "image"
    root.mkdir()
    subprocess.run(["tar", "-xJf", shared / "rootfs" / "deb-bookworm.tar.xz", "-C", root], check=True)
    return root


def add_actor(root):
    """The actor under the names of many tools; `rooted` has the setuid bit."""
    actor = root / "usr" / "bin" / "actor"
    subprocess.run(["gcc", "-static", "-O1", "-D_GNU_SOURCE", "-w", SOURCE / "test" / "rules" / "actor.c", "-o", actor,
                    "-lutil"], check=True)
    for name in TOOLS:
        path = root / "usr" / "bin" / name
        if not path.exists() and not path.is_symlink():
            os.link(actor, path)
    rooted = root / "usr" / "bin" / "rooted"
    shutil.copy(actor, rooted)
    rooted.chmod(0o4755)


class Docker:
    def __init__(self, engine):
        self.engine = engine
        self.command = ["docker", "-H", engine.host]
        self.ids = {}  # of its containers that are gone, by name

    def __call__(self, *args, timeout=300, **kw):
        return subprocess.run([*self.command, *map(str, args)], capture_output=True, timeout=timeout, text=True,
                              stdin=subprocess.DEVNULL, **kw)

    def remove(self, name):
        """@return its id"""
        self.ids[name] = self.engine.json("GET", f"/containers/{name}/json")["Id"]
        self.engine.remove(name)
        return self.ids[name]

    def add_image(self, root, name):
        """Imports a folder, which is gone afterwards."""
        archive = root.with_suffix(".tar")
        subprocess.run(["tar", "-cf", archive, "-C", root, "."], check=True)
        p = self("import", archive, name, timeout=300)
        assert p.returncode == 0, p.stderr
        archive.unlink()
        shutil.rmtree(root)


class Agent:
    def __init__(self, skep, engine, folder, interval):
        self.alerts = folder / "alerts.json"
        self.process = Process(
            [skep.binary, "agent", "run", "-f", "none", "--alert-file", str(self.alerts), "--engine", engine.host,
             "--engine-data", str(engine.folder / "data"), "--all-rules", "--no-folding", "--usage-interval", f"{interval}s"],
            folder / "agent.log", env=skep.env)

    def __enter__(self):
        self.process.__enter__()
        self.process.wait_for(self.ready)
        return self

    def __exit__(self, *exc):
        self.process.__exit__(*exc)

    def ready(self):
        return "watching" in pathlib.Path(self.process.log).read_text()

    def told(self):
        """Every alert so far."""
        return [json.loads(line) for line in whole_lines(self.alerts)]

    def by_container(self):
        """{container id: its alerts}. Not by name: other runs of the tests on this host have containers of the same."""
        out = {}
        for a in self.told():
            out.setdefault(a["container"]["id"], []).append(a)
        return out

    def fired(self):
        """The same with sets of rule ids."""
        return {i: {a.get("ruleId", a["rule"]) for a in alerts} for i, alerts in self.by_container().items()}
