"""Hostile and damaged images: a clear error or a gap that is told (exit 6), never a crash, a hang, a file outside the
cache or a package that is lost in silence."""
import gzip
import os
import random
import tarfile
import zlib

import pytest

import images
from images import entry, layer, status

FINE, OVER_LIMIT, REFUSED, PARTIAL = 0, 3, 4, 6


def scan(skep, path, *options, timeout=60):
    """(exit, names of packages, gaps); a report exists exactly for exits 0 and 6."""
    p = skep.run("sbom", path, "-f", "json", *options, timeout=timeout)
    assert p.returncode in (FINE, OVER_LIMIT, REFUSED, PARTIAL), (p.returncode, p.err)
    if p.returncode not in (FINE, PARTIAL):
        assert "error" in p.err and not p.stdout
        return p.returncode, None, []
    report = images.json.loads(p.stdout)
    assert bool(report["gaps"]) == (p.returncode == PARTIAL), report["gaps"]
    return p.returncode, {x["name"] for x in report["packages"]}, report["gaps"]


@pytest.fixture
def write(tmp_path):
    def write(data, name="image.tar"):
        path = tmp_path / name
        path.write_bytes(data)
        return path
    return write


def image(*layers):
    return images.docker_save(layers)


def kinds(gaps):
    return {g["kind"] for g in gaps}


def test_wrong_digest_of_a_layer(skep, write):
    """The configuration promises other bytes: the layer is not trusted, and not kept in the cache either."""
    evil = images.base("evil=1")
    path = write(images.docker_save([evil], conf=images.config([images.base("bash=5.1")])))
    for _ in range(2):
        code, names, gaps = scan(skep, path)
        assert (code, names) == (PARTIAL, set())
        assert any("not trusted" in g["what"] for g in gaps)
    p = skep.run("sbom", path, "-f", "table", "--lang", "zh", check=PARTIAL)
    assert "不信任该层：" in p.out and "not trusted" not in p.out, p.out
    good = write(image(images.base("bash=5.1")), "good.tar")
    assert scan(skep, good)[:2] == (FINE, {"bash"})


def test_wrong_digest_of_a_blob(skep, tmp_path):
    files = images.oci_layout(images.oci_blobs([images.base("bash=5.1")]))
    other = gzip.compress(images.base("evil=1"))
    for name, data in files.items():
        if data[:2] == b"\x1f\x8b":
            files[name] = other
    folder = images.as_folder(files, tmp_path / "layout")
    code, names, gaps = scan(skep, folder)
    assert (code, names) == (PARTIAL, set())


@pytest.mark.parametrize("which", ["config", "manifest"])
def test_wrong_digest_of_a_document(skep, tmp_path, which):
    files = images.oci_layout(images.oci_blobs([images.base()]))
    for name, data in files.items():
        if name.startswith("blobs/") and (b"diff_ids" if which == "config" else b"schemaVersion") in data[:200]:
            files[name] = data + b" "
    assert scan(skep, images.as_folder(files, tmp_path / "layout"))[0] == REFUSED


def test_missing_layer(skep, tmp_path):
    files = images.oci_layout(images.oci_blobs([images.base(), layer(entry("x", b"y"))]))
    gone = [n for n, d in files.items() if d[:2] == b"\x1f\x8b"][1]
    del files[gone]
    code, names, gaps = scan(skep, images.as_folder(files, tmp_path / "layout"))
    assert (code, names) == (PARTIAL, {"bash"})
    assert "unreadable" in kinds(gaps)


