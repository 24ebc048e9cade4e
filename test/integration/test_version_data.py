"""Every version in the shared package databases and advisories has a key, but those their own tool refuses."""
import json
import re
import subprocess
import tarfile

import pytest


def advisories(shared, name):
    """The text of all files of an archive of advisories, one after the other."""
    path = next((shared / "vulndb").glob(name + "-*.tar.zst"))
    return subprocess.run(f"zstd -dc --long=27 '{path}' | tar -xO", shell=True, stdout=subprocess.PIPE,
                          check=True).stdout.decode("utf-8", "replace")


def refused(build_dir, scheme, versions):
    versions = sorted(set(versions))
    assert len(versions) > 100
    pairs = "".join(f"{v}\t{v}\n" for v in versions)
    answer = subprocess.run([build_dir / "test/integration/version_pairs", scheme], input=pairs.encode(),
                            stdout=subprocess.PIPE, check=True).stdout.decode()
    assert len(answer) == len(versions) and set(answer) <= {"=", "!"}
    print(f"{scheme}: {len(versions)} versions, {answer.count('!')} refused")
    return {v for v, a in zip(versions, answer) if a == "!"}


def osv_bounds(text):
    """What stands behind "introduced", "fixed" and "last_affected" in OSV documents."""
    return re.findall(r'"(?:introduced|fixed|last_affected)":\s*"([^"]+)"', text)


def test_deb(build_dir, shared):
    versions = re.findall(r"^\t\[\w+\] - \S+ (\d\S*)", advisories(shared, "debian-dsa-dla"), re.M)
    for f in sorted((shared / "pkgdb/dpkg").rglob("*status")):
        if f.is_file():
            versions += re.findall(r"^Version: (\S+)$", f.read_text(errors="replace"), re.M)
    for f in sorted((shared / "pkgdb/dpkg").glob("*.manifest")):
        versions += re.findall(r"\s(\S+)$", f.read_text(), re.M)
    assert not refused(build_dir, "deb", versions)


def test_rpm(build_dir, shared):
    versions = osv_bounds(advisories(shared, "almalinux-osv"))
    for f in sorted((shared / "pkgdb/rhel-manifests").glob("ubi9*.tsv")):
        versions += re.findall(r"-(\d+:[^\s-]+-[^\s-]+)\.src$", f.read_text(), re.M)
    versions += re.findall(r"evr[^>]*>([^<\s]+)</", advisories(shared, "photon3-oval"))
    assert not refused(build_dir, "rpm", versions)


def test_apk(build_dir, shared):
    versions = re.findall(r"^ {8}['\"]?([^\s'\"]+?)['\"]?:\s*$", advisories(shared, "alpine-secdb"), re.M)
    for f in sorted((shared / "rootfs").glob("alpine-*.tar.*")):
        with tarfile.open(f) as t:
            for m in t:
                if m.name.endswith("lib/apk/db/installed"):
                    versions += re.findall(r"^V:(\S+)$", t.extractfile(m).read().decode(), re.M)
    # Slips of the advisories' authors: `apk version --check` names the same four.
    assert refused(build_dir, "apk", versions) == {"1.11-20-r0", "2.7.16-33", "4.10-1-r1", "57-1-r2"}


def test_go(build_dir, shared):
    # Releases that are no module versions: the records keep them in custom ranges.
    assert refused(build_dir, "go", osv_bounds(advisories(shared, "go-vulndb-osv"))) == {
        "0.9.1.3", "3.6.40.0.0-20260407035653-2f416e5253f1", "RELEASE.2024-06-06T09-36-42Z",
        "RELEASE.2025-02-28T09-55-16Z", "edge-24.6.2", "main-gha.27122"}


def test_pep440(build_dir, shared):
    text = advisories(shared, "pypa-advisories")
    versions = re.findall(r"^\s+- ['\"]?(\d[^\s'\"]*)['\"]?$", text, re.M)
    versions = [v for v in versions if not v.startswith("20") or v.count("-") < 2]
    ours = refused(build_dir, "pep440", versions)
    script = ("import sys, json; from packaging.version import Version, InvalidVersion\n"
              "def bad(v):\n try: Version(v)\n except InvalidVersion: return True\n"
              "print(json.dumps([v for v in json.load(sys.stdin) if bad(v)]))")
    p = subprocess.run(["/usr/bin/python3", "-c", script], input=json.dumps(sorted(set(versions))).encode(),
                       capture_output=True)
    if p.returncode:
        pytest.skip("needs what 'python3-packaging' gives")
    assert ours == set(json.loads(p.stdout))


@pytest.mark.parametrize("scheme, name, pattern", [
    ("gem", "rubysec", r"^\s*- ['\"]?(?:[<>=~]+ *)(\d[\w.]*)['\"]?$"),
    ("semver", "rustsec", r"[<>=^~]+ *(\d+\.\d+\.\d+[\w.+-]*)\""),
    ("composer", "friendsofphp", r"['\"][<>=]+ *(v?\d[^'\",\s]*)['\"]"),
])
def test_language(build_dir, shared, scheme, name, pattern):
    assert not refused(build_dir, scheme, re.findall(pattern, advisories(shared, name), re.M))
