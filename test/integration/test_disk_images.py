"""Images that engines keep on disk, read without asking anybody: containerd's, and those of containers/storage."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import urllib.parse
import uuid

import images
import pytest
from agents import until
from comparison import essence
from consoles import Console
from containers import RunningEngine, plain_archive, wrapped_runtime
from fleet import JoinedAgent, ask, present
from services import Process, need, need_root, unmount_below

# Above a base: a package more, one less, a folder gone and another behind a link.
LAYERS = [
    images.layer(images.entry("etc/os-release", images.OS_RELEASE), images.entry("var/lib/dpkg/status", images.status("bash=5.1")),
                 images.entry("var/lib/dpkg/status.d/old", images.status("old=1.0")),
                 images.entry("var/lib/dpkg/status.d/kept", images.status("kept=2.0"))),
    images.layer(images.entry("var/lib/dpkg/status", images.status("bash=5.2", "curl=7.88")),
                 images.entry("var/lib/dpkg/status.d/.wh.old")),
]
# The upper layer replaces a folder: what lay in it is gone, though nothing names it.
REPLACED = [
    LAYERS[0],
    images.layer(images.entry("var/lib/dpkg/status.d/.wh..wh..opq"), images.entry("var/lib/dpkg/status.d/new", images.status("new=3.0"))),
]


class Containerd:
    """containerd alone, with folders of its own."""

    def __init__(self, folder):
        need_root()
        need("containerd", "ctr", "runc")
        folder.mkdir()
        self.folder, self.root, self.socket = folder, folder / "root", folder / "c.sock"
        (folder / "c.toml").write_text(f'version = 2\nroot = "{self.root}"\nstate = "{folder}/state"\n'
                                       f'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n[grpc]\naddress = "{self.socket}"\n')
        self.process = Process(["containerd", "--config", str(folder / "c.toml")], folder / "log")

    def __enter__(self):
        self.process.__enter__()
        self.process.wait_for(self.socket.exists)
        return self

    def __exit__(self, *exc):
        self.process.__exit__(*exc)
        unmount_below(self.folder)

    def ctr(self, *args):
        return subprocess.run(["ctr", "-a", self.socket, *map(str, args)], check=True, capture_output=True, text=True).stdout

    def load(self, archive):
        """Imports and unpacks; returns the digest its name leads to."""
        self.ctr("image", "import", "--snapshotter", "overlayfs", archive)
        return self.ctr("image", "ls").splitlines()[-1].split()[2]

    def discard_layers(self):
        """As the CRI plugin does with discard_unpacked_layers: what is no JSON goes."""
        blobs = [b for b in (self.root / "io.containerd.content.v1.content/blobs/sha256").iterdir() if b.read_bytes()[:1] != b"{"]
        for b in blobs:
            b.unlink()
        return len(blobs)


@pytest.fixture
def containerd(tmp_path):
    with Containerd(tmp_path / "containerd") as c:
        yield c


PARTIAL = 6


def essence_of(skep, target, check=0):
    return essence(json.loads(skep.run("sbom", "--no-cache", target, check=check).stdout))


@pytest.fixture
def archive(tmp_path):
    path = tmp_path / "two.tar"
    path.write_bytes(images.docker_save(LAYERS, tag="docker.io/library/two:1"))
    return path


def test_blobs_and_snapshots_of_containerd_say_the_same(skep, containerd, archive):
    want = essence_of(skep, f"docker-archive:{archive}")
    assert {c[1] for c in want} >= {"bash", "curl", "kept"} and "old" not in {c[1] for c in want}
    target = f"containerd:{containerd.root}@{containerd.load(archive)}"
    assert essence_of(skep, target) == want
    assert containerd.discard_layers() == 2
    assert essence_of(skep, target) == want


NO_ADMIN = ["setpriv", "--bounding-set", "-sys_admin", "--inh-caps", "-sys_admin"]


def sbom_without_power(skep, target, *options):
    """As one of the agent's parts reads it: whose files these are, and nothing more."""
    return subprocess.run([*NO_ADMIN, skep.binary, "sbom", "--no-cache", *options, target], env=skep.env, capture_output=True,
                          text=True)


