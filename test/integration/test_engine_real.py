"""One image in a real dockerd, a real registry and every archive form: the same packages and findings from all."""
import json
import shutil

import pytest

from comparison import essence
from services import Engine, Image, Podman, Registry, skopeo_copy


@pytest.fixture(scope="module")
def engine(tmp_path_factory, archive):
    with Engine(tmp_path_factory.mktemp("engine") / "e") as e:
        e.load(archive)
        yield e


@pytest.fixture
def bom(skep):
    def read(*args, **kw):
        return essence(json.loads(skep.run("sbom", *args, check=0, **kw).stdout))
    return read


@pytest.fixture
def database(skep, tmp_path):
    """Two vulnerabilities of packages in the image, one of a version it does not have."""
    packages = [("musl", "1.1.22-r4", "CVE-2020-28928"), ("busybox", "1.30.1-r5", "CVE-2021-42374"),
                ("zlib", "1.2.11-r0", "CVE-2016-9840")]
    feed = tmp_path / "feed" / "alpine" / "v3.10"
    feed.mkdir(parents=True)
    (feed / "main.json").write_text(json.dumps({
        "distroversion": "v3.10", "reponame": "main",
        "packages": [{"pkg": {"name": n, "secfixes": {v: [cve]}}} for n, v, cve in packages]}))
    skep.run("db", "build", "--from", tmp_path / "feed", "-o", tmp_path / "db", check=0)
    return tmp_path / "db"


def findings(report):
    """What was found and why, without where the image came from."""
    kept = [{k: v for k, v in f.items() if k not in ("layer", "layers")} for f in report["findings"]]
    return sorted(json.dumps(f, sort_keys=True) for f in kept)


def test_every_source_of_the_same_image(skep, engine, archive, database, tmp_path):
    image = Image.from_docker_save(archive)
    skopeo_copy(archive, f"oci:{tmp_path / 'layout'}:v1", tmp_path)
    skopeo_copy(archive, f"oci-archive:{tmp_path / 'layout.tar'}:v1", tmp_path)
    with Registry(tmp_path / "registry") as r:
        digest = r.push_image("a/b", "1", image)["digest"]
        zstd = r.push_image("a/b", "zstd", image, "zstd")["digest"]
        sources = [
            f"docker-archive:{archive}",
            "docker:alpine:3.10",
            f"registry:{r.host}/a/b:1",
            f"registry:{r.host}/a/b@{digest}",
            f"registry:{r.host}/a/b@{zstd}",
            f"oci-dir:{tmp_path / 'layout'}",
            f"oci-archive:{tmp_path / 'layout.tar'}",
        ]
        reports = {s: skep.report("image", "--db", database, "--no-cache", "--docker-host", engine.host, s)
                   for s in sources}
    first = reports[sources[0]]
    assert {f["vulnerability"] for f in first["findings"]} == {"CVE-2020-28928", "CVE-2021-42374"}
    assert len(first["packages"]) == 14
    for source, report in reports.items():
        assert findings(report) == findings(first), source
        assert [p["purl"] for p in report["packages"]] == [p["purl"] for p in first["packages"]], source
        # skopeo writes the configuration anew when it changes the format.
        if not source.startswith("oci"):
            assert report["target"]["imageId"] == first["target"]["imageId"], source


def test_the_engine_is_asked_before_a_registry(bom, engine, archive):
    want = bom(archive)
    assert bom("alpine:3.10", env={"DOCKER_HOST": engine.host}) == want
    identity = json.loads(engine.request("GET", "/images/alpine:3.10/json")[1])["Id"]
    assert bom("--docker-host", engine.host, f"docker:{identity}") == want


def test_a_second_scan_exports_nothing(skep, engine):
    args = ["sbom", "--docker-host", engine.host, "docker:alpine:3.10"]
    first = skep.run(*args, check=0)
    moved = engine.folder / "data" / "vfs" / "moved"
    layers = engine.folder / "data" / "vfs" / "dir"
    layers.rename(moved)
    try:
        second = skep.run(*args, check=0)
    finally:
        if layers.exists():
            shutil.rmtree(layers)
        moved.rename(layers)
    assert essence(json.loads(first.stdout)) == essence(json.loads(second.stdout))


def test_what_is_not_there(skep, engine, tmp_path):
    p = skep.run("sbom", "--docker-host", engine.host, "docker:nothing:1", check=4)
    assert "has no image 'nothing:1'" in p.err
    p = skep.run("sbom", "--docker-host", f"unix://{tmp_path}/none.sock", "docker:alpine:3.10", check=4)
    assert "does not run" in p.err
    assert "no Podman" in skep.run("sbom", "--podman-host", f"unix://{tmp_path}/none.sock", "podman:a", check=4).err


def test_podman(bom, skep, archive):
    want = bom(archive)
    with Podman(archive) as podman:
        where = ["--podman-host", podman.host]
        assert bom("--no-cache", *where, "podman:localhost/alpine:3.10") == want
        assert bom(*where, "podman:alpine:3.10") == want
        assert bom("podman:alpine:3.10", env={"CONTAINER_HOST": podman.host}) == want
        assert "has no image" in skep.run("sbom", *where, "podman:nothing:1", check=4).err
