"""Every root file system and package database of the shared data: the packages skep lists are the packages there."""
import csv
import io
import re
import subprocess
import tarfile

import pytest

from conftest import SHARED

ROOTFS = sorted(p.name for p in (SHARED / "data/rootfs").glob("*.tar.*") if "docker-save" not in p.name)
MANIFESTS = sorted(p.name for p in (SHARED / "data/pkgdb/dpkg").glob("*.manifest"))


def versions(report):
    return sorted((p["name"], p["version"]) for p in report["packages"])


def apk_installed(text):
    """P: and V: of each stanza, read the plain way."""
    out = []
    for stanza in text.split("\n\n"):
        fields = dict(line.split(":", 1) for line in stanza.split("\n") if ":" in line and line[1:2] == ":"
                      and line[0] in "PV")
        if fields:
            out.append((fields["P"], fields["V"]))
    return sorted(out)


def dpkg_installed(text, tmp_path):
    """What dpkg-query itself says is installed."""
    admin = tmp_path / "admin"
    for d in ("info", "updates"):
        (admin / d).mkdir(parents=True)
    (admin / "status").write_bytes(text)
    out = subprocess.run(["dpkg-query", f"--admindir={admin}", "-W", "-f", "${db:Status-Status}\t${Package}\t${Version}\n"],
                         capture_output=True, check=True, text=True).stdout
    rows = [line.split("\t") for line in out.splitlines()]
    return sorted((name, version) for status, name, version in rows if status == "installed")


def member(tar_path, *names):
    with tarfile.open(tar_path) as t:
        for m in t:
            if m.name.removeprefix("./") in names:
                return t.extractfile(m).read()
    raise KeyError(names)


@pytest.mark.parametrize("name", ROOTFS)
def test_rootfs(skep, shared, tmp_path, name):
    path = shared / "rootfs" / name
    if name.startswith("alpine"):
        want = apk_installed(member(path, "lib/apk/db/installed").decode())
    else:
        want = dpkg_installed(member(path, "var/lib/dpkg/status"), tmp_path)
    assert want
    assert versions(skep.report("rootfs", path)) == want


def test_docker_save(skep, shared):
    path = shared / "rootfs" / "alpine-310-docker-save.tar.gz"
    with tarfile.open(path) as outer:
        layer = next(m for m in outer if m.name.endswith("layer.tar"))
        with tarfile.open(fileobj=io.BytesIO(outer.extractfile(layer).read())) as t:
            want = apk_installed(t.extractfile("lib/apk/db/installed").read().decode())
    report = skep.report("image", path)
    assert versions(report) == want
    assert len(report["target"]["layers"]) == 1


def dpkg_root(tmp_path, status, release=b'ID=debian\nVERSION_ID="12"\n'):
    root = tmp_path / "root"
    (root / "var/lib/dpkg").mkdir(parents=True)
    (root / "etc").mkdir()
    (root / "var/lib/dpkg/status").write_bytes(status)
    (root / "etc/os-release").write_bytes(release)
    return root


@pytest.mark.parametrize("name", MANIFESTS)
def test_debian_manifest(skep, shared, tmp_path, name):
    rows = [line.split("\t") for line in (shared / "pkgdb/dpkg" / name).read_text().splitlines() if line.strip()]
    status = "".join(f"Package: {n}\nStatus: install ok installed\nArchitecture: amd64\nVersion: {v}\n\n" for n, v in rows)
    want = sorted((n.split(":")[0], v) for n, v in rows)
    assert versions(skep.report("rootfs", dpkg_root(tmp_path, status.encode()))) == want


@pytest.mark.parametrize("name", ["debian-only.status", "texlive.status"])
def test_dpkg_status(skep, shared, tmp_path, name):
    status = (shared / "pkgdb/dpkg" / name).read_bytes()
    want = dpkg_installed(status, tmp_path)
    assert want
    assert versions(skep.report("rootfs", dpkg_root(tmp_path, status))) == want


def test_status_with_stanzas_without_version(skep, shared, tmp_path):
    """vcpkg writes its features as stanzas without a version: they are counted, never dropped in silence."""
    status = (shared / "pkgdb/dpkg/vcpkg.status").read_bytes()
    stanzas = [s for s in status.decode().split("\n\n") if s.strip()]
    whole = [s for s in stanzas if "\nVersion:" in s]
    report = skep.report("rootfs", dpkg_root(tmp_path, status), check=6)
    assert len(report["packages"]) == len(whole)
    gaps = [g for g in report["gaps"] if g["kind"] == "malformed" and "dpkg/status" in g["place"]]
    assert gaps and str(len(stanzas) - len(whole)) in " ".join([g["what"] + str(g["count"]) for g in gaps])


def test_debian10(skep, shared, tmp_path):
    root = shared / "pkgdb/dpkg/debian10-jackson-index"
    # dpkg-query refuses this file: one of its versions has words behind it, which are no part of it.
    status = (root / "var/lib/dpkg/status").read_text()
    want = sorted(re.findall(r"^Package: (\S+)\n(?:.+\n)*?Version: (\S+)", status, re.M))
    assert len(want) == status.count("Package: ") - status.count("-Package: ")
    report = skep.report("rootfs", root)
    assert versions(report) == want
    assert (report["os"]["id"], report["os"]["versionId"]) == ("debian", "10")


@pytest.mark.parametrize("name,folder", [("Packages", "var/lib/rpm"), ("Packages.db", "var/lib/rpm"),
                                         ("rpmdb.sqlite", "var/lib/rpm"), ("rpmdb.sqlite", "usr/lib/sysimage/rpm"),
                                         ("Packages.db", "usr/share/rpm")])
def test_rpm_databases(skep, shared, tmp_path, name, folder):
    root = tmp_path / "root"
    (root / folder).mkdir(parents=True)
    (root / "etc").mkdir()
    (root / "etc/os-release").write_text('ID=mariner\nVERSION_ID="2.0"\n')
    (root / folder / name).write_bytes((shared / "pkgdb/rpm-mariner2" / name).read_bytes())
    rows = list(csv.DictReader((shared / "pkgdb/rpm-mariner2/expected.tsv").open(), delimiter="\t"))
    want = sorted((r["name"], (r["epoch"] + ":" if r["epoch"] != "0" else "") + f"{r['version']}-{r['release']}", r["arch"])
                  for r in rows)
    got = sorted((p["name"], p["version"].removeprefix("0:"), p.get("arch", "")) for p in skep.report("rootfs", root)["packages"])
    # A signing key in the database has no architecture, and is no package.
    want = [w for w in want if w[0] != "gpg-pubkey"]
    assert got == want
