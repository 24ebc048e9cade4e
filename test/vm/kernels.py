"""Debian's cloud kernels to boot in a virtual machine, without touching the machine's own boot folder.

A kernel is taken from /boot where it happens to be installed, else from a cache that `apt-get download` fills.
"""
import dataclasses
import lzma
import os
import pathlib
import re
import shutil
import subprocess

# Series to the packages that name the newest kernel of it: Debian 12's, and Debian 13's of 6.12.
SERIES = {"6.1": ["linux-image-cloud-amd64"], "6.12": ["linux-image-6.12-cloud-amd64", "linux-image-cloud-amd64"]}


class Unavailable(Exception):
    """This kernel can be had neither from /boot nor from a mirror; says why."""


@dataclasses.dataclass(frozen=True)
class Kernel:
    series: str
    release: str
    image: pathlib.Path
    modules: pathlib.Path  # the folder that holds kernel/

    def module(self, name):
        """Bytes of one module, uncompressed, e.g. module("overlay")."""
        for path in self.modules.rglob(f"{name}.ko*"):
            data = path.read_bytes()
            return lzma.decompress(data) if path.suffix == ".xz" else data
        raise Unavailable(f"{self.release} has no module {name}")


def cache_dir():
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(os.environ.get("SKEP_VM_CACHE") or pathlib.Path(base) / "skep-vm")


def look_in(root, series):
    """The newest kernel of a series below a root folder, or None."""
    pattern = re.compile(rf"vmlinuz-({re.escape(series)}\.\d[^/]*cloud-amd64)$")
    found = []
    for path in (root / "boot").glob("vmlinuz-*"):
        m = pattern.match(path.name)
        for lib in ("lib", "usr/lib") if m else ():  # an unpacked package has not the links of a whole system
            modules = root / lib / "modules" / m[1]
            if modules.is_dir():
                found.append(Kernel(series, m[1], path, modules))
    return max(found, key=lambda k: [int(n) for n in re.findall(r"\d+", k.release)], default=None)


def run(*args, cwd):
    p = subprocess.run(args, cwd=cwd, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=600)
    if p.returncode:
        raise Unavailable(f"{args[0]}: {(p.stderr or p.stdout).strip()[-300:]}")
    return p.stdout


def named(series, root):
    """The package of the newest kernel of a series."""
    for package in SERIES[series]:
        p = subprocess.run(["apt-cache", "depends", "--no-recommends", package], cwd=root, capture_output=True, text=True)
        names = re.findall(rf"Depends: (linux-image-{re.escape(series)}\.\d\S*-cloud-amd64)", p.stdout)
        if names:
            return names[-1]
    raise Unavailable(f"no mirror offers {' or '.join(SERIES[series])} of {series}")


def download(series, root):
    if not shutil.which("apt-get"):
        raise Unavailable("no apt-get to fetch a kernel with")
    root.mkdir(parents=True, exist_ok=True)
    run("apt-get", "-q", "download", named(series, root), cwd=root)
    for package in root.glob("*.deb"):
        run("dpkg-deb", "-x", str(package), str(root), cwd=root)
        package.unlink()


def get(series):
    """The newest kernel of a series at hand; fetched when there is none. Raises Unavailable."""
    cached = cache_dir() / series
    kernel = look_in(pathlib.Path("/"), series) or look_in(cached, series)
    if not kernel:
        download(series, cached)
        kernel = look_in(cached, series)
    if not kernel:
        raise Unavailable(f"no {series} kernel in {cached} after unpacking")
    return kernel
