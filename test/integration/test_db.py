"""skep db on files: build, status, search, export, import, verify, diff, with their exit codes."""
import json

import pytest

SEED = "01" * 32


def advisory(package, fixed, ident="GHSA-aaaa-bbbb-cccc", cve="CVE-2024-12345"):
    return {"id": ident, "aliases": [cve], "summary": "A flaw", "details": "It is bad.", "modified": "2024-01-02T00:00:00Z",
            "severity": [{"type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
            "affected": [{"package": {"ecosystem": "npm", "name": package},
                          "ranges": [{"type": "SEMVER", "events": [{"introduced": "1.0.0"}, {"fixed": fixed}]}]}]}


def build(skep, folder, name, *advisories, args=(), env=None):
    feeds = folder / f"feeds-{name}"
    feeds.mkdir()
    for a in advisories:
        (feeds / f"{a['id']}.json").write_text(json.dumps(a))
    path = folder / f"{name}.skdb"
    skep.run("db", "build", "--from", feeds, "-o", path, *args, check=0, env={"SOURCE_DATE_EPOCH": "1700000000", **(env or {})})
    return path


@pytest.fixture
def old(skep, tmp_path):
    return build(skep, tmp_path, "old", advisory("left-pad", "1.2.3"))


def test_builds_the_same_bytes_again(skep, tmp_path, old):
    (tmp_path / "again").mkdir()
    assert build(skep, tmp_path / "again", "old", advisory("left-pad", "1.2.3")).read_bytes() == old.read_bytes()


def test_status_tells_what_is_in_it(skep, old):
    text = skep.run("db", "status", "--db", old, check=0).out
    assert "npm" in text and "not signed" in text
    told = json.loads(skep.run("db", "status", "--db", old, "--json", check=0).out)
    assert told["claims"] == 1 and told["namespaces"] == [{"name": "npm", "packages": 1, "claims": 1}]
    assert told["built"] == "2023-11-14T22:13:20Z"


def test_finds_by_id_alias_and_package(skep, old):
    for word in "CVE-2024-12345", "GHSA-aaaa-bbbb-cccc", "left-pad", "npm/left-pad":
        told = json.loads(skep.run("db", "search", word, "--db", old, "--json", check=0).out)
        assert [(c["namespace"], c["package"], c["introduced"], c["fixed"]) for c in told["claims"]] == [
            ("npm", "left-pad", "1.0.0", "1.2.3")]
    assert "CVSS 9.8" in skep.run("db", "search", "CVE-2024-12345", "--db", old, check=0).out
    assert "nosuch" in skep.run("db", "search", "nosuch", "--db", old, check=4).err


def test_travels_as_a_bundle(skep, tmp_path, old):
    bundle = tmp_path / "out.skdb.zst"
    skep.run("db", "export", "--db", old, bundle, check=0)
    assert bundle.stat().st_size < old.stat().st_size
    skep.run("db", "import", bundle, check=0)
    installed = skep.home / "data/skep/vulndb.skdb"
    assert installed.read_bytes() == old.read_bytes()
    assert "installed for this user" in skep.run("db", "status", check=0).out


def test_a_damaged_file_replaces_nothing(skep, tmp_path, old):
    skep.run("db", "import", old, check=0)
    installed = skep.home / "data/skep/vulndb.skdb"
    before = installed.read_bytes()
    for at in 0, 100, 4100, len(before) - 1:
        bad = bytearray(before)
        bad[at] ^= 4
        (tmp_path / "bad.skdb").write_bytes(bad)
        p = skep.run("db", "import", tmp_path / "bad.skdb")
        assert p.returncode in (3, 4, 5) and ("not installed" in p.err or "format" in p.err)
        assert skep.run("db", "verify", tmp_path / "bad.skdb").returncode != 0
    assert installed.read_bytes() == before


def test_insists_on_a_signature(skep, tmp_path, old):
    (tmp_path / "seed").write_text(SEED + "\n")
    signed = build(skep, tmp_path, "signed", advisory("left-pad", "1.2.3"), args=("--sign-key", tmp_path / "seed"))
    assert "signed by" in skep.run("db", "status", "--db", signed, check=0).out
    # RFC 8032: the public half of a seed of 32 bytes 01.
    (tmp_path / "good.pub").write_text("8a88e3dd7409f195fd52db2d3cba5d72ca6709bf1d94121bf3748801b40f6f5c")
    (tmp_path / "other.pub").write_text("00" * 32)
    skep.run("db", "verify", "--key", tmp_path / "good.pub", signed, check=0)
    skep.run("db", "import", "--key", tmp_path / "good.pub", signed, check=0)
    assert "not trusted" in skep.run("db", "import", "--key", tmp_path / "other.pub", signed, check=4).err
    assert "not signed" in skep.run("db", "import", "--key", tmp_path / "good.pub", old, check=4).err


def test_tells_what_changed(skep, tmp_path, old):
    new = build(skep, tmp_path, "new", advisory("left-pad", "1.2.4"),
                advisory("right-pad", "2.0.0", "GHSA-xxxx-yyyy-zzzz", "CVE-2024-54321"))
    text = skep.run("db", "diff", old, new, check=0).out
    assert "~ CVE-2024-12345 npm/left-pad 1.2.3 -> 1.2.4" in text
    assert "+ CVE-2024-54321 npm/right-pad 2.0.0" in text
    lines = [json.loads(l) for l in skep.run("db", "diff", "--json", old, new, check=0).out.splitlines()]
    assert {(l["change"], l.get("package")) for l in lines} == {("changed", "left-pad"), ("added", "right-pad"),
                                                                ("added", None)}
    assert skep.run("db", "diff", old, old, check=0).out.startswith("claims: 0 added, 0 removed, 0 changed")


def test_old_data_is_exit_5(skep, old):
    assert skep.run("db", "status", "--db", old, "--max-db-age", "1d").returncode == 5
    assert skep.run("db", "status", "--db", old.parent / "absent.skdb").returncode == 5
