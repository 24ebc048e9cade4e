"""Version orders against the tools they come from, pair by pair, on random, hostile and real versions.

Who judges how many pairs, in one process each:
  deb   1,500,000  libdpkg (a test program built here; the very code of dpkg --compare-versions), 150 more by dpkg
                   itself; over a million of them are versions to dpkg, the others both refuse
  rpm   1,010,000  rpm's own rpm.ver of python3-rpm: parse and compare of [epoch:]version[-release]
  apk     200,000  libapk 2.14 of the shared Alpine root file system
Set SKEP_ORACLE_PAIRS for another number and SKEP_ORACLE_SEED for other pairs.
"""
import os
import random
import re
import subprocess
import tarfile

import pytest

from conftest import SHARED, SOURCE

SEED = int(os.environ.get("SKEP_ORACLE_SEED", "20261120"))


def pairs_wanted(default):
    return int(os.environ.get("SKEP_ORACLE_PAIRS", default))


def generator(rng, pieces, real):
    """An endless supply of versions: of random pieces, and real ones with a piece put in, taken out or doubled."""
    count = len(pieces)
    random_float = rng.random

    def piece():
        return pieces[int(random_float() * count)]

    def made():
        return "".join([piece() for _ in range(1 + int(random_float() * 7))])

    def mutated():
        v = real[int(random_float() * len(real))]
        at = int(random_float() * (len(v) + 1))
        kind = int(random_float() * 4)
        if kind == 0:
            return v
        if kind == 1:
            return v[:at] + piece() + v[at:]
        if kind == 2:
            return v[:at] + v[at + 1:]
        return v[:at] + piece() + v[at + 1:]

    while True:
        yield made() if not real or random_float() < 0.5 else mutated()


