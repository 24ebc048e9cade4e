"""Real services that tests start for themselves on free ports and end by process id."""
import base64
import gzip
import json
import os
import pathlib
import random
import shutil
import socket
import ssl
import subprocess
import tarfile
import tempfile
import time
import urllib.error
import urllib.request

import pytest

from images import OCI_CONFIG, OCI_LAYER, OCI_MANIFEST, digest

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


def need(*programs):
    """Skips, and says so, where a program is not installed."""
    for p in programs:
        if not shutil.which(p):
            pytest.skip(f"{p} is not installed")


def need_root():
    if os.geteuid() != 0:
        pytest.skip("needs root")


def is_free(port):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(type=kind) as s:
            try:
                s.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True


def ports():
    """Free ones below those the kernel gives to whoever asks for any: what nobody has now nobody takes before it is used."""
    below = int(pathlib.Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    yield from filter(is_free, random.sample(range(10000, below), below - 10000) if below > 10000 else ())
    while True:
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            yield s.getsockname()[1]


PORTS = ports()


def free_port():
    """Another each time."""
    return next(PORTS)


def unmount_below(folder):
    """An engine mounts its data folder onto itself and leaves it, and what it killed leaves its own."""
    with open("/proc/self/mountinfo") as f:
        places = [line.split()[4] for line in f]
    for place in reversed([p for p in places if p.startswith(f"{folder}/")]):
        subprocess.run(["umount", "-l", place], capture_output=True)


def listening(*ports):
    """Whether somebody accepts at each, or an OSError."""
    for port in ports:
        socket.create_connection(("127.0.0.1", port), 1).close()
    return True


class Process:
    """A child that is ended, and waited for, when the block ends."""

    def __init__(self, args, log, env=None):
        self.args, self.log, self.env = args, log, env

    def __enter__(self):
        with open(self.log, "wb") as out:
            self.child = subprocess.Popen(self.args, stdout=out, stderr=out, stdin=subprocess.DEVNULL, env=self.env)
        return self

    def __exit__(self, *exc):
        self.child.terminate()
        try:
            self.child.wait(20)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()

    def wait_for(self, ready, seconds=90):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if self.child.poll() is not None:
                break
            try:
                if ready():
                    return
            except OSError:
                pass
            time.sleep(0.1)
        log = pathlib.Path(self.log).read_text()
        if "tls: bad record MAC" in log:
            # Seen on Debian 13: every handshake of its docker-registry with Python (OpenSSL 3.5) ends so.
            pytest.skip(f"{self.args[0]} of this release cannot speak TLS with the OpenSSL beside it")
        pytest.fail(f"{self.args[0]} does not start:\n{log[-2000:]}")


class Certificates:
    """A certificate authority of its own and a server certificate for 127.0.0.1."""

    def __init__(self, folder):
        self.ca, self.key, self.cert = folder / "ca.pem", folder / "server.key", folder / "server.pem"
        ext = folder / "ext"
        ext.write_text("subjectAltName=IP:127.0.0.1,DNS:localhost\n")
        new = ["openssl", "req", "-newkey", "rsa:2048", "-nodes"]
        for args in (
                [*new, "-x509", "-days", "2", "-subj", "/CN=test CA", "-keyout", folder / "ca.key", "-out", self.ca],
                [*new, "-subj", "/CN=localhost", "-keyout", self.key, "-out", folder / "server.csr"],
                ["openssl", "x509", "-req", "-days", "2", "-in", folder / "server.csr", "-CA", self.ca, "-CAkey",
                 folder / "ca.key", "-CAcreateserial", "-extfile", ext, "-out", self.cert]):
            subprocess.run(list(map(str, args)), check=True, capture_output=True)


class Registry:
    """Debian's docker-registry; with `user` it wants Basic authentication over TLS."""

    def __init__(self, folder, user=None, password=None):
        need("docker-registry", "openssl", "perl")
        folder.mkdir()
        self.user, self.password = user, password
        self.host = f"127.0.0.1:{free_port()}"
        self.certificates = Certificates(folder) if user else None
        config = {"version": 0.1, "log": {"level": "warn"},
                  "storage": {"filesystem": {"rootdirectory": str(folder / "data")}},
                  "http": {"addr": self.host}}
        if user:
            config["http"]["tls"] = {"certificate": str(self.certificates.cert), "key": str(self.certificates.key)}
            hashed = subprocess.run(["perl", "-e", "print crypt($ARGV[0], '$2b$05$abcdefghijklmnopqrstuu')", password],
                                    check=True, capture_output=True, text=True).stdout
            (folder / "htpasswd").write_text(f"{user}:{hashed}\n")
            config["auth"] = {"htpasswd": {"realm": "test", "path": str(folder / "htpasswd")}}
        (folder / "config.yml").write_text(json.dumps(config))
        self.process = Process(["docker-registry", "serve", str(folder / "config.yml")], folder / "log")

    def __enter__(self):
        self.process.__enter__()
        self.process.wait_for(lambda: self.request("GET", "/v2/")[0] == 200)
        return self

    def __exit__(self, *exc):
        self.process.__exit__(*exc)

    def request(self, method, path, data=None, headers=None):
        url = path if "://" in path else f"{'https' if self.certificates else 'http'}://{self.host}{path}"
        q = urllib.request.Request(url, data=data, method=method, headers=headers or {})
        context = None
        if self.certificates:
            context = ssl.create_default_context(cafile=self.certificates.ca)
            token = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
            q.add_header("Authorization", "Basic " + token)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}),
                                             urllib.request.HTTPSHandler(context=context))
        try:
            with opener.open(q, timeout=60) as r:
                return r.status, dict(r.headers), r.read()
        except urllib.error.HTTPError as e:
            return e.code, dict(e.headers), e.read()

    def push_blob(self, name, data):
        status, headers, _ = self.request("POST", f"/v2/{name}/blobs/uploads/", b"")
        assert status == 202
        where = headers["Location"]
        where += ("&" if "?" in where else "?") + "digest=" + digest(data)
        status, _, body = self.request("PUT", where, data, {"Content-Type": "application/octet-stream"})
        assert status == 201, body
        return digest(data)

    def push_manifest(self, name, tag, document):
        data = json.dumps(document).encode()
        status, _, body = self.request("PUT", f"/v2/{name}/manifests/{tag or digest(data)}", data,
                                       {"Content-Type": document["mediaType"]})
        assert status == 201, body
        return {"mediaType": document["mediaType"], "digest": digest(data), "size": len(data)}

    def push_image(self, name, tag, image, form="gzip", docker=False):
        """Pushes an Image; returns the descriptor of its manifest."""
        layers = []
        for tar in image.layers:
            data = compress(tar, form)
            kind = {"gzip": OCI_LAYER + "+gzip", "zstd": OCI_LAYER + "+zstd", "none": OCI_LAYER}[form]
            if docker:
                kind = "application/vnd.docker.image.rootfs.diff.tar.gzip"
            layers.append({"mediaType": kind, "digest": self.push_blob(name, data), "size": len(data)})
        config = {"mediaType": "application/vnd.docker.container.image.v1+json" if docker else OCI_CONFIG,
                  "digest": self.push_blob(name, image.config), "size": len(image.config)}
        return self.push_manifest(name, tag, {"schemaVersion": 2, "mediaType": DOCKER_MANIFEST if docker else OCI_MANIFEST,
                                              "config": config, "layers": layers})


