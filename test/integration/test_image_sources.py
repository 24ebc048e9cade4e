"""One image in every form it can come in: the same packages, each credited to the same layer."""
import tarfile

import pytest

import images
from images import entry, layer, status

LAYERS = [images.base("bash=5.1", "dash=1"),
          layer(entry("var/lib/dpkg/status", status("bash=5.2", "dash=1", "curl=8"))),
          layer(entry("srv/unrelated", b"x"))]
WANT = [("bash", "5.2", 1), ("curl", "8", 1), ("dash", "1", 0)]


def scan(skep, target, *options, check=0):
    return skep.report("sbom", target, *options, check=check)


def packages(report):
    return [(p["name"], p["version"], p["layer"]["index"]) for p in report["packages"]]


def forms():
    manifest = images.oci_blobs(LAYERS)
    yield "docker-save", images.docker_save(LAYERS)
    yield "docker-save-manifest-first", images.docker_save(LAYERS, order=lambda m: m[0] != "manifest.json")
    yield "oci-tar", images.as_tar(images.oci_layout(manifest))
    yield "oci-tar-zstd-layers", images.as_tar(images.oci_layout(images.oci_blobs(LAYERS, images.zstd)))
    yield "oci-tar-plain-layers", images.as_tar(images.oci_layout(images.oci_blobs(LAYERS, lambda x: x)))


FORMS = dict(forms())


@pytest.mark.parametrize("pack", images.PACKERS)
@pytest.mark.parametrize("form", FORMS)
def test_archives(skep, tmp_path, form, pack):
    path = tmp_path / "image.tar"
    path.write_bytes(images.PACKERS[pack](FORMS[form]))
    for _ in range(2):
        report = scan(skep, path)
        assert packages(report) == WANT
        assert report["os"]["id"] == "debian"


def test_a_second_scan_reads_no_layer(skep, tmp_path):
    path = tmp_path / "image.tar"
    path.write_bytes(FORMS["docker-save"])
    assert not any(x.get("fromCache") for x in scan(skep, path)["target"]["layers"])
    assert all(x.get("fromCache") for x in scan(skep, path)["target"]["layers"])
    # The same layers in another archive are known too.
    other = tmp_path / "other.tar"
    other.write_bytes(FORMS["oci-tar"])
    assert all(x.get("fromCache") for x in scan(skep, other)["target"]["layers"])


def test_oci_folder_and_tags(skep, tmp_path):
    one, two = images.oci_blobs(LAYERS), images.oci_blobs([images.base("zsh=5")])
    one[0]["annotations"] = {"org.opencontainers.image.ref.name": "one"}
    two[0]["annotations"] = {"org.opencontainers.image.ref.name": "registry.example/app:two"}
    folder = images.as_folder(images.oci_layout(one, two), tmp_path / "layout")
    assert packages(scan(skep, f"oci-dir:{folder}:one")) == WANT
    assert packages(scan(skep, f"oci-dir:{folder}:two")) == [("zsh", "5", 0)]
    assert skep.run("sbom", f"oci-dir:{folder}:three").returncode == 4
    # Without a name the first is read, and the others are told of.
    assert packages(scan(skep, folder, check=6)) == WANT


def test_platforms(skep, tmp_path):
    arm = {"os": "linux", "architecture": "arm64", "variant": "v8"}
    amd = {"os": "linux", "architecture": "amd64"}
    inner = images.oci_layout(images.oci_blobs(LAYERS, platform=amd), images.oci_blobs([images.base("zsh=5")], platform=arm))
    index = inner["index.json"]
    outer = images.as_folder({**inner, "blobs/sha256/" + images.digest(index)[7:]: index,
                              "index.json": images.json.dumps({"schemaVersion": 2, "manifests": [images.descriptor(
                                  index, "application/vnd.oci.image.index.v1+json")]}).encode()}, tmp_path / "layout")
    assert packages(scan(skep, outer, "--platform", "linux/amd64")) == WANT
    assert packages(scan(skep, outer, "--platform", "linux/arm64")) == [("zsh", "5", 0)]
    p = skep.run("sbom", outer, "--platform", "linux/s390x")
    assert p.returncode == 4 and "linux/arm64/v8" in p.err


def test_symlinked_layers(skep, tmp_path):
    """Docker before 1.10 wrote a layer it had written already as a link to the first."""
    empty = layer()
    conf = images.config([LAYERS[0], empty, empty])
    name = images.digest(conf)[7:] + ".json"
    manifest = images.json.dumps([{"Config": name, "RepoTags": None, "Layers": ["a/layer.tar", "b/layer.tar", "c/layer.tar"]}])
    path = tmp_path / "image.tar"
    path.write_bytes(layer(entry("c/layer.tar", kind=tarfile.SYMTYPE, link="../b/layer.tar"), entry("a/layer.tar", LAYERS[0]),
                           entry("b/layer.tar", empty), entry(name, conf), entry("manifest.json", manifest.encode())))
    assert packages(scan(skep, path)) == [("bash", "5.1", 0), ("dash", "1", 0)]


def test_whiteouts(skep, tmp_path):
    path = tmp_path / "image.tar"
    path.write_bytes(images.docker_save([LAYERS[0], layer(entry("var/lib/.wh.dpkg"))]))
    # A system without its package database is told as a gap.
    assert packages(scan(skep, path, check=6)) == []
    path.write_bytes(images.docker_save([LAYERS[0], layer(entry("var/.wh..wh..opq")),
                                         layer(entry("var/lib/dpkg/status", status("sed=4")))]))
    assert packages(scan(skep, path)) == [("sed", "4", 2)]


def test_eight_at_once(skep, tmp_path):
    """Scans of one image by eight processes with one cache all succeed."""
    path = tmp_path / "image.tar"
    path.write_bytes(FORMS["docker-save"])
    command = [skep.binary, "sbom", str(path), "-f", "json"]
    running = [images.subprocess.Popen(command, env=skep.env, stdout=images.subprocess.PIPE) for _ in range(8)]
    for p in running:
        out, _ = p.communicate(timeout=60)
        assert p.returncode == 0
        assert packages(images.json.loads(out)) == WANT
