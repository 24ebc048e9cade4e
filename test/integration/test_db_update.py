"""`skep db update` against mirrors on loopback that break, lie or are gone."""
import json
import os
import random
import subprocess

import pytest

from fake_registry import FakeRegistry, Fault

SECDB = {"distroversion": "v3.10", "reponame": "main", "urlprefix": "x", "apkurl": "x",
         "packages": [{"pkg": {"name": "musl", "secfixes": {"1.1.22-r4": ["CVE-2020-28928"]}}}]}


def key_pair(folder, name):
    """An Ed25519 seed and its public key in files; openssl derives the one from the other (RFC 8410)."""
    seed = os.urandom(32)
    der = bytes.fromhex("302e020100300506032b657004220420") + seed
    public = subprocess.run(["openssl", "pkey", "-inform", "DER", "-pubout", "-outform", "DER"], input=der, check=True,
                            capture_output=True).stdout[-32:]
    (folder / f"{name}.seed").write_bytes(seed)
    (folder / f"{name}.pub").write_text(public.hex() + "\n")
    return folder / f"{name}.seed", folder / f"{name}.pub"


@pytest.fixture
def fake():
    with FakeRegistry() as r:
        yield r


@pytest.fixture
def keys(tmp_path):
    return key_pair(tmp_path, "ours")


@pytest.fixture
def build(skep, tmp_path):
    """Builds a database with `fixed` as the version that fixes the one vulnerability in it."""
    def make(name, fixed="1.1.22-r4", seed=None, padding=0):
        feed = tmp_path / f"feed-{name}" / "alpine" / "v3.10"
        feed.mkdir(parents=True)
        packages = [{"pkg": {"name": "musl", "secfixes": {fixed: ["CVE-2020-28928"]}}}]
        for i in range(padding):
            noise = random.Random(i).randbytes(20).hex()
            packages.append({"pkg": {"name": f"p{noise}", "secfixes": {"1.0-r0": [f"CVE-2021-{10000 + i}"]}}})
        (feed / "main.json").write_text(json.dumps({**SECDB, "packages": packages}))
        out = tmp_path / f"{name}.skdb"
        skep.run("db", "build", "--from", feed.parents[1], "-o", out, *(["--sign-key", seed] if seed else []), check=0)
        return out.read_bytes()
    return make


def installed(skep):
    return skep.home / "data" / "skep" / "vulndb.skdb"


def update(skep, fake, *args, check=0):
    return skep.run("db", "update", "--timeout", "30s", "--url", fake.url + "/db", *args, check=check)


def leftovers(skep):
    return [p.name for p in installed(skep).parent.iterdir() if p.name != "vulndb.skdb"]


def test_a_signed_bundle_is_installed(skep, fake, build, keys):
    fake.files["/db"] = build("new", seed=keys[0])
    update(skep, fake, "--key", keys[1])
    assert installed(skep).read_bytes() == fake.files["/db"]
    assert leftovers(skep) == []
    assert "CVE-2020-28928" in skep.run("db", "search", "musl", check=0).out


def test_a_wrong_signature_is_refused(skep, fake, build, keys, tmp_path):
    good = build("good", seed=keys[0])
    fake.files["/db"] = good
    update(skep, fake, "--key", keys[1])
    fake.files["/db"] = build("forged", fixed="9-r9", seed=key_pair(tmp_path, "theirs")[0])
    p = update(skep, fake, "--key", keys[1], check=4)
    assert "not updated" in p.err
    assert installed(skep).read_bytes() == good
    fake.files["/db"] = build("unsigned", fixed="9-r9")
    update(skep, fake, "--key", keys[1], check=4)
    assert installed(skep).read_bytes() == good
    assert leftovers(skep) == []


def test_without_a_key_it_says_so(skep, fake, build):
    fake.files["/db"] = build("new")
    assert "--key" in update(skep, fake).err


def test_a_broken_download_leaves_the_old_one_and_goes_on_later(skep, fake, build, keys):
    old = build("old", seed=keys[0])
    fake.files["/db"] = old
    update(skep, fake, "--key", keys[1])
    new = build("new", fixed="1.1.22-r5", seed=keys[0], padding=4000)
    assert len(new) > 200_000
    fake.files["/db"] = new
    fake.fault("GET", "/db", Fault(truncate=150_000, times=1))
    fake.fault("GET", "/db", Fault(truncate=0))
    p = update(skep, fake, "--key", keys[1], check=4)
    assert "cut short" in p.err and "not updated" in p.err
    assert installed(skep).read_bytes() == old
    fake.faults.clear(), fake.requests.clear()
    update(skep, fake, "--key", keys[1])
    assert [r[2].get("Range") for r in fake.requests] == ["bytes=150000-"]
    assert installed(skep).read_bytes() == new


