"""Scans from a registry that misbehaves: a clear error (exit 4), or a counted gap and the rest of the report (exit 6)."""
import gzip
import io
import json
import tarfile
import time

import pytest

from fake_registry import FakeRegistry, Fault
from images import OCI_INDEX, digest


def tar_of(**files):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, text in files.items():
            info = tarfile.TarInfo(name.replace("__", "/"))
            info.size = len(text)
            tar.addfile(info, io.BytesIO(text))
    return out.getvalue()


OS_RELEASE = b"ID=alpine\nVERSION_ID=3.10.4\n"
INSTALLED = b"P:musl\nV:1.1.22-r3\nA:x86_64\no:musl\n\n"
BASE = tar_of(etc__osrelease=b"", **{"etc/os-release": OS_RELEASE})
APK = tar_of(**{"lib/apk/db/installed": INSTALLED})
PADDING = tar_of(noise=bytes(range(256)) * 4000)


@pytest.fixture
def fake():
    with FakeRegistry() as r:
        r.add_image("app", "1", [BASE, APK, PADDING])
        r.layers = [digest(gzip.compress(t, mtime=0)) for t in (BASE, APK, PADDING)]
        yield r


def scan(skep, fake, check, *args):
    # Who stalls is given up on soon; who is slow, on a machine that is, is not.
    wait = "2s" if any(f.stall for _, _, f in fake.faults) else "30s"
    return skep.run("sbom", "--no-cache", "--timeout", wait, *args, f"{fake.host}/app:1", check=check)


def names(p):
    return {c["name"] for c in json.loads(p.stdout)["components"]}


def test_it_can_be_read_at_all(skep, fake):
    assert "musl" in names(scan(skep, fake, 0))


@pytest.mark.parametrize("fault, words", [
    (Fault(status=401), "credentials"),
    (Fault(status=403), "denies"),
    (Fault(status=404), "no such"),
    (Fault(status=429, headers={"Retry-After": "1000"}), "too many requests"),
    (Fault(status=500), "HTTP 500"),
    (Fault(truncate=20), "cut short"),
    (Fault(stall=True), "no progress"),
    (Fault(huge_header=True), "headers"),
], ids=lambda v: v if isinstance(v, str) else "")
@pytest.mark.parametrize("what", ["manifests", "blobs/config"])
def test_without_its_documents_an_image_cannot_be_read(skep, fake, what, fault, words):
    if what == "blobs/config":
        config = json.loads(fake.manifests["app", "1"][0])["config"]["digest"]
        fake.fault("GET", f"/v2/app/blobs/{config}", fault)
    else:
        fake.fault("GET", "/v2/app/manifests/", fault)
    start = time.monotonic()
    p = scan(skep, fake, 4 if words != "headers" else (3, 4))
    assert words in p.err
    assert not p.stdout
    assert time.monotonic() - start < 60


def test_config_with_a_wrong_digest(skep, fake):
    config = json.loads(fake.manifests["app", "1"][0])["config"]["digest"]
    fake.fault("GET", f"/v2/app/blobs/{config}", Fault(corrupt=True))
    assert "wrong digest" in scan(skep, fake, 4).err


def test_manifest_with_a_wrong_digest(skep, fake):
    right = digest(fake.manifests["app", "1"][0])
    fake.fault("GET", "/v2/app/manifests/", Fault(corrupt=True))
    p = skep.run("sbom", f"{fake.host}/app@{right}", check=4)
    assert "wrong digest" in p.err


@pytest.mark.parametrize("fault", [
    Fault(status=403), Fault(status=404), Fault(status=500), Fault(status=429, headers={"Retry-After": "1000"}),
    Fault(truncate=300), Fault(stall=True), Fault(corrupt=True),
], ids=["403", "404", "500", "429", "truncated", "stalled", "corrupt"])
def test_one_bad_layer_is_a_gap(skep, fake, fault):
    fake.fault("GET", f"/v2/app/blobs/{fake.layers[2]}", fault)
    p = scan(skep, fake, 6)
    assert "musl" in names(p)
    assert fake.layers[2] in p.err


def test_one_slow_layer_is_read(skep, fake):
    fake.fault("GET", f"/v2/app/blobs/{fake.layers[2]}", Fault(truncate=500, times=2))
    assert "musl" in names(scan(skep, fake, 0))


def test_schema_1_is_refused(skep, fake):
    fake.add_manifest("app", "1", {"schemaVersion": 1, "name": "app", "tag": "1", "fsLayers": [], "history": []},
                      "application/vnd.docker.distribution.manifest.v1+prettyjws")
    assert "schema 1" in scan(skep, fake, 4).err


def test_what_is_no_image_is_refused(skep, fake):
    fake.add_manifest("app", "1", {"hello": 1}, "application/json")
    scan(skep, fake, 4)
    fake.manifests["app", "1"] = b"<html>", "text/html"
    scan(skep, fake, 4)


def test_an_index_that_leads_to_itself(skep, fake):
    entry = {"mediaType": OCI_INDEX, "digest": "sha256:" + "0" * 64, "size": 2,
             "platform": {"os": "linux", "architecture": "amd64"}}
    for _ in range(6):
        entry = {**fake.add_manifest("app", "1", {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [entry]},
                                     OCI_INDEX), "platform": entry["platform"]}
    assert "index" in scan(skep, fake, 4).err


def test_a_foreign_layer_is_a_gap(skep, fake):
    foreign = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
    fake.add_image("app", "1", [BASE, APK, PADDING], media_types={2: foreign})
    del fake.blobs[digest(PADDING)]
    p = scan(skep, fake, 6)
    assert "musl" in names(p)
    assert "foreign" in p.err


def test_a_wrong_diff_id_is_not_trusted(skep, fake):
    document = json.loads(fake.manifests["app", "1"][0])
    config = json.loads(fake.blobs[document["config"]["digest"]])
    config["rootfs"]["diff_ids"][1] = "sha256:" + "1" * 64
    data = json.dumps(config).encode()
    document["config"] = {**document["config"], "digest": fake.add_blob(data), "size": len(data)}
    fake.add_manifest("app", "1", document, document["mediaType"])
    assert "musl" not in names(scan(skep, fake, 6))
