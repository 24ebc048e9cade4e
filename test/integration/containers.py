"""Engines that run real containers, for tests of who runs here; each with folders, sockets and a runtime of its own."""
import contextlib
import gzip
import json
import pathlib
import shutil
import socket
import subprocess
import tempfile

from services import Engine, Process, need, unmount_below

# Where the tests run nobody may raise resource limits, and a container that asks for that power does not start.
WRAPPER = """#!/bin/sh
case " $* " in
*" create "* | *" run "*) exec /usr/bin/python3 -IS "$0.py" "$@" ;;
*) exec runc "$@" ;;
esac
"""
CREATE = """import json, os, sys
args = sys.argv
path = os.path.join(args[args.index("--bundle") + 1] if "--bundle" in args else ".", "config.json")
config = json.load(open(path))
for names in config["process"].get("capabilities", {}).values():
    if "CAP_SYS_RESOURCE" in names:
        names.remove("CAP_SYS_RESOURCE")
config["process"].pop("rlimits", None)
json.dump(config, open(path, "w"))
os.execvp("runc", ["runc", *args[1:]])
"""


def wrapped_runtime(folder):
    path = folder / "runc"
    path.write_text(WRAPPER)
    path.chmod(0o755)
    (folder / "runc.py").write_text(CREATE)
    return path


class RunningEngine(Engine):
    """dockerd that can run containers without a network; with `unified` it sees cgroup v2 only, with `remap` its containers
    have a user namespace of their own that begins at that number."""

    def __init__(self, folder, unified=False, storage="vfs", remap=None):
        super().__init__(folder, storage)
        need("runc", "unshare", "nsenter")
        wrapper = wrapped_runtime(folder)
        args = self.dockerd.args + [f"--add-runtime=wrapped={wrapper}", "--default-runtime=wrapped"]
        if unified:
            line = " ".join(map(str, args))
            args = ["unshare", "-m", "sh", "-c",
                    "mount --make-rprivate / && umount -R /sys/fs/cgroup && "
                    f"mount -t cgroup2 none /sys/fs/cgroup && exec {line}"]
        if remap:
            ids = folder / "ids"
            ids.write_text(f"nobody:{remap}:65536\n")
            args = ["unshare", "-m", "sh", "-c", f'mount --bind {ids} /etc/subuid && mount --bind {ids} /etc/subgid && exec "$0" "$@"',
                    *args, "--userns-remap=65534:65534"]
        self.unified = unified
        self.dockerd = Process(args, folder / "dockerd.log")

    def inside(self):
        """What must stand before a command that shall see the cgroups this engine sees."""
        return ["nsenter", "-t", str(self.dockerd.child.pid), "-m", "--"] if self.unified else []

    def json(self, method, path, body=None):
        with_type = json.dumps(body or {}).encode()
        status, answer = self.ask(method, path, with_type)
        assert status < 300, (status, answer)
        return json.loads(answer) if answer.strip() else None

    def ask(self, method, path, body):
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(120)
            s.connect(str(self.socket))
            s.sendall(f"{method} {path} HTTP/1.0\r\nHost: docker\r\nContent-Type: application/json\r\n"
                      f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
            answer = b"".join(iter(lambda: s.recv(65536), b""))
        return int(answer.split()[1]), answer.split(b"\r\n\r\n", 1)[1]

    def run(self, name, image="alpine:3.10", command=("sleep", "1000"), host=None, **config):
        """Starts a container without a network; returns its id."""
        made = self.json("POST", f"/containers/create?name={name}",
                         {"Image": image, "Cmd": list(command), **config,
                          "HostConfig": {"NetworkMode": "none", **(host or {})}})
        self.json("POST", f"/containers/{made['Id']}/start")
        return made["Id"]

    def remove(self, name):
        self.ask("DELETE", f"/containers/{name}?force=1", b"")

    def restart(self):
        """Kills dockerd as a crash would and starts it again; its containers live on where it runs with --live-restore."""
        self.dockerd.child.kill()
        self.dockerd.child.wait()
        # It mounts its folder onto itself, and only a dockerd that ends well takes that away.
        subprocess.run(["umount", "-l", self.folder / "data"], check=False)
        pathlib.Path(self.folder / "pid").unlink(missing_ok=True)
        self.dockerd.__enter__()
        self.dockerd.wait_for(lambda: self.request("GET", "/_ping")[0] == 200, 120)

    def ctr(self, *args):
        return subprocess.run(["ctr", "-a", self.containerd_socket, *map(str, args)], check=True, capture_output=True,
                              text=True).stdout


@contextlib.contextmanager
def engine_apart(shared, **options):
    """A RunningEngine with alpine, in a folder that its containers' root may enter whoever that is; those of pytest not."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="engine"))
    folder.chmod(0o755)
    try:
        with RunningEngine(folder / "e", **options) as e:
            e.load(shared / "rootfs" / "alpine-310-docker-save.tar.gz")
            yield e
    finally:
        unmount_below(folder)
        shutil.rmtree(folder, ignore_errors=True)


def plain_archive(archive, folder):
    """The archive decompressed, which ctr wants."""
    plain = folder / "image.tar"
    plain.write_bytes(gzip.decompress(archive.read_bytes()))
    return plain