def test_replaced_folders_of_containerd(skep, containerd, tmp_path):
    """Of a snapshot only CAP_SYS_ADMIN may see which folders were replaced; who may not says so."""
    path = tmp_path / "replaced.tar"
    path.write_bytes(images.docker_save(REPLACED, tag="docker.io/library/replaced:1"))
    want = essence_of(skep, f"docker-archive:{path}")
    target = f"containerd:{containerd.root}@{containerd.load(path)}"
    assert containerd.discard_layers() == 2
    assert essence_of(skep, target) == want
    less = sbom_without_power(skep, target)
    assert less.returncode == PARTIAL and "whether the layer replaced whole folders may not be seen" in less.stderr, less
    assert "old" in {c[1] for c in essence(json.loads(less.stdout))}


def test_a_layer_that_is_nowhere_is_a_gap(skep, containerd, archive):
    target = f"containerd:{containerd.root}@{containerd.load(archive)}"
    containerd.discard_layers()
    shutil.rmtree(containerd.root / "io.containerd.snapshotter.v1.overlayfs/snapshots/1/fs")
    assert "neither its blob nor an unpacked snapshot is there" in skep.run("sbom", "--no-cache", target, check=PARTIAL).err
    missing = f"containerd:{containerd.root}@sha256:{'0' * 64}"
    assert "No such file" in skep.run("sbom", missing, check=4).err
    assert "FOLDER@sha256:... is expected" in skep.run("sbom", "containerd:/nowhere", check=2).err


@pytest.fixture
def storage():
    """A folder of Podman's. It refuses paths of more than 50 characters, which those of pytest are."""
    need_root()
    need("podman")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="pod"))
    yield folder
    unmount_below(folder)
    shutil.rmtree(folder, ignore_errors=True)


def load(storage, driver, archive):
    """Returns the target."""
    subprocess.run(["podman", "--root", storage / "root", "--runroot", storage / "run", "--tmpdir", storage / "tmp",
                    "--storage-driver", driver, "load", "-q", "-i", archive], check=True, capture_output=True)
    image = json.loads((storage / f"root/{driver}-images/images.json").read_text())[0]["id"]
    return f"containers-storage:{storage}/root@sha256:{image}"


@pytest.mark.parametrize("layers", [LAYERS, REPLACED], ids=["whiteouts", "replaced"])
@pytest.mark.parametrize("driver", ["overlay", "vfs"])
def test_storage_of_podman(skep, tmp_path, storage, driver, layers):
    """The same as from the archive, without a gap and without power over the host: what Podman kept of a layer's archive names the
    folders it replaced."""
    archive = tmp_path / "image.tar"
    archive.write_bytes(images.docker_save(layers, tag="docker.io/library/image:1"))
    want = essence_of(skep, f"docker-archive:{archive}")
    assert "old" not in {c[1] for c in want}
    target = load(storage, driver, archive)
    assert essence_of(skep, target) == want
    said = sbom_without_power(skep, target)
    assert said.returncode == 0 and essence(json.loads(said.stdout)) == want, said
    assert "no engine keeps image" in skep.run("sbom", f"containers-storage:{storage}/root@sha256:{'1' * 64}", check=4).err


def test_a_layer_cannot_say_what_podman_kept_of_it(skep, tmp_path, storage):
    """A file of the layer named as readers of layers call Podman's record."""
    archive = tmp_path / "image.tar"
    archive.write_bytes(images.docker_save(REPLACED, tag="docker.io/library/image:1"))
    target = load(storage, "overlay", archive)
    want = sbom_without_power(skep, target)
    assert want.returncode == 0, want
    layers = [f for f in (storage / "root/overlay").glob("*/diff") if f.is_dir()]
    assert len(layers) == 2
    for f in layers:
        (f / ".wh..wh.tar-split").write_bytes(b'{"type":1,"name":"var/lib/dpkg/.wh..wh..opq","position":0}\n')
    said = sbom_without_power(skep, target)
    assert said.returncode == 0 and not said.stderr, said
    assert essence(json.loads(said.stdout)) == essence(json.loads(want.stdout))


