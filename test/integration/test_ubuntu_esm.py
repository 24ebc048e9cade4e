"""Ubuntu's ESM as OSV tells it: asked once standard support has ended, or where its packages are installed."""
import json

import pytest

import images


def record(number, **fixed):
    """An OSV record about curl: ecosystem ("LTS_18_04", "Pro_18_04") to the version with the fix, None where there is none."""
    affected = []
    for name, version in fixed.items():
        kind, year, month = name.split("_")
        ecosystem = f"Ubuntu:{'Pro:' if kind == 'Pro' else ''}{year}.{month}:LTS"
        events = [{"introduced": "0"}] + ([{"fixed": version}] if version else [])
        affected.append({"package": {"ecosystem": ecosystem, "name": "curl"}, "ranges": [{"type": "ECOSYSTEM", "events": events}]})
    cve = f"CVE-2099-{number:04}"
    return {"id": f"UBUNTU-{cve}", "upstream": [cve], "affected": affected}


RECORDS = [record(1, LTS_18_04=None, Pro_18_04="7.58.0-2ubuntu3.24+esm1"), record(2, LTS_18_04="7.58.0-2ubuntu3.20"),
           record(3, Pro_18_04="7.58.0-2ubuntu3.24+esm2"), record(4, LTS_24_04=None, Pro_24_04="8.5.0-2ubuntu10.9+esm1"),
           record(5, Pro_24_04="8.5.0-2ubuntu10.9+esm2")]


@pytest.fixture
def judge(skep, tmp_path):
    feeds = {f"ubuntu/{r['id']}.json": json.dumps(r).encode() for r in RECORDS}
    skep.run("db", "build", "--from", images.as_folder(feeds, tmp_path / "feeds"), "-o", tmp_path / "db.skdb", check=0)
    runs = iter(range(100))

    def of(release, version):
        root = images.as_folder({"etc/os-release": f'ID=ubuntu\nVERSION_ID="{release}"\n'.encode(),
                                 "var/lib/dpkg/status": images.status(f"curl={version}")}, tmp_path / f"root{next(runs)}")
        report = skep.report("rootfs", root, "--db", tmp_path / "db.skdb", check=0)
        return {f["vulnerability"][-1]: f.get("fixedVersion", "") for f in report["findings"]}
    return of


def test_after_the_end_of_standard_support(judge):
    assert judge("18.04", "7.58.0-2ubuntu3.10") == {
        "1": "7.58.0-2ubuntu3.24+esm1", "2": "7.58.0-2ubuntu3.20", "3": "7.58.0-2ubuntu3.24+esm2"}
    # Its fix is installed: that the plain release has none is no longer news.
    assert judge("18.04", "7.58.0-2ubuntu3.24+esm1") == {"3": "7.58.0-2ubuntu3.24+esm2"}


def test_before_it_only_where_esm_is_installed(judge):
    assert judge("24.04", "8.5.0-2ubuntu10.8") == {"4": ""}
    assert judge("24.04", "8.5.0-2ubuntu10.9+esm1") == {"5": "8.5.0-2ubuntu10.9+esm2"}