@pytest.mark.parametrize("pack", ["plain", "gzip", "xz", "zstd", "bzip2"])
def test_truncation_anywhere(skep, write, pack):
    whole = images.PACKERS[pack](image(images.base("bash=5.1"), layer(entry("srv/x", os.urandom(9000)))))
    for n in [0, 1, 5, 511, 512, 700, *range(1000, len(whole) - 1, max(997, len(whole) // 12))]:
        code, names, gaps = scan(skep, write(whole[:n]))
        # Plain archives end in padding that may be missing; otherwise the loss must be told.
        if code == FINE:
            assert pack == "plain" and names == {"bash"}, n


@pytest.mark.parametrize("pack", ["plain", "gzip", "zstd"])
def test_bit_flips(skep, write, pack):
    """A flipped bit is told or changes nothing: all layers and documents are covered by digests."""
    whole = images.PACKERS[pack](image(images.base("bash=5.1"), layer(entry("etc/other", b"z" * 2000))))
    chance = random.Random(7)
    for _ in range(60):
        at = chance.randrange(len(whole))
        broken = bytearray(whole)
        broken[at] ^= 1 << chance.randrange(8)
        code, names, gaps = scan(skep, write(bytes(broken)))
        if code == FINE:
            assert names == {"bash"}, at


def bomb(path, total):
    """A gzip layer of zeros, packed a thousandfold."""
    head = tarfile.TarInfo("srv/zeros")
    head.size = total
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    with open(path, "wb") as f:
        f.write(packer.compress(images.base()[:2560] + head.tobuf(tarfile.GNU_FORMAT)))
        block = bytes(1 << 20)
        for _ in range(total >> 20):
            f.write(packer.compress(block))
        f.write(packer.flush())


def test_ten_gigabytes_of_zeros(skep, tmp_path):
    """10 GB in 10 MB: ends at the expansion limit, what stood before is kept, memory and time stay small."""
    path = tmp_path / "bomb.tar.gz"
    piece = tmp_path / "piece"
    bomb(piece, 1 << 30)
    data = piece.read_bytes()
    path.write_bytes(data)
    p = skep.run("rootfs", path, "--limit", "expansion=100", timeout=60)
    assert p.returncode != FINE
    files = {"x": data}
    layers_digest = images.digest(data)
    manifest_layers = [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": layers_digest, "size": len(data)}]
    conf = images.config([b""])
    manifest = images.json.dumps({"schemaVersion": 2, "config": images.descriptor(conf, "x"), "layers": manifest_layers}).encode()
    files = images.oci_layout((images.descriptor(manifest, "application/vnd.oci.image.manifest.v1+json"),
                               {"blobs/sha256/" + images.digest(b)[7:]: b for b in (data, conf, manifest)}))
    code, names, gaps = scan(skep, images.as_folder(files, tmp_path / "layout"))
    assert code == PARTIAL and "limit" in kinds(gaps)
    assert names == {"bash"}


def test_escaping_paths(skep, write, tmp_path):
    evil = layer(entry("../../../../etc/os-release", images.OS_RELEASE),
                 entry("/var/lib/dpkg/status", status("bash=5.1")),
                 entry("../outside", b"x"), entry(str(tmp_path / "absolute"), b"x"))
    code, names, gaps = scan(skep, write(image(evil)))
    assert (code, names) == (PARTIAL, {"bash"})
    assert "unexpected" in kinds(gaps)
    assert not (tmp_path / "absolute").exists() and not (tmp_path.parent / "outside").exists()


def test_links_in_loops_and_out_of_the_root(skep, write):
    loops = layer(entry("var", kind=tarfile.SYMTYPE, link="lib"), entry("lib", kind=tarfile.SYMTYPE, link="var"),
                  entry("etc", kind=tarfile.SYMTYPE, link="../../../etc"),
                  entry("usr/lib/os-release", kind=tarfile.LNKTYPE, link="usr/lib/os-release"))
    code, names, gaps = scan(skep, write(image(loops)))
    assert (code, names) == (PARTIAL, set())
    assert "unresolved" in kinds(gaps)


def test_hard_link_to_a_file_nobody_read(skep, write):
    hidden = layer(entry("data/status", status("bash=5.1")),
                   entry("var/lib/dpkg/status", kind=tarfile.LNKTYPE, link="data/status"))
    code, names, gaps = scan(skep, write(image(hidden)))
    assert code == PARTIAL and "unresolved" in kinds(gaps)


def test_devices_and_odd_types(skep, write):
    odd = layer(entry("dev/sda", kind=tarfile.BLKTYPE, devmajor=8), entry("dev/null", kind=tarfile.CHRTYPE),
                entry("run/pipe", kind=tarfile.FIFOTYPE))
    assert scan(skep, write(image(images.base("bash=5.1"), odd)))[:2] == (FINE, {"bash"})
    # A device in the place of the database is no database, and hides the one below.
    stands_in = layer(entry("var/lib/dpkg/status", kind=tarfile.CHRTYPE))
    assert scan(skep, write(image(images.base("bash=5.1"), stands_in)))[1] == set()


def test_duplicates_and_order(skep, write):
    """The last of equal entries counts, as when the layer is unpacked; folders may come after what is in them."""
    twice = layer(entry("var/lib/dpkg/status", status("old=1")), entry("var/lib/dpkg/status", status("new=2")),
                  entry("var/lib/dpkg", kind=tarfile.DIRTYPE), entry("var", kind=tarfile.DIRTYPE),
                  entry("etc/os-release", images.OS_RELEASE))
    assert scan(skep, write(image(twice)))[:2] == (FINE, {"new"})


def test_deep_nesting(skep, write):
    deep = layer(entry("a/" * 3000 + "x", b"y", ), fmt=tarfile.PAX_FORMAT)
    code, names, gaps = scan(skep, write(image(images.base("bash=5.1"), deep)))
    assert (code, names) == (PARTIAL, {"bash"}) and "limit" in kinds(gaps)
    document = b'{"rootfs":' + b"[" * 100000 + b"]" * 100000 + b"}"
    assert scan(skep, write(images.docker_save([images.base()], conf=document)))[0] == REFUSED
    inside = images.base()
    for _ in range(20):
        inside = gzip.compress(inside)
    assert scan(skep, write(inside))[0] == REFUSED


def test_archive_in_archive(skep, write):
    """An image in the place of a layer is data, not an image."""
    inner = image(images.base("inner=1"))
    assert scan(skep, write(image(inner)))[:2] == (FINE, set())


def test_a_status_of_one_endless_line(skep, write):
    line = layer(entry("var/lib/dpkg/status", b"Package: " + b"x" * 40_000_000))
    code, names, gaps = scan(skep, write(image(line)))
    assert (code, names) == (PARTIAL, set())
    code, names, gaps = scan(skep, write(image(line)), "--limit", "file_bytes=1000000")
    assert code == PARTIAL and "limit" in kinds(gaps)


NO_IMAGES = {"empty": b"", "block": b"\0" * 512, "zeros": b"\0" * 10240, "word": b"hello", "object": b"{}", "noise": os.urandom(4096),
             "empty-gzip": gzip.compress(b""), "gzip-head": b"\x1f\x8b\x08", "zip": b"PK\x03\x04" + bytes(100)}


@pytest.mark.parametrize("name", NO_IMAGES)
def test_not_an_image(skep, write, name):
    assert scan(skep, write(NO_IMAGES[name]))[0] == REFUSED


def test_absent_and_unreadable(skep, tmp_path):
    assert scan(skep, tmp_path / "absent.tar")[0] == REFUSED
    assert scan(skep, tmp_path)[0] == REFUSED


@pytest.mark.parametrize("manifest", [b"[]", b"{}", b"[{}]", b'[{"Config":"x","Layers":["y"]}]', b"[[[[", b"\xff\xfe", b"[null]",
                                      b'[{"Config":{"a":1},"Layers":7}]'], ids=repr)
def test_broken_manifests(skep, write, manifest):
    assert scan(skep, write(layer(entry("manifest.json", manifest))))[0] == REFUSED


def test_index_that_names_itself(skep, tmp_path):
    """No document can hold its own digest, but a chain may be long."""
    files, descriptor = {"oci-layout": b"{}"}, None
    image_descriptor, blobs = images.oci_blobs([images.base()])
    files.update(blobs)
    descriptor = image_descriptor
    for _ in range(50):
        index = images.json.dumps({"schemaVersion": 2, "manifests": [descriptor]}).encode()
        files["blobs/sha256/" + images.digest(index)[7:]] = index
        descriptor = images.descriptor(index, "application/vnd.oci.image.index.v1+json")
    files["index.json"] = images.json.dumps({"schemaVersion": 2, "manifests": [descriptor]}).encode()
    assert scan(skep, images.as_folder(files, tmp_path / "layout"))[0] == OVER_LIMIT


def test_limits_are_told(skep, write):
    path = write(image(images.base("bash=5.1"), layer(*(entry(f"srv/{i}", b"") for i in range(50)))))
    for limit, gap in (("layer_entries=10", "limit"), ("layer_bytes=20000", "limit"), ("path_depth=2", "limit")):
        code, names, gaps = scan(skep, path, "--limit", limit)
        assert code == PARTIAL and gap in kinds(gaps), limit


def test_links_of_an_oci_folder_stay_inside(skep, tmp_path):
    """A blob that is a link to a file of the host is looked up inside the folder."""
    files = images.oci_layout(images.oci_blobs([images.base()]))
    folder = images.as_folder(files, tmp_path / "layout")
    secret = tmp_path / "index.json"
    secret.write_bytes(files["index.json"])
    os.unlink(folder / "index.json")
    os.symlink(secret, folder / "index.json")
    assert scan(skep, folder)[0] == REFUSED


def test_gnu_and_pax_names(skep, write):
    for fmt in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
        long = "srv/" + "d" * 200 + "/" + "f" * 150
        name = "p" * 110
        data = layer(entry("etc/os-release", images.OS_RELEASE), entry(long, b"x"),
                     entry("var/lib/dpkg/status.d/" + name, status("base=1")), fmt=fmt)
        assert scan(skep, write(image(data)))[:2] == (FINE, {"base"})


def test_sparse_database(skep, write, tmp_path):
    """GNU tar writes a file with holes in its sparse form; the packages behind the hole are found."""
    root = tmp_path / "root"
    (root / "var/lib/dpkg").mkdir(parents=True)
    with open(root / "var/lib/dpkg/status", "wb") as f:
        f.write(status("first=1"))
        f.seek(1 << 20)
        f.write(b"\n\n" + status("second=2"))
    for options in (["--format=gnu"], ["--format=pax", "--sparse-version=1.0"], ["--format=pax", "--sparse-version=0.1"]):
        tar = images.subprocess.run(["tar", "-C", root, "-S", *options, "-cf", "-", "var"], capture_output=True, check=True).stdout
        assert len(tar) < 1 << 19
        code, names, gaps = scan(skep, write(image(tar)))
        assert "second" in names
