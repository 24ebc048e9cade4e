"""Root file systems as folders: links are followed as if the folder were "/", and nothing outside is ever read."""
import os
import pathlib
import shutil
import subprocess
import tempfile

import images
from images import status


def scan(skep, folder, timeout=30):
    p = skep.run("sbom", f"dir:{folder}", "-f", "json", timeout=timeout)
    assert p.returncode in (0, 6), p.err
    report = images.json.loads(p.stdout)
    return {x["name"] for x in report["packages"]}, report


def make(tmp_path, files):
    return images.as_folder({"etc/os-release": images.OS_RELEASE, **files}, tmp_path / "root")


def test_plain(skep, tmp_path):
    names, report = scan(skep, make(tmp_path, {"var/lib/dpkg/status": status("bash=5")}))
    assert names == {"bash"} and report["os"]["id"] == "debian"


def test_links_inside(skep, tmp_path):
    root = make(tmp_path, {"data/dpkg/status": status("bash=5"), "data/status.d/base": status("base=1")})
    (root / "var/lib").mkdir(parents=True)
    os.symlink("/data/dpkg", root / "var/lib/dpkg")
    os.symlink("../status.d", root / "data/dpkg/status.d")
    assert scan(skep, root)[0] == {"bash", "base"}


def test_links_outside(skep, tmp_path):
    """The host has /etc and perhaps a package database: none of it may show."""
    secret = tmp_path / "secret"
    secret.write_bytes(status("secret=1"))
    root = make(tmp_path, {"var/lib/dpkg/x": b""})
    os.symlink(secret, root / "var/lib/dpkg/status")
    assert scan(skep, root)[0] == set()
    os.unlink(root / "var/lib/dpkg/status")
    os.symlink("../" * 20 + str(secret), root / "var/lib/dpkg/status")
    assert scan(skep, root)[0] == set()


def test_links_in_circles(skep, tmp_path):
    root = make(tmp_path, {})
    (root / "var").mkdir()
    os.symlink(".", root / "var/lib")
    os.symlink("status", root / "var/status")
    os.symlink("/usr", root / "usr")
    os.symlink("lib", root / "lib")
    assert scan(skep, root)[0] == set()


def test_pipes_and_sockets_are_not_waited_for(skep, tmp_path):
    root = make(tmp_path, {"var/lib/dpkg/x": b""})
    os.mkfifo(root / "var/lib/dpkg/status")
    os.mkfifo(root / "etc/lsb-release")
    assert scan(skep, root)[0] == set()


def test_a_database_that_may_not_be_read_is_told(skep, tmp_path):
    """Root may read everything, so this is somebody else, with a program and a folder they can reach."""
    with tempfile.TemporaryDirectory() as reachable:
        os.chmod(reachable, 0o755)
        root = make(pathlib.Path(reachable), {"var/lib/dpkg/status": status("bash=5")})
        os.chmod(root / "var/lib/dpkg/status", 0)
        program = shutil.copy(skep.binary, reachable)
        nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.geteuid() == 0 else []
        p = subprocess.run([*nobody, program, "sbom", f"dir:{root}", "-f", "json", "--no-cache"], capture_output=True,
                           env={**skep.env, "HOME": "/proc/nonexistent"}, timeout=30, cwd="/")
    assert p.returncode == 6, p.stderr
    gaps = images.json.loads(p.stdout)["gaps"]
    assert any(g["kind"] == "unreadable" and "var/lib/dpkg/status" in g["what"] for g in gaps)


def test_large_files_are_told(skep, tmp_path):
    root = make(tmp_path, {})
    (root / "var/lib/dpkg").mkdir(parents=True)
    with open(root / "var/lib/dpkg/status", "wb") as f:
        f.truncate(1 << 40)
    names, report = scan(skep, root)
    assert names == set() and report["gaps"]