def pairs(n, pieces, real, salt):
    """Half of the pairs are of two independent versions, half of one and its neighbour by a small change."""
    rng = random.Random(f"{SEED} {salt}")
    versions = generator(rng, pieces, real)
    out = []
    for _ in range(n // 2):
        out.append((next(versions), next(versions)))
        a = next(versions)
        at = int(rng.random() * (len(a) + 1))
        out.append((a, a[:at] + rng.choice(pieces) + a[at + (rng.random() < 0.5):]))
    return [(a, b) for a, b in out if a and b]


def lines(of):
    return "".join(f"{a}\t{b}\n" for a, b in of).encode()


def ours(build_dir, scheme, of):
    program = build_dir / "test/integration/version_pairs"
    answer = subprocess.run([program, scheme], input=lines(of), stdout=subprocess.PIPE, check=True).stdout.decode()
    assert len(answer) == len(of)
    return answer


def assert_agree(of, got, want, may_accept=False):
    """Every answer the same; `may_accept`: a pair the oracle refuses may have an order here."""
    assert len(want) == len(of)
    if got != want:
        wrong = [(a, b, g, w) for (a, b), g, w in zip(of, got, want) if g != w and not (may_accept and w == "!")]
        assert not wrong, f"{len(wrong)} of {len(of)} differ (a, b, ours, theirs): {wrong[:10]}"
    judged = sum(w != "!" for w in want)
    assert judged > len(of) / 20, "the generator makes hardly anything the oracle accepts"
    print(f"{len(of)} pairs, {judged} with an order, {want.count('=')} equal")


def sign(order):
    return "<" if order < 0 else ">" if order > 0 else "="


def real_versions(pattern, *files):
    out = set()
    for f in files:
        path = SHARED / "data" / f
        if path.exists():
            out |= set(re.findall(pattern, path.read_text(errors="replace"), re.M))
    return sorted(out)


DEB_PIECES = list("0123456789") + ["~", "~", "+", "-", ".", ".", ":", "0", "00", "10", "a", "b", "Z", "rc", "~rc1", "+b1",
                                   "+deb11u1", "~bpo10+1", "+dfsg", "-1", "-0", "1:", "0:", "_", "99999999999999999999",
                                   "%", " ", "ubuntu"]


def deb_real():
    return real_versions(r"^Version: (\S+)$", "pkgdb/dpkg/texlive.status", "pkgdb/dpkg/vcpkg.status",
                         "pkgdb/dpkg/debian10-jackson-index/var/lib/dpkg/status") + \
        real_versions(r"\t(\S+)$", *(f"pkgdb/dpkg/debian-{s}--20241202.manifest" for s in ("bookworm", "bullseye", "sid")))


@pytest.fixture(scope="module")
def libdpkg(tmp_path_factory):
    program = tmp_path_factory.mktemp("oracle") / "dpkg"
    built = subprocess.run(["cc", "-O1", "-w", "-DLIBDPKG_VOLATILE_API", "-o", program,
                            SOURCE / "test/integration/oracle_dpkg.c", "-ldpkg", "-lmd"], capture_output=True, text=True)
    if built.returncode:
        pytest.skip("needs libdpkg to compile against (Debian package libdpkg-dev)")
    return program


def test_deb_agrees_with_libdpkg(build_dir, libdpkg):
    of = pairs(pairs_wanted(1_500_000), DEB_PIECES, deb_real(), "deb")
    want = subprocess.run([libdpkg], input=lines(of), stdout=subprocess.PIPE, check=True).stdout.decode()
    assert_agree(of, ours(build_dir, "deb", of), want)


def test_deb_agrees_with_dpkg_itself(build_dir):
    of = pairs(600, DEB_PIECES, deb_real(), "dpkg")
    of = [p for p, o in zip(of, ours(build_dir, "deb", of)) if o != "!" and p[0][0] != "-"][:150]

    def dpkg(a, op, b):
        return subprocess.run(["dpkg", "--compare-versions", a, op, b], stderr=subprocess.DEVNULL).returncode == 0

    want = "".join("<" if dpkg(a, "lt", b) else "=" if dpkg(a, "eq", b) else ">" for a, b in of)
    assert_agree(of, ours(build_dir, "deb", of), want)


RPM_PIECES = list("0123456789") + ["~", "~", "^", "^", "+", "-", ".", ".", ":", "0", "00", "10", "a", "b", "Z", "rc", "~rc1",
                                   "^git", ".el8", "_2", ".module+el8.5", "1:", "0:", "-1", "99999999999999999999", "%", "é"]

RPM_ORACLE = """
import sys, rpm
ver = rpm.ver
out = []
for line in sys.stdin.buffer.read().decode().split("\\n")[:-1]:
    a, b = line.split("\\t")
    x, y = ver(a), ver(b)
    out.append("<" if x < y else ">" if x > y else "=")
print("".join(out), end="")
"""


def rpm_real():
    return real_versions(r"-(\d+:[^\s-]+-[^\s-]+)\.src$", "pkgdb/rhel-manifests/ubi9_httpd-24-2022-05-04-amd64.tsv") + \
        real_versions(r"-([^\s-]+-[^\s-]+)\.src\.rpm$", "pkgdb/rpm-mariner2/expected.tsv")


def test_rpm_agrees_with_rpm(build_dir):
    if subprocess.run(["/usr/bin/python3", "-c", "import rpm; rpm.ver"], capture_output=True).returncode:
        pytest.skip("needs rpm's Python module (Debian package python3-rpm)")
    of = pairs(pairs_wanted(1_010_000), RPM_PIECES, rpm_real(), "rpm")
    # rpm reads an epoch past 32 bits with atol() and keeps what is left of it; we refuse it.
    of = [(a, b) for a, b in of if not re.match(r"\d{10,}:", a) and not re.match(r"\d{10,}:", b)]
    want = subprocess.run(["/usr/bin/python3", "-c", RPM_ORACLE], input=lines(of), stdout=subprocess.PIPE,
                          check=True).stdout.decode()
    assert_agree(of, ours(build_dir, "rpm", of), want)


APK_PIECES = list("0123456789") + [".", ".", ".0", ".00", ".01", "_", "_rc", "_alpha1", "_beta", "_pre2", "_p1", "_git2023",
                                   "_cvs", "_svn", "_hg", "-r", "-r0", "-r1", "-r10", "a", "b", "z", "12345678901234567",
                                   "123456789012345678"]


@pytest.fixture(scope="module")
def libapk(tmp_path_factory):
    tar = SHARED / "data/rootfs/alpine-minirootfs-3.19.4-x86_64.tar.gz"
    if not tar.exists() or os.uname().machine != "x86_64":
        pytest.skip("needs the shared Alpine 3.19 root file system, on x86-64")
    root = tmp_path_factory.mktemp("alpine")
    with tarfile.open(tar) as t:
        t.extractall(root, [m for m in t if m.name.startswith("./lib/") and (".so" in m.name)])
    lib = root / "lib"
    loader = lib / "ld-musl-x86_64.so.1"
    program = root / "oracle"
    subprocess.run(["cc", "-O1", "-nostdlib", "-nostartfiles", "-fno-stack-protector", "-ffreestanding", "-no-pie",
                    "-o", program, SOURCE / "test/integration/oracle_apk.c", *lib.glob("libapk.so*"), loader,
                    f"-Wl,--dynamic-linker={loader},-rpath,{lib}"], check=True)
    return program


def apk_real(shared):
    out = set()
    for f in sorted((shared / "rootfs").glob("alpine-minirootfs-*.tar.gz")):
        with tarfile.open(f) as t:
            text = t.extractfile(next(m for m in t if m.name.endswith("lib/apk/db/installed"))).read().decode()
        out |= set(re.findall(r"^V:(\S+)$", text, re.M))
    return sorted(out)


def test_apk_agrees_with_libapk(build_dir, shared, libapk):
    of = pairs(pairs_wanted(200_000), APK_PIECES, apk_real(shared), "apk")
    want = subprocess.run([libapk], input=lines(of), stdout=subprocess.PIPE, check=True).stdout.decode()
    assert_agree(of, ours(build_dir, "apk", of), want)