def test_what_podman_kept_of_an_archive_may_be_gone_or_damaged(skep, tmp_path, storage):
    archive = tmp_path / "image.tar"
    archive.write_bytes(images.docker_save(REPLACED, tag="docker.io/library/image:1"))
    target = load(storage, "overlay", archive)
    kept = list((storage / "root/overlay-layers").glob("*.tar-split.gz"))
    assert len(kept) == 2
    for k in kept:
        k.write_bytes(k.read_bytes()[:-20])
    less = sbom_without_power(skep, target)
    assert less.returncode == PARTIAL and "may still be told" in less.stderr, less
    for k in kept:
        k.unlink()
    assert sbom_without_power(skep, target).returncode == PARTIAL
    less = sbom_without_power(skep, target, "--limit", "file_bytes=10")
    assert "over the limit for one file: whether the layer replaced whole folders" in less.stderr, less
    assert essence_of(skep, target) == essence_of(skep, f"docker-archive:{archive}")


# Others test on this machine at the same time, and an agent sees all that runs: what is looked for has names of its own.
OURS = f"disk{os.getpid()}"


def image_row(console):
    rows = ask(console, "SELECT digest, packages, scan_error FROM image WHERE refs LIKE ? AND scanned_ns > 0", f"%{OURS}:%")
    return rows[0] if rows else None


def search_for_its_packages(console, digest, agent):
    """One query box: packages across images, the containers that run them, and what the console reckons of these."""
    admin = console.admin()

    def got(path, **query):
        answer = admin.get(path + "?" + urllib.parse.urlencode(query))
        assert answer.status == 200, answer
        return answer.json()

    def images(q):
        return [i["digest"] for i in got("/api/v1/images", q=q)["items"]]

    for q in (f"package.name = {OURS}", f"package.version[{OURS}] = 1.1-r3 and not package.name = nothing", f"package.id = {OURS}@1.1-r3",
              "package.name startswith apk- and image.running > 0", "image.tag = 3.10", OURS):
        assert digest in images(q), q
    for q in ("package.name = nothing", f"package.version[{OURS}] = 1.0", "image.tag = 3.11", "image.running > 1"):
        assert digest not in images(q), q
    assert admin.get("/api/v1/images?q=package.nme%20%3D%20musl").status == 400
    found = [a["id"] for a in got("/api/v1/assets", q=f"kind = container and package.id = {OURS}@1.1-r3")["items"]]
    assert found == [f"container:{OURS}-1"]
    assert got("/api/v1/packages", q=OURS)["items"] == [{"name": OURS, "version": "1.1-r3", "kind": "apk", "images": 1, "containers": 1}]
    where = got("/api/v1/packages/where", name=OURS, version="1.1-r3")
    assert [i["digest"] for i in where["images"]] == [digest] and [c["id"] for c in where["containers"]] == [f"container:{OURS}-1"]
    assert where["hosts"] == [os.uname().nodename] and not where["cut"]
    assert until(lambda: got("/api/v1/assets", kind="container", sort="-risk")["items"][0].get("risk", -1) > 0, 30)
    assert until(lambda: got("/api/v1/assets", kind="host")["items"][0].get("risk", -1) > 0, 30)
    assert until(lambda: got(f"/api/v1/agents/{agent.name()}")["cost"], 60)
    cost = got(f"/api/v1/agents/{agent.name()}")["cost"][0]
    assert cost["memory"] > 0 and cost["cpu"] >= 0 and cost["events"] >= 0 and cost["lost"] >= 0
    periods = got(f"/api/v1/assets/container%3A{OURS}-1")["periods"]
    assert len(periods) == 1 and periods[0]["to"] is None


