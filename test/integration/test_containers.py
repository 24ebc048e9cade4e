"""Who runs here: real engines on cgroup v1 and v2, engines that crash, hang and lie."""
import json
import os
import pathlib
import shutil
import socket
import subprocess
import threading
import time

import pytest

from agents import until, whole_lines
from containers import RunningEngine, plain_archive, wrapped_runtime
from loads import docker_group
from services import Process, need, need_root


@pytest.fixture(scope="module", params=["v1", "v2"])
def engine(request, tmp_path_factory, archive):
    need_root()
    if request.param == "v1" and pathlib.Path("/sys/fs/cgroup/cgroup.controllers").exists():
        pytest.skip("this host has no cgroup v1")
    with RunningEngine(tmp_path_factory.mktemp("engine") / "e", unified=request.param == "v2") as e:
        e.load(archive)
        yield e


class Probe:
    """test/integration/asset_probe, its lines read as they come."""

    def __init__(self, build_dir, seconds, host=None, before=()):
        program = build_dir / "test" / "integration" / "asset_probe"
        self.child = subprocess.Popen([*before, program, str(seconds), *([host] if host else [])],
                                      stdout=subprocess.PIPE, text=True, stdin=subprocess.PIPE)
        self.lines = []
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        for line in self.child.stdout:
            self.lines.append(json.loads(line))

    def wait_for(self, what, seconds=60):
        line = until(lambda: next((x for x in list(self.lines) if "container" in x and what(x)), None), seconds)
        assert line, self.lines
        return line

    def told(self):
        """What was said last of each container, by id: of all that run on this host, whoever started them."""
        return {line["container"]["id"]: line["container"] for line in self.lines if "container" in line}

    def stats(self):
        """When its time is over."""
        self.thread.join()
        self.child.stdin.close()
        assert self.child.wait() == 0
        return self.lines[-1]

    def end(self):
        """At once. @return its statistics"""
        self.child.stdin.close()
        return self.stats()


def listed(skep, engine, *args):
    p = subprocess.run([*engine.inside(), skep.binary, "agent", "containers", "--json", *args], capture_output=True,
                       env=skep.env, check=True, timeout=60)
    return {c["id"]: c for c in json.loads(p.stdout)}


@pytest.mark.parametrize("source", [(), ("--no-engines",)], ids=["with-api", "disk-alone"])
def test_docker(skep, engine, source, tmp_path):
    image = engine.json("GET", "/images/alpine:3.10/json")["Id"]
    plain = engine.run("plain", Labels={"team": "blue"}, User="nobody", Hostname="box",
                       host={"Binds": [f"{tmp_path}:/mnt:ro"], "CapDrop": ["ALL"], "CapAdd": ["NET_RAW"]})
    strong = engine.run("strong", host={"Privileged": True, "PidMode": "host"})
    try:
        found = listed(skep, engine, *source)
        c = found[plain]
        assert (c["runtime"], c["name"], c["image"], c["imageId"]) == ("docker", "plain", "alpine:3.10", image)
        assert c["imageRepository"] == "docker.io/library/alpine" and c["imageTag"] == "3.10"
        assert c["labels"] == {"team": "blue"} and c["user"] == "nobody" and c["hostname"] == "box"
        assert c["caps"] == 1 << 13 and not c["privileged"] and "hostPid" not in c
        assert c["mounts"] == [{"source": str(tmp_path), "dest": "/mnt", "mode": "ro", "propagation": "rprivate",
                                "writable": False}] or c["mounts"][0]["propagation"] == "rslave"
        pid = engine.json("GET", "/containers/plain/json")["State"]["Pid"]
        assert c["initPid"] == pid
        # The id is what the kernel side reads: the inode of the cgroup the process is in.
        hierarchy = "" if engine.unified else "memory"
        line = next(x for x in open(f"/proc/{pid}/cgroup").read().split() if x.split(":")[1] == hierarchy)
        folder = f"/sys/fs/cgroup/{hierarchy}{line.split(':', 2)[2]}"
        inode = subprocess.run([*engine.inside(), "stat", "-c", "%i", folder], capture_output=True, text=True, check=True)
        assert c["cgroupId"] == int(inode.stdout)
        assert found[strong]["privileged"] and found[strong]["hostPid"]
    finally:
        engine.remove("plain")
        engine.remove("strong")
    assert not {plain, strong} & set(listed(skep, engine))


