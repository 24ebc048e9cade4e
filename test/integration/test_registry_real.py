"""Images pushed to Debian's docker-registry and read back by tag and by digest."""
import json

import pytest

from comparison import essence
from images import OCI_INDEX
from services import Image, Registry, docker_config, need, skopeo_copy


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    with Registry(tmp_path_factory.mktemp("registry") / "plain") as r:
        yield r


@pytest.fixture(scope="module")
def closed(tmp_path_factory):
    with Registry(tmp_path_factory.mktemp("registry") / "closed", "me", "hunter2") as r:
        yield r


@pytest.fixture
def bom(skep):
    def read(*args):
        return essence(json.loads(skep.run("sbom", *args, check=0).stdout))
    return read


@pytest.mark.parametrize("form", ["gzip", "zstd", "none"])
def test_tag_and_digest(bom, registry, archive, image, form):
    if form == "zstd":
        need("zstd")
    name = f"{registry.host}/team/alpine"
    pushed = registry.push_image("team/alpine", form, image, form)
    want = bom(archive)
    assert len(want) > 10
    assert bom("--no-cache", f"{name}:{form}") == want
    assert bom("--no-cache", f"registry:{name}@{pushed['digest']}") == want
    assert bom("--no-cache", f"{name}:{form}@{pushed['digest']}") == want


def test_docker_manifest(bom, registry, archive, image):
    registry.push_image("docker", "1", image, docker=True)
    assert bom("--no-cache", f"{registry.host}/docker:1") == bom(archive)


def test_pushed_by_skopeo(bom, registry, archive, tmp_path):
    skopeo_copy(archive, f"docker://{registry.host}/skopeo:1", tmp_path)
    assert bom("--no-cache", f"{registry.host}/skopeo:1") == bom(archive)


def test_platforms_of_an_index(skep, bom, registry, shared, archive, image):
    other = Image.from_rootfs(shared / "rootfs" / "alpine-minirootfs-3.9.6-x86_64.tar.gz", "arm64")
    entries = []
    for built, arch in ((image, "amd64"), (other, "arm64")):
        entries.append({**registry.push_image("multi", None, built), "platform": {"os": "linux", "architecture": arch}})
    index = registry.push_manifest("multi", "1", {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries})
    name = f"{registry.host}/multi"
    amd64 = bom("--no-cache", "--platform", "linux/amd64", f"{name}:1")
    arm64 = bom("--no-cache", "--platform", "linux/arm64", f"{name}@{index['digest']}")
    assert amd64 == bom(archive)
    assert arm64 != amd64 and len(arm64) > 10
    p = skep.run("sbom", "--platform", "linux/s390x", f"{name}:1", check=4)
    assert "linux/amd64" in p.err and "linux/arm64" in p.err


def test_a_second_scan_reads_no_layer(skep, registry, image):
    registry.push_image("warm", "1", image)
    first = skep.run("sbom", f"{registry.host}/warm:1", check=0)
    digest = json.loads(registry.request("GET", "/v2/warm/manifests/1",
                                         headers={"Accept": "application/vnd.oci.image.manifest.v1+json"})[2])
    for layer in digest["layers"]:
        assert registry.request("DELETE", f"/v2/warm/blobs/{layer['digest']}")[0] in (202, 405)
    second = skep.run("sbom", f"{registry.host}/warm:1", check=0)
    assert essence(json.loads(second.stdout)) == essence(json.loads(first.stdout))


def test_authentication_and_own_authority(skep, closed, image, tmp_path):
    closed.push_image("team/app", "1", image)
    name = f"{closed.host}/team/app:1"
    config = docker_config(tmp_path / "docker", closed.host, "me", "hunter2")
    wrong = docker_config(tmp_path / "wrong", closed.host, "me", "hunter3")
    ca = ["--ca-file", closed.certificates.ca]

    assert "certificate" in skep.run("sbom", name, check=4).err
    assert "docker login" in skep.run("sbom", *ca, name, check=4).err
    p = skep.run("sbom", *ca, "--docker-config", wrong, name, check=4)
    assert "hunter3" not in p.err
    skep.run("sbom", *ca, "--docker-config", config, name, check=0)
    skep.run("sbom", "--insecure-registry", closed.host, "--docker-config", config, name, check=0)
    skep.run("sbom", *ca, name, check=0, env={"DOCKER_CONFIG": str(config)})


def test_what_is_not_there(skep, registry, image):
    registry.push_image("known", "1", image)
    assert "no such" in skep.run("sbom", f"{registry.host}/known:2", check=4).err
    assert "no such" in skep.run("sbom", f"{registry.host}/unknown:1", check=4).err
    assert "no such" in skep.run("sbom", f"{registry.host}/known@sha256:{'0' * 64}", check=4).err
