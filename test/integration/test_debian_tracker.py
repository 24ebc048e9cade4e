"""Debian's CVE/list beside DSA/list and DLA/list: of each release, what is said of it last."""
import io
import shutil
import subprocess
import tarfile

import pytest

import images

RELEASES = {9: "stretch", 10: "buster", 11: "bullseye", 12: "bookworm"}

CVE_LIST = """\
CVE-2023-1393 (A use-after-free in the X server's overlay windows ...)
\t{DSA-5380-1}
\t- xorg-server 2:21.1.7-2
CVE-2022-4283 (A freed name is used again ...)
\t{DSA-5304-1}
\t- xorg-server 2:21.1.5-1
\t[bullseye] - xorg-server <no-dsa> (Minor issue)
CVE-2099-0001 (Nobody has mended it in a stable release ...)
\t- xorg-server 2:21.1.8-1
CVE-2099-0002 (A minor one ...)
\t- xorg-server 2:21.1.9-1
\t[bullseye] - xorg-server <postponed> (Minor issue)
CVE-2099-0003 (Only unstable has the code ...)
\t- xorg-server 2:21.1.9-1
\t[bullseye] - xorg-server <not-affected> (Introduced later)
"""


def system(folder, release, **packages):
    os_release = f'ID=debian\nVERSION_ID="{release}"\nVERSION_CODENAME={RELEASES[release]}\n'.encode()
    installed = images.status(*(f"{name.replace('_', '-')}={version}" for name, version in packages.items()))
    return images.as_folder({"etc/os-release": os_release, "var/lib/dpkg/status": installed}, folder)


def unpacked(archive):
    raw = subprocess.run(["zstd", "-dcq", archive], capture_output=True, check=True).stdout
    return tarfile.open(fileobj=io.BytesIO(raw))


@pytest.fixture
def feeds(shared, tmp_path):
    """The real lists of advisories, the samples of CVE/list in their folders, and a CVE/list of our own."""
    folder = tmp_path / "feeds"
    with unpacked(shared / "vulndb/debian-dsa-dla-2023-04-02.tar.zst") as t:
        for name in "data/DSA/list", "data/DLA/list":
            (folder / name).parent.mkdir(parents=True)
            (folder / name).write_bytes(t.extractfile(name).read())
    samples = "pkg/vulnsrc/debian/testdata/happy/vuln-list-debian/tracker/"
    with unpacked(shared / "vulndb/trivy-db-format-fixtures.tar.zst") as t:
        for m in t.getmembers():
            where = m.name.removeprefix("./").removeprefix(samples)
            if m.isfile() and where.startswith(("CVE/", "DSA/", "DLA/")):
                (folder / "tracker" / where).parent.mkdir(parents=True, exist_ok=True)
                (folder / "tracker" / where).write_bytes(t.extractfile(m).read())
    (folder / "data/CVE").mkdir()
    (folder / "data/CVE/list").write_text(CVE_LIST)
    return folder


@pytest.fixture
def judge(skep, feeds, tmp_path):
    """CVE to (state, version to update to) of a system that has the packages."""
    database = tmp_path / "debian.skdb"
    skep.run("db", "build", "--from", feeds, "-o", database, check=0)

    def of(release, **packages):
        shutil.rmtree(tmp_path / "root", ignore_errors=True)
        report = skep.report("rootfs", system(tmp_path / "root", release, **packages), "--db", database)
        return {f["vulnerability"]: (f["state"], f.get("fixedVersion", "")) for f in report["findings"]}
    return of


def test_a_fix_of_the_release_outweighs_unstables(judge):
    """DSA-5380-1 is of the real list."""
    told = judge(11, xorg_server="2:1.20.11-1+deb11u6")
    assert "CVE-2023-1393" not in told and "CVE-2022-4283" not in told
    told = judge(11, xorg_server="2:1.20.11-1+deb11u5")
    assert told["CVE-2023-1393"] == ("fixed", "2:1.20.11-1+deb11u6")
    told = judge(11, xorg_server="2:1.20.11-1+deb11u3")
    assert told["CVE-2022-4283"] == ("fixed", "2:1.20.11-1+deb11u4")


def test_without_a_fix_of_the_release_unstables_bound_stays(judge):
    told = judge(11, xorg_server="2:1.20.11-1+deb11u6")
    assert told["CVE-2099-0001"] == ("affected", "")
    assert "CVE-2099-0001" not in judge(11, xorg_server="2:21.1.8-1")
    # DSA-5380-1 speaks of Debian 11 alone.
    assert judge(12, xorg_server="2:21.1.7-1")["CVE-2023-1393"] == ("affected", "")


def test_a_line_about_the_release_keeps_its_state(judge):
    told = judge(11, xorg_server="2:1.20.11-1+deb11u6")
    assert told["CVE-2099-0002"] == ("deferred", "")
    assert "CVE-2099-0003" not in told


def test_samples(judge):
    # "[stretch] - libgcrypt20 <no-dsa>", and DLA-2691-1 on top of it.
    assert judge(9, libgcrypt20="1.7.6-2+deb9u3")["CVE-2021-33560"] == ("fixed", "1.7.6-2+deb9u4")
    assert "CVE-2021-33560" not in judge(9, libgcrypt20="1.7.6-2+deb9u4")
    assert judge(10, libgcrypt20="1.8.4-5")["CVE-2021-33560"] == ("fixed", "1.8.4-5+deb10u1")
    assert judge(11, libgcrypt20="1.8.7-5")["CVE-2021-33560"] == ("affected", "")
    assert "CVE-2021-33560" not in judge(11, libgcrypt20="1.8.7-6")
    # "no-dsa" without an advisory, and "not-affected" of everything.
    assert judge(11, cloud_init="19.4-1")["CVE-2020-8631"] == ("will-not-fix", "")
    assert "CVE-2016-4606" not in judge(11, curl="7.74.0-1.3+deb11u1")


def test_order_of_files_does_not_matter(skep, feeds, tmp_path):
    lists = [feeds / "data/CVE/list", feeds / "data/DSA/list", feeds / "data/DLA/list", feeds / "tracker"]
    built = []
    for n, order in enumerate((lists, lists[::-1])):
        path = tmp_path / f"{n}.skdb"
        skep.run("db", "build", *(f"--from={p}" for p in order), "-o", path, check=0,
                 env={"SOURCE_DATE_EPOCH": "1700000000"})
        built.append(path.read_bytes())
    assert built[0] == built[1]
