"""Containers of an ordinary user's own engine (rootless Podman): who they are, what is in them, and that a user's folder speaks for itself alone."""
import json
import os
import pathlib
import pwd
import shutil
import subprocess
import tempfile

import pytest

import images
from agents import OURS, RULES, until
from containers import wrapped_runtime
from consoles import Console
from fleet import JoinedAgent, ask
from services import Process, need, need_root, unmount_below

USER = pwd.getpwnam("games")  # of every Debian, and nobody works as it
FIRST = 300000
GROUPS = pathlib.Path("/sys/fs/cgroup")


class Rootless:
    """Podman as @USER: with subordinate ids, a home nobody else may enter, and, as a session has it, a control group of its own."""

    def __init__(self, driver, group=True):
        need_root()
        need("podman", "runc", "newuidmap", "newgidmap", "unshare", "nsenter", "setpriv")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="rl"))  # Podman refuses long paths
        self.folder.chmod(0o755)
        self.home, self.run_folder = self.folder / "home", self.folder / "run"
        for f in (self.home, self.run_folder):
            f.mkdir(mode=0o700)
            shutil.chown(f, USER.pw_uid, USER.pw_gid)
        (self.folder / "ids").write_text(f"{USER.pw_name}:{FIRST}:65536\n")
        self.group = GROUPS / f"skep-{self.folder.name}"
        self.has_group = group
        own = f"""umount -R {GROUPS} && mount -t cgroup2 none {GROUPS} && mkdir -p {self.group}/user &&
            chown -R {USER.pw_uid}:{USER.pw_gid} {self.group} &&""" if group else ""
        script = f"""
            mount --make-rprivate / && mount --bind {self.folder}/ids /etc/subuid && mount --bind {self.folder}/ids /etc/subgid &&
            {own} touch {self.folder}/ready && exec sleep 1000000
        """
        self.holder = Process(["unshare", "-m", "sh", "-c", script], self.folder / "holder.log")
        self.command = ["podman", "--storage-driver", driver, "--cgroup-manager", "cgroupfs", "--runtime", str(wrapped_runtime(self.folder))]

    def __enter__(self):
        self.holder.__enter__()
        self.holder.wait_for((self.folder / "ready").exists)
        return self

    def __exit__(self, *_):
        try:
            subprocess.run(self.as_user("rm", "-f", "-t", "0", "-a"), capture_output=True)
            # The process that keeps the user's namespace, and the groups, which only who sees cgroup v2 there can remove.
            for f in self.run_folder.rglob("pause.pid"):
                os.kill(int(f.read_text()), 9)
            if self.has_group:
                subprocess.run([*self.inside(), "sh", "-c", f"sleep 0.2; find {self.group} -depth -type d -exec rmdir {{}} \\;"], capture_output=True)
        finally:
            self.holder.__exit__()
            unmount_below(self.folder)
            shutil.rmtree(self.folder, ignore_errors=True)

    def inside(self):
        """Where only cgroup v2 is seen: control groups of version 1 are not given to users."""
        return ["nsenter", "-t", str(self.holder.child.pid), "-m", "--"]

    def as_user(self, *args):
        enter = f'cd {self.home} && exec "$@"'
        if self.has_group:
            enter = f"echo $$ > {self.group}/user/cgroup.procs && {enter}"
        return [*self.inside(), "sh", "-c", enter, "sh", "setpriv", "--reuid", str(USER.pw_uid), "--regid", str(USER.pw_gid), "--clear-groups",
                "--inh-caps=-all", "env", "-i", f"PATH={os.environ['PATH']}", f"HOME={self.home}", f"XDG_RUNTIME_DIR={self.run_folder}",
                *self.command, *map(str, args)]

    def podman(self, *args):
        p = subprocess.run(self.as_user(*args), capture_output=True, text=True, timeout=120)
        if p.returncode and ("newuidmap" in p.stderr or "user namespace" in p.stderr):
            pytest.skip(f"ordinary users have no user namespaces here: {p.stderr.strip()[-200:]}")
        assert p.returncode == 0, p.stderr
        return p.stdout.strip()


@pytest.fixture
def console(tmp_path):
    (tmp_path / "console").mkdir()
    with Console(tmp_path / "console") as c:
        yield c


@pytest.fixture(params=["vfs", "overlay"])
def rootless(request):
    with Rootless(request.param) as r:
        yield r


def saved(shared, folder, tag, package):
    """An archive the user may read, and its configuration's digest."""
    path = folder / f"{tag.partition(':')[0]}.tar"
    archive, config = images.alpine_with(shared / "rootfs" / "alpine-310-docker-save.tar.gz", package, f"localhost/{tag}")
    path.write_bytes(archive)
    path.chmod(0o644)
    return path, config


def docs(console, kind, container):
    found = [json.loads(d) for d, in ask(console, "SELECT doc FROM asset WHERE id LIKE ? AND gone_ns = 0", kind + ":%")]
    return [d for d in found if d.get("container") == container]