def compress(data, form):
    if form == "gzip":
        return gzip.compress(data, 6, mtime=0)
    if form == "zstd":
        return subprocess.run(["zstd", "-qc"], input=data, check=True, capture_output=True).stdout
    return data


def skopeo_copy(archive, destination, folder):
    """Copies a gzip-compressed docker-archive; skopeo does not read every such file by itself."""
    need("skopeo")
    plain = folder / "skopeo.tar"
    plain.write_bytes(gzip.decompress(archive.read_bytes()))
    subprocess.run(["skopeo", "--insecure-policy", "copy", "-q", "--dest-tls-verify=false", f"docker-archive:{plain}",
                    destination], check=True, capture_output=True)
    plain.unlink()


class Image:
    """Configuration and layers of an image, in memory."""

    def __init__(self, config, layers):
        self.config, self.layers = config, layers

    @classmethod
    def from_docker_save(cls, path):
        with tarfile.open(path) as tar:
            manifest = json.load(tar.extractfile("manifest.json"))[0]
            return cls(tar.extractfile(manifest["Config"]).read(),
                       [tar.extractfile(name).read() for name in manifest["Layers"]])

    @classmethod
    def from_rootfs(cls, path, architecture):
        opened = subprocess.run(["xz" if str(path).endswith("xz") else "gzip", "-dc", path], check=True,
                                capture_output=True).stdout
        config = {"architecture": architecture, "os": "linux", "created": "2026-01-01T00:00:00Z",
                  "rootfs": {"type": "layers", "diff_ids": [digest(opened)]},
                  "history": [{"created_by": "rootfs"}]}
        return cls(json.dumps(config).encode(), [opened])


