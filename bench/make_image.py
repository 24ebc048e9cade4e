#!/usr/bin/python3
"""Makes images to measure with: streamed, deterministic for one machine, as OCI layout folders.

  make_image.py debian DIR [--bytes N]     two gzip layers of this machine's /usr and part of its dpkg database
  make_image.py tiny DIR [--files N]       one gzip layer of N tiny files (two million)
  make_image.py large DIR [--bytes N]      one gzip layer of N bytes (four gigabytes) in large files, with a dpkg database
"""
import argparse
import hashlib
import io
import json
import os
import sys
import tarfile
import zlib

PACKAGES = 400


class Layer:
    """A gzip blob written as it is made; both digests are taken on the way."""

    def __init__(self, blobs, level):
        self.blobs = blobs
        self.temporary = os.path.join(blobs, "layer.tmp")
        self.file = open(self.temporary, "wb")
        self.stored = hashlib.sha256()
        self.plain = hashlib.sha256()
        self.packer = zlib.compressobj(level, zlib.DEFLATED, 31)
        self.bytes = 0

    def write(self, data):
        self.plain.update(data)
        self.put(self.packer.compress(data))
        return len(data)

    def put(self, packed):
        self.stored.update(packed)
        self.file.write(packed)
        self.bytes += len(packed)

    def close(self):
        self.put(self.packer.flush())
        self.file.close()
        os.rename(self.temporary, os.path.join(self.blobs, self.stored.hexdigest()))


def add_bytes(tar, name, data):
    info = tarfile.TarInfo(name)
    info.size = len(data)
    tar.addfile(info, io.BytesIO(data))


def add_database(tar):
    """Release file and the first packages of this machine's own database, with their lists."""
    with open("/etc/os-release", "rb") as f:
        add_bytes(tar, "etc/os-release", f.read())
    with open("/var/lib/dpkg/status", "rb") as f:
        stanzas = f.read().split(b"\n\n")[:PACKAGES]
    add_bytes(tar, "var/lib/dpkg/status", b"\n\n".join(stanzas) + b"\n\n")
    for stanza in stanzas:
        fields = dict(line.split(b": ", 1) for line in stanza.split(b"\n") if b": " in line and line[:1] != b" ")
        name = fields.get(b"Package", b"").decode()
        for candidate in (name, name + ":" + fields.get(b"Architecture", b"").decode()):
            path = "/var/lib/dpkg/info/%s.list" % candidate
            if os.path.exists(path):
                with open(path, "rb") as f:
                    add_bytes(tar, path[1:], f.read())


def installed_files():
    """Small and large ones mixed as in an image of a few hundred packages; about 15,000 make the default size."""
    for top in ("/usr/share/doc", "/usr/share/man", "/usr/lib/python3", "/usr/share/perl", "/usr/share/zoneinfo",
                "/usr/bin", "/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/libexec"):
        for folder, folders, names in os.walk(top):
            folders.sort()
            for name in sorted(names):
                path = os.path.join(folder, name)
                if os.path.isfile(path) and not os.path.islink(path):
                    yield path


def layer_debian(tar, files, budget):
    used = 0
    for path in files:
        used += os.path.getsize(path)
        if used > budget:
            return
        tar.add(path, arcname=path[1:], recursive=False)


def layer_tiny(tar, count):
    for i in range(count):
        info = tarfile.TarInfo("srv/data/%03d/%03d/file-%07d.txt" % (i // 1000 % 1000, i % 1000, i))
        info.size = 16
        tar.addfile(info, io.BytesIO(b"%015d\n" % i))


class Noise:
    """A quarter noise, the rest zeros, without end: packs to about a quarter."""

    def __init__(self):
        self.block = os.urandom(64 * 1024) + bytes(192 * 1024)
        self.at = 0

    def read(self, n):
        data = bytearray()
        while len(data) < n:
            piece = self.block[self.at:self.at + n - len(data)]
            data += piece
            self.at = (self.at + len(piece)) % len(self.block)
        return bytes(data)


def layer_large(tar, size):
    add_database(tar)
    piece = 256 * 1024 * 1024
    for i in range(size // piece):
        info = tarfile.TarInfo("opt/model/part-%03d" % i)
        info.size = piece
        tar.addfile(info, Noise())


def write_blob(blobs, document):
    data = json.dumps(document).encode()
    digest = hashlib.sha256(data).hexdigest()
    with open(os.path.join(blobs, digest), "wb") as f:
        f.write(data)
    return {"digest": "sha256:" + digest, "size": len(data)}


def write_layout(folder, blobs, layers):
    config = write_blob(blobs, {
        "architecture": "amd64", "os": "linux",
        "rootfs": {"type": "layers", "diff_ids": ["sha256:" + l.plain.hexdigest() for l in layers]},
        "history": [{"created_by": "make_image.py layer %d" % i} for i, _ in enumerate(layers)]})
    config["mediaType"] = "application/vnd.oci.image.config.v1+json"
    manifest = write_blob(blobs, {
        "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json", "config": config,
        "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
                    "digest": "sha256:" + l.stored.hexdigest(), "size": l.bytes} for l in layers]})
    manifest["mediaType"] = "application/vnd.oci.image.manifest.v1+json"
    with open(os.path.join(folder, "index.json"), "w") as f:
        json.dump({"schemaVersion": 2, "manifests": [manifest]}, f)
    with open(os.path.join(folder, "oci-layout"), "w") as f:
        json.dump({"imageLayoutVersion": "1.0.0"}, f)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("kind", choices=("debian", "tiny", "large"))
    p.add_argument("folder")
    p.add_argument("--bytes", type=int)
    p.add_argument("--files", type=int, default=2_000_000)
    a = p.parse_args()
    blobs = os.path.join(a.folder, "blobs", "sha256")
    os.makedirs(blobs)
    layers = []

    def layer(level, fill, *arguments):
        out = Layer(blobs, level)
        with tarfile.open(fileobj=out, mode="w|", format=tarfile.GNU_FORMAT, bufsize=256 * 1024) as tar:
            fill(tar, *arguments)
        out.close()
        layers.append(out)

    if a.kind == "debian":
        half = (a.bytes or 640_000_000) // 2
        files = installed_files()

        def first(tar):
            add_database(tar)
            layer_debian(tar, files, half)
        layer(6, first)
        layer(6, layer_debian, files, half)
    elif a.kind == "tiny":
        layer(1, layer_tiny, a.files)
    else:
        layer(1, layer_large, a.bytes or 4 << 30)
    write_layout(a.folder, blobs, layers)
    print("%s: %d layers, %d bytes" % (a.folder, len(layers), sum(l.bytes for l in layers)), file=sys.stderr)


if __name__ == "__main__":
    main()