BRIDGE = f"skep{os.getpid()}"
SUBNET = f"10.99.{os.getpid() % 256}.0/24"
NETWORK = f"""{{"cniVersion":"0.4.0","name":"{OURS}","plugins":[{{"type":"bridge","bridge":"{BRIDGE}","ipam":{{"type":"host-local",
"ranges":[[{{"subnet":"{SUBNET}"}}]]}}}}]}}"""


def with_plugins(folder):
    """A command before others: they have networks by plugins, and what is kept of them lies in @folder."""
    if not pathlib.Path("/usr/lib/cni/bridge").exists():
        pytest.skip("needs containernetworking-plugins")
    for name in ("etc/net.d", "lib"):
        (folder / name).mkdir(parents=True)
    (folder / "etc/net.d/10-shops.conflist").write_text(NETWORK)
    script = f"""
        mkdir -p /etc/cni /var/lib/cni && mount --bind {folder}/etc /etc/cni && mount --bind {folder}/lib /var/lib/cni &&
        mount -t tmpfs none /opt && mkdir /opt/cni && ln -s /usr/lib/cni /opt/cni/bin && exec "$0" "$@"
    """
    return ["unshare", "-m", "sh", "-c", script]


def test_volumes_and_networks_of_containerd_are_told(skep, tmp_path, shared, containerd):
    """Nobody is asked: what is mounted tells the volume as the kubelet keeps it, and libcni's files the network."""
    inside = with_plugins(tmp_path / "cni")
    containerd.load(plain_archive(shared / "rootfs" / "alpine-310-docker-save.tar.gz", tmp_path))
    uid = str(uuid.uuid4())
    volume = tmp_path / "kubelet/pods" / uid / "volumes/kubernetes.io~csi/pvc-7"
    (volume / "mount").mkdir(parents=True)
    (tmp_path / "console").mkdir()
    with Console(tmp_path / "console") as console:
        agent = JoinedAgent(skep, tmp_path / "agent", console, "--engine-data", containerd.root, "--engine-data",
                            containerd.folder / "state")
        agent.process.args = [*inside, *agent.process.args]
        with agent as a:
            subprocess.run([*inside, "ctr", "-a", containerd.socket, "run", "-d", "--cni", "--snapshotter", "overlayfs", "--runc-binary",
                            wrapped_runtime(tmp_path), "--mount", f"type=bind,src={volume}/mount,dst=/data,options=rbind:rw",
                            "docker.io/library/alpine:3.10", f"{OURS}-2", "sleep", "1000"], check=True)
            def has(kind, id):
                return ask(console, "SELECT COUNT(*) FROM relation WHERE from_id LIKE ? AND to_id = ? AND gone_ns = 0",
                           f"{kind}:%/{id}", f"container:{OURS}-2") == [(1,)]
            try:
                assert until(lambda: has("volume", f"kubernetes/{uid}/pvc-7") and has("network", f"cni/{OURS}"), 60), a.said()
                docs = [json.loads(d) for d, in ask(console, "SELECT doc FROM asset WHERE id LIKE ? OR id LIKE ? ORDER BY id",
                                                    f"network:%/cni/{OURS}", f"volume:%/{uid}/%")]
                assert docs[0]["driver"] == "bridge" and docs[0]["subnets"] == [SUBNET], docs
                assert docs[1]["driver"] == "kubernetes.io/csi" and docs[1]["at"] == str(volume), docs
            finally:
                subprocess.run(["ctr", "-a", containerd.socket, "task", "rm", "-f", f"{OURS}-2"], check=False)
                subprocess.run(["ctr", "-a", containerd.socket, "container", "rm", f"{OURS}-2"], check=False)
                subprocess.run(["ip", "link", "del", BRIDGE], check=False)


# What Podman asks of netavark, which this Debian may lack: an address in the container's network namespace.
NETAVARK = """#!/usr/bin/python3
import json, subprocess, sys
told, space = json.load(sys.stdin), sys.argv[-1]
def ip(*args):
    subprocess.run(["nsenter", "--net=" + space, "ip", *args], check=True)
if "setup" in sys.argv:
    for o in told["networks"].values():
        ip("link", "add", o["interface_name"], "type", "veth", "peer", "name", "peer0")
        ip("address", "add", o["static_ips"][0] + "/24", "dev", o["interface_name"])
        ip("link", "set", o["interface_name"], "up")
    print(json.dumps({name: {"interfaces": {}} for name in told["networks"]}))
"""