def docker_config(folder, host, user, password):
    """Writes config.json with the credentials; returns its folder."""
    folder.mkdir(exist_ok=True)
    auth = base64.b64encode(f"{user}:{password}".encode()).decode()
    (folder / "config.json").write_text(json.dumps({"auths": {host: {"auth": auth}}}))
    return folder


class Engine:
    """dockerd with a containerd, data and a socket of its own; it touches no firewall."""

    def __init__(self, folder, storage="vfs"):
        need_root()
        need("containerd", "/usr/sbin/dockerd")
        folder.mkdir()
        self.folder = folder
        self.socket = folder / "docker.sock"
        self.containerd_socket = folder / "containerd.sock"
        (folder / "containerd.toml").write_text(
            f'version = 2\nroot = "{folder}/cd-root"\nstate = "{folder}/cd-state"\n'
            f'disabled_plugins = ["io.containerd.grpc.v1.cri"]\n[grpc]\naddress = "{self.containerd_socket}"\n')
        self.containerd = Process(["containerd", "--config", str(folder / "containerd.toml")], folder / "containerd.log")
        self.dockerd = Process(
            ["/usr/sbin/dockerd", "-H", self.host, "--data-root", str(folder / "data"), "--exec-root",
             str(folder / "exec"), "--pidfile", str(folder / "pid"), "--containerd", str(self.containerd_socket),
             "--iptables=false", "--ip6tables=false", "--bridge=none", f"--storage-driver={storage}"], folder / "dockerd.log")

    @property
    def host(self):
        return f"unix://{self.socket}"

    def __enter__(self):
        self.containerd.__enter__()
        try:
            self.containerd.wait_for(self.containerd_socket.exists)
            self.dockerd.__enter__()
            self.dockerd.wait_for(lambda: self.request("GET", "/_ping")[0] == 200, 120)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, *exc):
        if hasattr(self.dockerd, "child"):
            self.dockerd.__exit__(*exc)
        self.containerd.__exit__(*exc)
        unmount_below(self.folder)

    def request(self, method, path, body=b""):
        """One HTTP/1.0 exchange, so that the answer ends with the connection."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(120)
            s.connect(str(self.socket))
            head = f"{method} {path} HTTP/1.0\r\nHost: docker\r\nContent-Type: application/x-tar\r\n"
            s.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            answer = b"".join(iter(lambda: s.recv(65536), b""))
        return int(answer.split()[1]), answer.split(b"\r\n\r\n", 1)[1]

    def load(self, path):
        status, answer = self.request("POST", "/images/load?quiet=1", path.read_bytes())
        assert status == 200 and b"error" not in answer.lower(), answer


class Podman:
    """Podman's API service with storage and a socket of its own."""

    def __init__(self, archive):
        need_root()
        need("podman")
        # It refuses paths of more than 50 characters, which those of pytest are.
        self.folder = folder = pathlib.Path(tempfile.mkdtemp(prefix="pod"))
        self.socket = folder / "podman.sock"
        self.log = folder / "log"
        self.command = ["podman", "--root", folder / "root", "--runroot", folder / "run", "--tmpdir", folder / "tmp",
                        "--storage-driver", "vfs"]
        plain = folder / "image.tar"
        plain.write_bytes(gzip.decompress(archive.read_bytes()))
        subprocess.run([*self.command, "load", "-q", "-i", plain], check=True, capture_output=True)
        self.process = Process([*map(str, self.command), "system", "service", "--time=0", self.host], self.log)

    @property
    def host(self):
        return f"unix://{self.socket}"

    def __enter__(self):
        self.process.__enter__()
        self.process.wait_for(self.socket.exists)
        return self

    def __exit__(self, *exc):
        self.process.__exit__(*exc)
        shutil.rmtree(self.folder, ignore_errors=True)