@pytest.mark.parametrize("engine", ["v1"], indirect=True)
def test_containerd(skep, engine, archive, tmp_path):
    """Containers of ctr, in a namespace of its own and with names no path tells from a folder's. Version 1 alone:
    containerd itself does not run in the engine's mount namespace."""
    engine.ctr("-n", "mine", "image", "import", plain_archive(archive, tmp_path))
    digest = engine.ctr("-n", "mine", "image", "ls").splitlines()[1].split()[2]
    name = f"web-{os.getpid()}"  # control groups are all engines': others may test on this machine at the same time
    engine.ctr("-n", "mine", "run", "-d", "--snapshotter", "native", "--label", "team=red", "docker.io/library/alpine:3.10",
               name, "sleep", "1000")
    try:
        c = listed(skep, engine)[name]
        assert (c["runtime"], c["image"], c["imageDigest"]) == ("containerd", "docker.io/library/alpine:3.10", digest)
        assert c["labels"]["team"] == "red" and not c["privileged"] and c["cgroupPath"] == f"/mine/{name}"
    finally:
        subprocess.run(["ctr", "-a", engine.containerd_socket, "-n", "mine", "task", "rm", "-f", name], check=False)
        subprocess.run(["ctr", "-a", engine.containerd_socket, "-n", "mine", "container", "rm", name], check=False)


def test_changes_are_told(engine, build_dir):
    with_id = engine.run("before")
    probe = Probe(build_dir, 120, engine.host, engine.inside())
    try:
        first = probe.wait_for(lambda v: v["container"]["id"] == with_id)
        assert not first["started"] and first["container"]["name"] == "before"
        other = engine.run("short")
        told = probe.wait_for(lambda v: v["container"]["id"] == other and v["started"])
        assert told["container"]["metadataKnown"] and told["container"]["name"] == "short"
        engine.json("POST", "/containers/before/rename?name=after")
        probe.wait_for(lambda v: v["container"]["id"] == with_id and v["container"]["name"] == "after")
        engine.remove("short")
        probe.wait_for(lambda v: v["container"]["id"] == other and v["stopped"])
        # The same container, twice.
        engine.json("POST", "/containers/after/restart?t=0")
        probe.wait_for(lambda v: v["container"]["id"] == with_id and v["started"])
        stats = probe.end()
    finally:
        engine.remove("before")
        engine.remove("after")
        engine.remove("short")
    assert stats["engines"] == 1 and stats["errors"] == 0
    assert all(probe.told()[c]["metadataKnown"] for c in (with_id, other))


@pytest.mark.parametrize("engine", ["v1"], indirect=True)
def test_an_engine_that_crashes(engine, build_dir):
    container = engine.run("stays")
    probe = Probe(build_dir, 120, engine.host)
    try:
        probe.wait_for(lambda v: v["container"]["id"] == container)
        engine.restart()
        # dockerd ends what it no longer controls when it comes back: told, whoever notices it.
        again = engine.run("afterwards")
        told = probe.wait_for(lambda v: v["container"]["id"] == again)
        assert told["container"]["metadataKnown"]
        engine.json("POST", "/containers/afterwards/rename?name=renamed")
        probe.wait_for(lambda v: v["container"]["id"] == again and v["container"]["name"] == "renamed")
        stats = probe.end()
    finally:
        for name in ("stays", "afterwards", "renamed"):
            engine.remove(name)
    assert stats["engines"] == 1 and stats["errors"] >= 1
    assert all(probe.told()[c]["metadataKnown"] for c in (container, again))


# What fake engines tell of.
LIES = {"a" * 64, "b" * 64, *(f"{i:064x}" for i in range(1000))}


class FakeEngine:
    """Listens on a socket and treats each request as `answer(path, connection)` says."""

    def __init__(self, path, answer):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.bind(str(path))
        self.socket.listen(16)
        self.answer, self.paths = answer, []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                c, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(c,), daemon=True).start()

    def serve(self, c):
        try:
            path = c.recv(65536).split()[1].decode()
            self.paths.append(path)
            self.answer(path, c)
            c.close()
        except (OSError, IndexError):
            pass


def chunked(c, text):
    c.sendall(b"%x\r\n%s\r\n" % (len(text), text))


def head(c, extra=b""):
    c.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + extra + b"\r\n")