def test_damage_on_the_way_is_refused(skep, fake, build):
    old = build("old")
    fake.files["/db"] = old
    update(skep, fake)
    new = bytearray(build("new", fixed="1.1.22-r5", padding=500))
    new[len(new) // 2] ^= 1
    fake.files["/db"] = bytes(new)
    update(skep, fake, check=4)
    fake.files["/db"] = b"<html>captive portal</html>"
    update(skep, fake, check=4)
    assert installed(skep).read_bytes() == old


def test_the_next_mirror_is_tried(skep, fake, build):
    fake.files["/db"] = build("new")
    p = skep.run("db", "update", "--url", "http://127.0.0.1:1/db", "--url", fake.url + "/none", "--url",
                 fake.url + "/db?token=hunter2", check=0)
    assert "127.0.0.1:1" in p.err and "404" in p.err and "hunter2" not in p.err
    assert installed(skep).read_bytes() == fake.files["/db"]


def test_a_file_and_an_artifact(skep, fake, build, tmp_path):
    data = build("new")
    skep.run("db", "update", "--url", f"file:{tmp_path / 'new.skdb'}", "-o", tmp_path / "a" / "x.skdb", check=0)
    assert (tmp_path / "a" / "x.skdb").read_bytes() == data
    skep.run("db", "export", "--db", tmp_path / "new.skdb", tmp_path / "new.skdb.zst", check=0)
    bundle = (tmp_path / "new.skdb.zst").read_bytes()
    layer = {"mediaType": "application/octet-stream", "digest": fake.add_blob(bundle), "size": len(bundle)}
    fake.add_manifest("skep/vulndb", "latest", {"schemaVersion": 2, "config": {}, "layers": [layer]},
                      "application/vnd.oci.image.manifest.v1+json")
    skep.run("db", "update", "--url", f"oci:{fake.host}/skep/vulndb:latest", check=0)
    assert installed(skep).read_bytes() == data


def test_no_address(skep):
    assert "--url" in skep.run("db", "update", check=2).err
    p = skep.run("db", "update", "--url", "http://mirror.example/db", check=4)
    assert "--insecure" in p.err


def test_an_address_from_the_configuration(skep, fake, build, tmp_path):
    fake.files["/db"] = build("new")
    config = tmp_path / "skep.yaml"
    config.write_text(f'db update:\n  url: ["{fake.url}/db"]\n')
    skep.run("--config", config, "db", "update", check=0)
    assert installed(skep).read_bytes() == fake.files["/db"]


@pytest.fixture
def feeds(fake, tmp_path):
    fake.files["/secdb"] = json.dumps(SECDB).encode()
    fake.files["/kev"] = json.dumps({"catalogVersion": "2026.01.01", "count": 1, "vulnerabilities": [
        {"cveID": "CVE-2020-28928", "vendorProject": "musl", "product": "musl", "dateAdded": "2026-01-01"}]}).encode()
    lines = tmp_path / "feeds.list"
    lines.write_text(f"# mirrors\nalpine/v3.10/main.json {fake.url}/secdb\nkev/kev.json {fake.url}/kev\n")
    return ["db", "update", "--feeds-list", lines, "--feeds-dir", tmp_path / "feeds"]


def test_builds_from_feeds(skep, feeds):
    skep.run(*feeds, check=0)
    assert "CVE-2020-28928" in skep.run("db", "search", "musl", check=0).out


def test_a_lost_feed(skep, fake, feeds):
    fault = Fault(status=404)
    fake.fault("GET", "/kev", fault)
    assert "1 of 2 feeds" in skep.run(*feeds, check=4).err
    assert not installed(skep).exists()
    skep.run(*feeds, "--allow-missing", check=6)
    assert installed(skep).exists()
    fault.times = 0
    skep.run(*feeds, check=0)
    fault.times = None
    assert "older copy" in skep.run(*feeds, check=6).err


@pytest.mark.parametrize("line", ["../x http://127.0.0.1/", "/etc/x http://127.0.0.1/", "x", "a b c", "a/../b http://x"])
def test_a_list_cannot_leave_its_folder(skep, tmp_path, line):
    (tmp_path / "feeds.list").write_text(f"ok/a.json http://127.0.0.1:1/\n{line}\n")
    assert "line 2" in skep.run("db", "update", "--feeds-list", tmp_path / "feeds.list", check=4).err


def test_known_addresses(skep):
    lines = skep.run("db", "update", "--list-feeds", check=0).out.splitlines()
    assert len(lines) > 50
    files = [line.split()[0] for line in lines]
    assert len(set(files)) == len(files)
    assert all(line.split()[1].startswith("https://") for line in lines)
