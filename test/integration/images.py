"""Makes images for tests: layers as lists of entries, in every layout a tool writes, and broken on request."""
import bz2
import gzip
import hashlib
import io
import json
import lzma
import subprocess
import tarfile

OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_LAYER = "application/vnd.oci.image.layer.v1.tar"

OS_RELEASE = b'ID=debian\nVERSION_ID="12"\nPRETTY_NAME="Debian GNU/Linux 12"\n'


def status(*packages):
    """A dpkg database of "name=version" strings."""
    return b"".join(b"Package: %s\nStatus: install ok installed\nArchitecture: amd64\nVersion: %s\n\n"
                    % tuple(p.encode().split(b"=")) for p in packages)


def entry(name, data=b"", kind=tarfile.REGTYPE, link="", **more):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    info.size = len(data) if kind == tarfile.REGTYPE else 0
    for key, value in more.items():
        setattr(info, key, value)
    return info, data


def layer(*entries, fmt=tarfile.GNU_FORMAT):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=fmt) as tar:
        for info, data in entries:
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def base(*packages):
    return layer(entry("etc/os-release", OS_RELEASE), entry("var/lib/dpkg/status", status(*(packages or ("bash=5.1",)))))


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def config(layers):
    return json.dumps({"architecture": "amd64", "os": "linux",
                       "rootfs": {"type": "layers", "diff_ids": [digest(x) for x in layers]},
                       "history": [{"created_by": f"step {i}"} for i, _ in enumerate(layers)]}).encode()


def docker_save(layers, order=None, conf=None, tag="test:1"):
    """The old layout of docker save; `order` sorts the members."""
    conf = conf or config(layers)
    name = digest(conf)[7:] + ".json"
    members = [(f"{i}/layer.tar", x) for i, x in enumerate(layers)]
    manifest = [{"Config": name, "RepoTags": [tag], "Layers": [n for n, _ in members]}]
    members += [(name, conf), ("manifest.json", json.dumps(manifest).encode())]
    if order:
        members.sort(key=order)
    return layer(*(entry(n, d) for n, d in members))


def alpine_with(archive, package, tag):
    """(docker save, configuration's digest) of the Alpine image in @archive with one package more, "name=version"."""
    with tarfile.open(archive) as t:
        below = t.extractfile(json.load(t.extractfile("manifest.json"))[0]["Layers"][0]).read()
    with tarfile.open(fileobj=io.BytesIO(below)) as t:
        installed = t.extractfile("lib/apk/db/installed").read()
    more = b"P:%s\nV:%s\nA:x86_64\n\n" % tuple(package.encode().split(b"="))
    layers = [below, layer(entry("lib/apk/db/installed", installed + more))]
    return docker_save(layers, tag=tag), digest(config(layers))


def descriptor(data, media, **more):
    return {"mediaType": media, "digest": digest(data), "size": len(data), **more}


def oci_blobs(layers, pack=None, platform=None):
    """(manifest descriptor, {path: bytes}) of an OCI image."""
    pack = pack or (lambda x: gzip.compress(x, mtime=0))
    packed = [pack(x) for x in layers]
    conf = config(layers)
    manifest = json.dumps({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                           "config": descriptor(conf, "application/vnd.oci.image.config.v1+json"),
                           "layers": [descriptor(p, "application/vnd.oci.image.layer.v1.tar+gzip") for p in packed]}).encode()
    more = {"platform": platform} if platform else {}
    blobs = {"blobs/sha256/" + digest(b)[7:]: b for b in [*packed, conf, manifest]}
    return descriptor(manifest, "application/vnd.oci.image.manifest.v1+json", **more), blobs


def oci_layout(*images):
    """{path: bytes} of a layout with images made by oci_blobs()."""
    files = {"oci-layout": b'{"imageLayoutVersion":"1.0.0"}',
             "index.json": json.dumps({"schemaVersion": 2, "manifests": [d for d, _ in images]}).encode()}
    for _, blobs in images:
        files.update(blobs)
    return files


def as_tar(files):
    return layer(*(entry(n, d) for n, d in files.items()))


def as_folder(files, folder):
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def zstd(data):
    return subprocess.run(["zstd", "-q", "-c"], input=data, capture_output=True, check=True).stdout


PACKERS = {"plain": lambda x: x, "gzip": lambda x: gzip.compress(x, 1, mtime=0), "xz": lzma.compress, "bzip2": bz2.compress,
           "zstd": zstd}
