"""Findings against the lists computed independently (apk version -t, dpkg --compare-versions, rpm.labelCompare)."""
import csv
import io
import json
import re
import subprocess
import tarfile
from urllib.parse import quote

import pytest

from conftest import SHARED


def rows(path):
    with open(path) as f:
        return list(csv.DictReader(f, delimiter="\t"))


def found(report):
    return {(f["package"], f["vulnerability"]): f for f in report["findings"]}


ALPINE = sorted(p.name for p in (SHARED / "data/rootfs").glob("alpine-*.tar.*"))


@pytest.mark.parametrize("name", ALPINE)
def test_alpine(skep, shared, database, name):
    expected = {(r["package"], r["cve"]): r["fixed"] for r in rows(shared / "rootfs/EXPECTED-alpine-secdb.tsv")
                if r["image"] == name}
    command = "image" if "docker-save" in name else "rootfs"
    report = skep.report(command, shared / "rootfs" / name, "--db", database)
    got = {key: f["fixedVersion"] for key, f in found(report).items()}
    if name == "alpine-310-docker-save.tar.gz":
        # Not in the expected list, which was computed for the root file systems only.
        assert all(f["namespace"] == "alpine:3.10" for f in report["findings"])
        return
    assert got == expected


def test_debian10(skep, shared, database):
    expected = {(r["source"], r["cve"], r["fixed"]): r["advisory"]
                for r in rows(shared / "pkgdb/dpkg/debian10-jackson-index/EXPECTED-dsa-dla.tsv")}
    report = skep.report("rootfs", shared / "pkgdb/dpkg/debian10-jackson-index", "--db", database)
    got = {(f["evidence"]["comparedName"], f["vulnerability"], f["fixedVersion"]) for f in report["findings"]}
    assert got == set(expected)
    advisories = {(f["evidence"]["comparedName"], a) for f in report["findings"] for a in f["advisories"]}
    assert {(k[0], a) for k, a in expected.items()} <= advisories


def rhel_sbom(packages):
    """The manifest as a CycloneDX document, as another tool might have written it."""
    components = [{"type": "operating-system", "name": "rhel", "version": "9.0"}]
    for p in packages:
        source = p["sourcerpm_nevra"]
        name, _, rest = source.rpartition("-")[0].rpartition("-")
        purl = f"pkg:rpm/redhat/{p['name']}@{p['version']}-{p['release']}?arch={p['arch']}&distro=rhel-9.0"
        if source and source != "(none)":
            upstream = f"{name}-{rest.split(':')[-1]}-{source.rpartition('-')[2]}.rpm"
            purl += f"&upstream={upstream}"
        epoch = p.get("epoch", "")
        if epoch and epoch != "0":
            purl += f"&epoch={epoch}"
        components.append({"type": "library", "name": p["name"], "version": f"{p['version']}-{p['release']}",
                           "purl": purl.replace("+", "%2B").replace("^", "%5E")})
    return {"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": components}


@pytest.mark.parametrize("image", ["ubi9_ubi-2022-05-03-amd64", "ubi9_httpd-24-2022-05-04-amd64"])
def test_rhel9_by_almalinux(skep, shared, database, tmp_path, image):
    folder = shared / "pkgdb/rhel-manifests"
    expected = rows(folder / f"EXPECTED-{image}-alsa.tsv")
    # The manifest has no epoch of its own; where the source rpm's differs the expected list has the true one.
    epochs = {r["package"]: r["installed_evr"].partition(":")[0] for r in expected}
    packages = rows(folder / f"{image}.tsv")
    for p in packages:
        p["epoch"] = epochs.get(p["name"], "")
    bom = tmp_path / "rhel.cdx.json"
    bom.write_text(json.dumps(rhel_sbom(packages)))
    report = skep.report("image", f"sbom:{bom}", "--db", database)
    assert any(g["kind"] == "stand-in" for g in report["gaps"])
    got = {(f["package"], a, f["vulnerability"]) for f in report["findings"] for a in f["advisories"]}
    want = {(r["package"], r["advisory"], r["cve"]) for r in expected}
    # The expected list gives every binary of perl's source the epoch of that source, 4. The binaries below have an
    # epoch of their own, 0, as the advisory's own bounds show ("perl-if 0.60.800-481.el9", no epoch): they are older
    # than the fix and skep says so.
    extra = got - want
    assert got >= want
    assert {(a, v) for _, a, v in extra} <= {("ALSA-2024:2228", "CVE-2023-47038")}
    sources = {p["name"]: p["sourcerpm_nevra"] for p in packages}
    bounds = {f["package"]: f["evidence"]["fixed"] for f in report["findings"] if f["vulnerability"] == "CVE-2023-47038"}
    for name, _, _ in extra:
        assert sources[name].startswith("perl-4:") and ":" not in bounds[name]


def test_nothing_the_changelog_says_is_fixed(skep, shared, database):
    """Debian 12: no finding may name a CVE that the installed package's own changelog says is fixed."""
    fixed = {(r["source"], r["cve"]) for r in rows(shared / "pkgdb/dpkg/debian-bookworm-changelog-fixed.tsv")}
    report = skep.report("rootfs", shared / "rootfs/deb-bookworm.tar.xz", "--db", database)
    suspects = {(f["evidence"]["comparedName"], f["vulnerability"]) for f in report["findings"]} & fixed
    assert not suspects


def summaries(shared):
    """Advisory to summary, of AlmaLinux's OSV records."""
    archive = shared / "vulndb/almalinux-osv-2026-08-21.tar.zst"
    raw = subprocess.run(["zstd", "-dcq", archive], capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(raw)) as t:
        records = (json.load(t.extractfile(m)) for m in t.getmembers() if m.name.endswith(".json"))
        return {r["id"]: r.get("summary", "") for r in records}


@pytest.mark.parametrize("stream, package, version", [
    ("nodejs:14", "nodejs", "1:14.18.2-2.module_el8.5.0+2618+8d46dafd"),
    ("php:7.4", "php", "7.4.6-4.module_el8.6.0+2726+1b8c1d4e"),
    ("container-tools:4.0", "podman", "2:4.0.2-6.module_el8.6.0+2878+e681bc44"),
])
def test_module_streams_of_almalinux8_are_kept_apart(skep, shared, database, tmp_path, stream, package, version):
    """Only advisories on the package's own stream apply; where its label was lost, those on every stream."""
    told = summaries(shared)
    epoch, _, rest = version.rpartition(":")

    def advisories(label):
        purl = f"pkg:rpm/almalinux/{package}@{quote(rest, safe='')}?arch=x86_64&distro=almalinux-8.6"
        purl += f"&epoch={epoch}" if epoch else ""
        purl += f"&rpmmod={quote(label, safe='')}" if label else ""
        bom = tmp_path / "alma.cdx.json"
        bom.write_text(json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": [
            {"type": "operating-system", "name": "almalinux", "version": "8.6"},
            {"type": "library", "name": package, "version": version, "purl": purl}]}))
        report = skep.report("image", f"sbom:{bom}", "--db", database)
        return {a for f in report["findings"] for a in f["advisories"]}

    # Few summaries name no stream at all: their advisories stay with every one.
    streams = {a: [w for w in re.split("[ ,/]+", s) if ":" in w.rstrip(":")] for a, s in told.items()}
    own = {a for a, names in streams.items() if stream in names or not names}
    labelled, bare = advisories(f"{stream}:8060020220523160029:ad008a3a"), advisories("")
    assert labelled and labelled <= own
    assert labelled == bare & own and bare - own