def hangs(_, c):
    time.sleep(60)


def floods(path, c):
    head(c, b"Transfer-Encoding: chunked\r\n")
    while True:
        chunked(c, b"x" * 65536)


def lies(path, c):
    head(c, b"Connection: close\r\n")
    if path.startswith("/events"):
        for line in (b"[]", b"7", b'{"Type":"container","Action":7,"Actor":[]}', b"{{{{",
                     b'{"Type":"container","Action":"start","Actor":{"ID":"../../x"}}',
                     b'{"Type":"container","Action":"die","Actor":{"ID":"%s"}}' % (b"a" * 64)):
            c.sendall(line + b"\n")
        time.sleep(60)
    elif path == "/containers/json":
        c.sendall(b'[{"Id":7},{"Id":"' + b"b" * 64 + b'"},{"Id":"/../secret"},null]')
    else:
        c.sendall(b'{"Id":"' + b"b" * 64 + b'","Config":7,"HostConfig":[1],"Mounts":{"a":1},"State":"x"}')


def drowns(path, c):
    """A hundred megabytes of good JSON."""
    head(c, b"Connection: close\r\n")
    if path.startswith("/events"):
        time.sleep(60)
    c.sendall(b"[" if path == "/containers/json" else b'{"Id":"x","Config":{"Labels":{')
    for i in range(1000):
        part = b'{"Id":"%064x","Names":["%s"]},' if path == "/containers/json" else b'"%064x":"%s",'
        c.sendall(part % (i, b"n" * 100000))


def swaps(path, c):
    """Whoever is asked for, it tells of another."""
    head(c, b"Connection: close\r\n")
    if path.startswith("/events"):
        time.sleep(60)
    elif path == "/containers/json":
        c.sendall(b"[" + b",".join(b'{"Id":"%064x"}' % i for i in range(64)) + b"]")
    else:
        asked = int(path.split("/")[2], 16)
        c.sendall(b'{"Id":"%064x","Name":"/other","HostConfig":{"Privileged":true},"Config":{"Image":"lie"}}' % (asked ^ 1))