def test_networks_of_netavark_are_told(skep, tmp_path, shared, storage):
    """Real Podman's own files and containers, while nobody asks it: who is in a network is told by the addresses it has."""
    (storage / "bin").mkdir()
    (storage / "networks").mkdir()
    (storage / "bin/netavark").write_text(NETAVARK)
    (storage / "bin/netavark").chmod(0o755)
    (storage / "c.conf").write_text(f'[network]\nnetwork_backend = "netavark"\nnetwork_config_dir = "{storage}/networks"\n'
                                    f'[engine]\nhelper_binaries_dir = ["{storage}/bin"]\n')

    def podman(*args):
        return subprocess.run(["podman", "--root", storage / "root", "--runroot", storage / "run", "--tmpdir", storage / "tmp",
                               "--storage-driver", "vfs", "--cgroup-manager", "cgroupfs", "--runtime", wrapped_runtime(storage), *args],
                              check=True, capture_output=True, text=True, env={**os.environ, "CONTAINERS_CONF": str(storage / "c.conf")}
                              ).stdout.strip()

    podman("load", "-q", "-i", plain_archive(shared / "rootfs" / "alpine-310-docker-save.tar.gz", tmp_path))
    subnet = f"10.97.{os.getpid() % 256}.0/24"
    podman("network", "create", "--subnet", subnet, "shops")
    network = json.loads((storage / "networks/shops.json").read_text())["id"]
    (tmp_path / "console").mkdir()
    try:
        made = {n: podman("run", "-d", "--name", f"net-{n}", "--network", n, "alpine:3.10", "sleep", "1000")
                for n in ("shops", "podman", "none", "host")}
        with Console(tmp_path / "console") as console:
            agent = JoinedAgent(skep, tmp_path / "agent", console, "--engine-data", storage / "root", "--engine-data", storage / "run")
            agent.process.args = ["unshare", "-m", "sh", "-c", "mount -t tmpfs none /etc/containers && mkdir /etc/containers/networks && "
                                  f'mount --bind {storage}/networks /etc/containers/networks && exec "$0" "$@"', *agent.process.args]
            with agent as a:
                def members(id):
                    found = ask(console, "SELECT doc FROM asset WHERE id LIKE ? AND gone_ns = 0", f"network:%/podman/{id}")
                    return [json.loads(d) for d, in found]
                assert until(lambda: members(network) and members(network)[0]["containers"], 60), a.said()
                assert members(network)[0]["containers"] == [made["shops"]] and members(network)[0]["subnets"] == [subnet]
                # Of the network it makes itself Podman keeps no file.
                own, = (m for m in members("%") if m["name"] == "podman")
                assert set(own["containers"]) & set(made.values()) == {made["podman"]} and own["driver"] == "bridge"
                podman("rm", "-f", "-t", "0", "net-shops", "net-podman")
                assert until(lambda: not any(set(m["containers"]) & set(made.values()) for m in members("%")), 90), a.said()
    finally:
        podman("rm", "-f", "-t", "0", "-a")