def test_a_users_own_containers_are_known_like_all_others(skep, tmp_path, shared, console, rootless):
    archive, config = saved(shared, rootless.folder, f"{OURS}rl:1", f"{OURS}rl=1.1-r3")
    rootless.podman("load", "-q", "-i", archive)
    rootless.podman("volume", "create", "honey")
    made = rootless.podman("run", "-d", "--name", "rl", "--network", "none", "--label", "team=blue", "-v", "honey:/honey", f"localhost/{OURS}rl:1",
                           "sh", "-c", "adduser -D -u 4711 own; su own -c 'sleep 1001' & exec nc -l -p 23456")
    # Nobody but the user may enter where it lies.
    assert rootless.home.stat().st_mode & 0o077 == 0
    found = json.loads(subprocess.run([*rootless.inside(), skep.binary, "agent", "containers", "--json"], capture_output=True, env=skep.env,
                                      check=True, timeout=60).stdout)
    c = next(c for c in found if c["id"] == made)
    assert (c["runtime"], c["name"], c["image"], c["imageId"]) == ("podman", "rl", f"localhost/{OURS}rl:1", config)
    assert c["metadataKnown"] and not c["privileged"] and c["labels"] == {"team": "blue"}
    rules = RULES.replace('%proc.cmdline"', '%proc.cmdline in %container.name by %user.uid=%user.name"')
    agent = JoinedAgent(skep, tmp_path / "agent", console, rules=rules)
    agent.process.args = [*rootless.inside(), *agent.process.args]
    with agent as a:
        rootless.podman("exec", "-u", "own", "rl", "/bin/true", OURS + "first")
        assert until(lambda: any(f"in rl by {FIRST + 4710}=own" in m["message"] for m in a.told()), 30), [m["message"][-60:] for m in a.told()]

        def who(kind, word):
            return next(((d.get("uid"), d.get("hostUid"), d.get("user")) for d in docs(console, kind, made)
                         if word in d["name"] and "user" in d), None)
        assert until(lambda: who("process", "nc") and who("process", "sleep") and who("port", "nc"), 60), a.said()
        # Its root is the user, its others are of the numbers the user was given.
        assert who("process", "nc") == who("port", "nc") == (0, USER.pw_uid, "root")
        assert who("process", "sleep") == (4711, FIRST + 4710, "own")
        def volumes():
            return [json.loads(d) for d, in ask(console, "SELECT doc FROM asset WHERE id LIKE 'volume:%' AND gone_ns = 0")]
        assert until(lambda: [v for v in volumes() if v["name"] == "honey" and v["containers"] == [made]], 30), a.said()
        assert ask(console, "SELECT image_id FROM asset WHERE id = ?", f"container:{made}") == [(f"image:{config}",)]

        def root_is():
            return [json.loads(d).get("rootHostUid") for d, in ask(console, "SELECT doc FROM asset WHERE id = ?", f"container:{made}")]
        assert until(lambda: root_is() == [USER.pw_uid], 30), root_is()
        # Its image is read, though the process that does has no power over the user's files but to read them.
        def row():
            return ask(console, "SELECT packages, scan_error FROM image WHERE digest = ?", config)
        assert until(lambda: row() and row() != [(0, "")], 60), a.said()
        assert row() == [(15, "")]


def test_what_root_keeps_goes_before_what_a_user_does(skep, tmp_path, shared, console):
    """A user may change what lies unpacked in their folder: an image that root's engine has is read there, and nothing of theirs is taken for
    another image's layer."""
    with Rootless("vfs") as rootless:
        archive, config = saved(shared, rootless.folder, f"{OURS}both:1", f"{OURS}both=1.1-r3")
        rootless.podman("load", "-q", "-i", archive)
        storage = rootless.home / ".local/share/containers/storage"
        for f in storage.glob("vfs/dir/*/lib/apk/db/installed"):
            f.write_text("")
        mine = rootless.podman("run", "-d", "--network", "none", f"localhost/{OURS}both:1", "sleep", "1000")
        own = rootless.folder / "own"
        subprocess.run(["podman", "--root", own / "root", "--runroot", own / "run", "--tmpdir", own / "tmp", "--storage-driver", "vfs", "load", "-q", "-i",
                        archive], check=True, capture_output=True)
        agent = JoinedAgent(skep, tmp_path / "agent", console, "--engine-data", own / "root", "--engine-data", storage)
        agent.process.args = [*rootless.inside(), *agent.process.args]
        with agent as a:
            def row():
                return ask(console, "SELECT packages, scan_error FROM image WHERE digest = ?", config)
            assert until(lambda: row() and row() != [(0, "")], 60), a.said()
            assert row() == [(15, "")]
            assert ask(console, "SELECT COUNT(*) FROM asset WHERE id = ?", f"container:{mine}") == [(1,)]


def test_a_container_without_a_control_group_is_said_to_be_taken_for_the_host(skep, tmp_path, shared, console):
    """Users are given none of version 1: nobody can tell such a container from the host, and nobody is to think otherwise."""
    if (GROUPS / "cgroup.controllers").exists():
        pytest.skip("this host has no cgroup v1")
    with Rootless("vfs", group=False) as rootless:
        archive, _ = saved(shared, rootless.folder, f"{OURS}lone:1", f"{OURS}lone=1")
        rootless.podman("load", "-q", "-i", archive)
        made = rootless.podman("run", "-d", "--network", "none", f"localhost/{OURS}lone:1", "sleep", "1000")
        with JoinedAgent(skep, tmp_path / "agent", console) as a:
            said = f"container {made[:12]} of user {USER.pw_uid} (conmon is process "
            # It had begun too lately for the first look; each minute there is one anyway.
            assert until(lambda: said in a.said(), 55), a.said()
            assert "has no control group of its own: what it does is told as the host's" in a.said()
            assert a.said().count(said) == 1
            assert ask(console, "SELECT COUNT(*) FROM asset WHERE id = ?", f"container:{made}") == [(0,)]