def refuses(_, c):
    c.sendall(b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n")


@pytest.mark.parametrize("answer", [hangs, floods, lies, drowns, swaps, refuses], ids=lambda f: f.__name__)
def test_an_engine_that_misbehaves(build_dir, tmp_path, answer):
    """It costs nobody time, and it is counted."""
    need_root()
    # Paths of sockets are short, those of pytest are not.
    path = pathlib.Path(f"/tmp/engine-{os.getpid()}-{answer.__name__}.sock")
    path.unlink(missing_ok=True)
    fake = FakeEngine(path, answer)
    probe = Probe(build_dir, 13 if answer is hangs else 4, f"unix://{path}")
    try:
        stats = probe.stats()
    finally:
        fake.socket.close()
        path.unlink(missing_ok=True)
    assert stats["longestUs"] < 1_000_000  # who waits for an answer waits for seconds; tests share a machine
    # One that tells of others than it was asked for is not found out; nobody believes that these run.
    assert (stats["errors"] >= 1) == (answer is not swaps) and not LIES & probe.told().keys()
    assert stats["engines"] == (1 if answer in (lies, swaps) else 0)
    assert "/containers/json" in fake.paths
    assert all(".." not in p for p in fake.paths)


def test_an_engine_that_hangs_over_some_containers(build_dir):
    """As dockerd does over one whose lock is taken: the others are asked for all the same."""
    need_root()
    ids = [f"{i:064x}" for i in range(8)]

    def answer(path, c):
        if path.startswith("/containers/") and path.split("/")[2] in ids[:2]:
            time.sleep(60)
        head(c, b"Connection: close\r\n")
        if path.startswith("/events"):
            time.sleep(60)
        elif path == "/containers/json":
            c.sendall(json.dumps([{"Id": i} for i in ids]).encode())
        else:
            c.sendall(json.dumps({"Id": path.split("/")[2], "Name": "/x", "Config": {"Image": "x"}}).encode())

    path = pathlib.Path(f"/tmp/engine-{os.getpid()}-some.sock")
    path.unlink(missing_ok=True)
    fake = FakeEngine(path, answer)
    probe = Probe(build_dir, 60, f"unix://{path}")
    try:
        assert until(lambda: {f"/containers/{i}/json" for i in ids} <= set(fake.paths), 30), fake.paths
        time.sleep(1)  # for the last answer
        stats = probe.end()
    finally:
        fake.socket.close()
        path.unlink(missing_ok=True)
    assert stats["engines"] == 1 and stats["errors"] == 2 and stats["longestUs"] < 1_000_000, stats
    assert fake.paths.count("/containers/json") == 1, fake.paths


def test_podman(skep, build_dir, archive, tmp_path):
    need_root()
    need("podman", "runc")
    folder = pathlib.Path(f"/tmp/pod-{os.getpid()}")
    command = ["podman", "--root", f"{folder}/root", "--runroot", f"{folder}/run", "--tmpdir", f"{folder}/tmp",
               "--storage-driver", "vfs", "--cgroup-manager", "cgroupfs", "--runtime", wrapped_runtime(tmp_path)]

    def podman(*args):
        return subprocess.run([*command, *args], check=True, capture_output=True, text=True).stdout.strip()

    try:
        podman("load", "-q", "-i", plain_archive(archive, tmp_path))
        plain = podman("run", "-d", "--name", "plain", "--network", "none", "--label", "team=blue", "--cap-drop", "all",
                       "-v", f"{tmp_path}:/mnt:ro", "alpine:3.10", "sleep", "1000")
        strong = podman("run", "-d", "--name", "strong", "--network", "host", "--privileged", "alpine:3.10", "sleep", "1000")
        found = {c["id"]: c for c in json.loads(skep.run("agent", "containers", "--json", check=0).stdout)}
        c = found[plain]
        assert (c["runtime"], c["name"], c["image"]) == ("podman", "plain", "localhost/alpine:3.10")
        assert c["imageId"] == "sha256:" + podman("inspect", "-f", "{{.Image}}", "plain")
        assert c["caps"] == 0 and not c["privileged"]
        if (folder / "root" / "libpod" / "bolt_state.db").exists():  # a newer Podman's door alone tells of labels
            assert c["labels"] == {"team": "blue"}
        assert {"source": str(tmp_path), "dest": "/mnt"}.items() <= next(
            m for m in c["mounts"] if m["dest"] == "/mnt").items()
        assert found[strong]["privileged"] and found[strong]["hostNetwork"]
        # Its API tells what the disk does not announce.
        where = f"unix://{folder}/podman.sock"
        with Process([*command, "system", "service", "--time=0", where], tmp_path / "service.log") as service:
            service.wait_for(pathlib.Path(f"{folder}/podman.sock").exists)
            probe = Probe(build_dir, 120, where)
            probe.wait_for(lambda v: v["container"]["id"] == plain)
            podman("rename", "plain", "renamed")
            probe.wait_for(lambda v: v["container"]["id"] == plain and v["container"]["name"] == "renamed")
            stats = probe.end()
        assert stats["engines"] == 1 and stats["errors"] == 0
    finally:
        subprocess.run([*command, "rm", "-f", "-t", "0", "-a"], capture_output=True)
        subprocess.run(["rm", "-rf", folder])


class Monitor:
    """skep monitor, showing each program started in a container as 'NAME IMAGE PRIVILEGED PROGRAM USER'."""

    def __init__(self, skep, tmp_path, before=(), *args):
        self.out = tmp_path / "monitor.out"
        self.err = tmp_path / "monitor.err"
        with open(self.out, "wb") as out, open(self.err, "wb") as err:
            self.child = subprocess.Popen(
                [*before, skep.binary, "monitor", "evt.type=execve and container.id!=host", "-o",
                 "%container.name %container.image.repository %container.privileged %proc.name %user.name", *args],
                env=skep.env, stdout=out, stderr=err, stdin=subprocess.DEVNULL)
        until(lambda: b"ready" in self.err.read_bytes() or self.child.poll() is not None, 60)
        if b"ready" not in self.err.read_bytes():
            self.child.kill()
            self.child.wait()
            pytest.fail("the monitor does not come up: " + self.err.read_text()[-500:])

    def seen(self):
        return [line.split(" ") for line in whole_lines(self.out)]

    def stop(self, names):
        """Ends it when it has shown a program of each of those containers, or does not in time."""
        until(lambda: {line[0] for line in self.seen()} >= set(names))
        self.child.terminate()
        self.child.wait(20)
        return self.seen()


def test_first_program_of_a_container_is_known(skep, engine, tmp_path):
    """Containers that live for a moment: each one's first program is shown with its name and image."""
    monitor = Monitor(skep, tmp_path, engine.inside())
    names = [f"moment{i}" for i in range(20)]
    try:
        for name in names:
            engine.run(name, command=["true"], User="nobody", host={"AutoRemove": True, "Privileged": name.endswith("0")})
    finally:
        seen = monitor.stop(names)
    first = {line[0]: line[1:] for line in seen if line[3] == "true" and line[0] in names}
    assert set(first) == set(names), seen[:5]
    for name, (image, privileged, _, user) in first.items():
        assert image == "docker.io/library/alpine" and user == "nobody"
        assert privileged == ("true" if name.endswith("0") else "false")


@pytest.mark.parametrize("engine", ["v1"], indirect=True)
def test_first_program_is_known_of_containerds_containers(skep, engine, archive, tmp_path):
    """The same of containerd alone, which nobody asks: `ctr run --rm`, three at a time, while its database changes."""
    count = 60 if os.environ.get("SKEP_LONG") else 12
    engine.ctr("-n", "fleet", "image", "import", plain_archive(archive, tmp_path))
    monitor = Monitor(skep, tmp_path, engine.inside())
    names = [f"brief-{os.getpid()}-{i}" for i in range(count)]

    def run(mine):
        for name in mine:
            subprocess.run(["ctr", "-a", engine.containerd_socket, "-n", "fleet", "run", "--rm", "--snapshotter", "native",
                            "--label", f"own={name}", *(["--privileged"] if name.endswith("0") else []),
                            "docker.io/library/alpine:3.10", name, "true"], capture_output=True, timeout=120)

    try:
        threads = [threading.Thread(target=run, args=(names[i::3],)) for i in range(3)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
    finally:
        seen = monitor.stop(names)
    # Each runs one program: one that was not known then would be missing. Others' containers are none of ours.
    first = {line[0]: line[1:] for line in seen if line[3] == "true" and line[0] in names}
    assert set(first) == set(names), (set(names) - set(first), seen[:5])
    for name, (image, privileged, _, user) in first.items():
        assert image == "docker.io/library/alpine" and user == "root", (name, first[name])
        assert privileged == ("true" if name.endswith("0") else "false"), name


SHORT = f"short-{os.getpid()}-"  # others may test on this machine at the same time


def start_in(group, folder, number):
    """What an engine does, without one: files, a control group, a program in it."""
    identity = f"5e0{os.getpid():029x}{number:032x}"
    files = folder / "containers" / identity
    files.mkdir(parents=True)
    (files / "config.v2.json").write_text(json.dumps({"ID": identity, "Name": f"/{SHORT}{number}",
                                                      "Config": {"Image": "busybox:1"}}))
    (files / "hostconfig.json").write_text("{}")
    cgroup = group / identity
    cgroup.mkdir()
    pid = os.fork()
    if pid == 0:
        (cgroup / "cgroup.procs").write_text("0")
        os.execv("/bin/true", ["true"])
    os.waitpid(pid, 0)
    cgroup.rmdir()
    return files


def test_hundreds_of_short_containers_are_known(skep, tmp_path):
    """As above for many more than an engine starts in a test's time; SHORT_CONTAINERS says how many."""
    need_root()
    names = [f"{SHORT}{i}" for i in range(int(os.environ.get("SHORT_CONTAINERS", "300")))]
    kept = []
    (tmp_path / "data").mkdir()
    with docker_group() as group:
        monitor = Monitor(skep, tmp_path, (), "--engine-data", tmp_path / "data")
        try:
            for i in range(len(names)):
                kept.append(start_in(group, tmp_path / "data", i))
                # Engines take files away some time after the last process has ended; here about 0.2 s.
                if len(kept) > 100:
                    shutil.rmtree(kept.pop(0))
        finally:
            seen = monitor.stop(names)
    # Other tests may run containers at the same time.
    ours = [line for line in seen if line[0].startswith(SHORT)]
    assert {line[0] for line in ours} == set(names)
    # A process that ended before its root was looked at leaves nothing to read a user's name from.
    wrong = [line for line in ours if line[1:-1] != ["docker.io/library/busybox", "false", "true"]
             or line[-1] not in ("root", "<unknown>")]
    assert not wrong