def test_what_runs_in_containerd_is_scanned(skep, tmp_path, shared, containerd):
    """A container of containerd alone: its image is at the console, told, related and read, and nobody was asked."""
    folder = tmp_path / "console"
    folder.mkdir()
    archive = tmp_path / "ours.tar"
    saved, config = images.alpine_with(shared / "rootfs" / "alpine-310-docker-save.tar.gz", f"{OURS}=1.1-r3", f"docker.io/library/{OURS}:3.10")
    archive.write_bytes(saved)
    containerd.load(archive)
    with Console(folder) as console, \
            JoinedAgent(skep, tmp_path / "agent", console, "--engine-data", containerd.root, "--engine-data",
                        containerd.folder / "state") as a:
        containerd.ctr("run", "-d", "--snapshotter", "overlayfs", "--runc-binary", wrapped_runtime(tmp_path),
                       f"docker.io/library/{OURS}:3.10", f"{OURS}-1", "sleep", "1000")
        try:
            assert until(lambda: any(i == f"image:{config}" for i, _ in present(console, "image")), 60), a.said()
            assert until(lambda: image_row(console), 60), a.said()
            assert image_row(console) == (config, 15, "")
            assert ask(console, "SELECT image_id FROM asset WHERE id = ?", f"container:{OURS}-1") == [(f"image:{config}",)]
            search_for_its_packages(console, config, a)
        finally:
            subprocess.run(["ctr", "-a", containerd.socket, "task", "rm", "-f", f"{OURS}-1"], check=False)
            subprocess.run(["ctr", "-a", containerd.socket, "container", "rm", f"{OURS}-1"], check=False)


def test_an_engine_with_a_socket_of_its_own_is_found(skep, tmp_path, shared):
    """Nobody named it: that it runs tells where it answers, and the image is read from it."""
    need_root()
    need("docker")
    (tmp_path / "console").mkdir()
    with RunningEngine(tmp_path / "engine", storage="overlay2") as engine, Console(tmp_path / "console") as console:
        archive = tmp_path / "ours.tar"
        archive.write_bytes(images.alpine_with(shared / "rootfs" / "alpine-310-docker-save.tar.gz", f"{OURS}=1", f"{OURS}:own")[0])
        engine.load(archive)
        agent = JoinedAgent(skep, tmp_path / "agent", console, engine=engine)
        at = agent.process.args.index("--engine")
        del agent.process.args[at:at + 2]
        with agent as a:
            engine.run("own-1", image=f"{OURS}:own")
            assert until(lambda: image_row(console), 60), a.said()
            assert image_row(console)[1:] == (15, "")


def own_group(controller):
    for line in pathlib.Path("/proc/self/cgroup").read_text().split():
        if controller in line.split(":")[1].split(","):
            return pathlib.Path(f"/sys/fs/cgroup/{controller}{line.split(':', 2)[2]}")
    return None


def scanner_groups(a):
    """Where an agent's readers are held, by controller; its state folder names them."""
    folder = a.state.stat()
    return {c: own_group(c) / f"skep-scanner-{folder.st_dev:x}-{folder.st_ino:x}" for c in ("cpu", "memory")}


def are_there(groups):
    return {g.exists() for g in groups.values()} == {True}


def test_readers_of_images_live_in_a_group_of_their_own(skep, tmp_path):
    need_root()
    if not own_group("cpu") or not own_group("memory"):
        pytest.skip("cgroup v1 is not what this host has")
    folder = tmp_path / "console"
    folder.mkdir()
    with Console(folder) as console, JoinedAgent(skep, tmp_path / "agent", console) as a:
        groups = scanner_groups(a)
        assert until(lambda: "scanner" in a.parts() and are_there(groups)), a.said()
        assert (groups["cpu"] / "cpu.cfs_quota_us").read_text() == "50000\n"
        assert (groups["memory"] / "memory.limit_in_bytes").read_text() == f"{2 << 30}\n"
        assert "without a control group" not in a.said()
        # Who is killed leaves it to the next.
        a.replaced("scanner", a.end("scanner"))
        assert are_there(groups)
        # Another agent of this host has its own. One that was killed with its supervisor leaves it to whichever agent starts next.
        with JoinedAgent(skep, tmp_path / "other", console) as b:
            theirs = scanner_groups(b)
            assert until(lambda: are_there(theirs)) and theirs != groups, b.said()
            b.process.child.kill()
            b.process.child.wait()
        assert are_there(theirs)
        with JoinedAgent(skep, tmp_path / "third", console) as c:
            assert until(lambda: not any(g.exists() for g in theirs.values()) and are_there(scanner_groups(c))), c.said()
            assert are_there(groups)
        assert are_there(groups) and not any(g.exists() for g in scanner_groups(c).values())
    assert not any(g.exists() for g in groups.values())
