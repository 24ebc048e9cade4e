"""The network clients against peers that misbehave, one fault a test."""
import base64
import errno
import http.server
import json
import os
import random
import shutil
import ssl
import subprocess
import threading
import time

import pytest

from fake_registry import FakeRegistry, Fault
from images import digest

DATA = random.Random(1).randbytes(300_000)


def probe_at(build_dir, home):
    program = build_dir / "test" / "integration" / "wire_probe"
    home.mkdir()

    def run(*args, want=0, timeout=60, **env):
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("DOCKER_", "XDG_"))}
        p = subprocess.run([program, *args], env={**clean, "HOME": str(home), "no_proxy": "*", **env},
                           capture_output=True, timeout=timeout)
        code = int(p.stderr.split()[0]) if p.returncode else 0
        assert code == want, p.stderr.decode()
        return p.stderr.decode() if p.returncode else p.stdout
    run.home, run.program = home, program
    return run


@pytest.fixture
def probe(build_dir, tmp_path):
    return probe_at(build_dir, tmp_path / "home")


@pytest.fixture
def fake():
    with FakeRegistry() as r:
        r.blob = r.add_blob(DATA)
        r.add_image("x", "1", [b"layer"])
        yield r


def blob_url(fake):
    return f"{fake.url}/v2/x/blobs/{fake.blob}"


def test_gets_a_body(probe, fake):
    assert probe("get", blob_url(fake)) == b"200 300000\n" + DATA


def test_a_status_is_an_answer(probe, fake):
    assert probe("get", fake.url + "/v2/x/blobs/none").startswith(b"404 0\n")


@pytest.mark.parametrize("status", [429, 500, 503])
def test_repeats_what_may_pass(probe, fake, status):
    fake.fault("GET", "/v2/x/blobs/", Fault(status=status, headers={"Retry-After": "1"}, times=1))
    start = time.monotonic()
    assert probe("get", blob_url(fake)) == b"200 300000\n" + DATA
    assert time.monotonic() - start >= 1


def test_gives_up_on_a_peer_that_asks_for_too_long(probe, fake):
    fake.fault("GET", "/v2/x/blobs/", Fault(status=429, headers={"Retry-After": "3600"}))
    assert probe("get", blob_url(fake)).startswith(b"429 0\n")
    assert len(fake.requests) == 1


def test_does_not_repeat_a_refusal(probe, fake):
    fake.fault("GET", "/v2/x/blobs/", Fault(status=403))
    assert probe("get", blob_url(fake)).startswith(b"403 0\n")
    assert len(fake.requests) == 1


def test_resumes_a_broken_body(probe, fake):
    fake.fault("GET", "/v2/x/blobs/", Fault(truncate=100_000, times=1))
    assert probe("get", blob_url(fake)) == b"200 300000\n" + DATA
    assert [r[2].get("Range") for r in fake.requests] == [None, "bytes=100000-"]


def test_resumes_where_ranges_are_ignored(probe, fake):
    fake.fault("GET", "/v2/x/blobs/", Fault(truncate=100_000, times=1))
    fake.fault("GET", "/v2/x/blobs/", Fault(headers={"ignore-range": "1"}, times=1))
    assert probe("get", blob_url(fake)) == b"200 300000\n" + DATA
    assert len(fake.requests) == 2


def test_ends_when_it_breaks_again_and_again(probe, fake):
    fake.fault("GET", "/v2/x/blobs/", Fault(truncate=0))
    assert "cut short" in probe("get", blob_url(fake), want=errno.EPROTO)
    assert len(fake.requests) == 3


def test_a_stall_ends_in_time(probe, fake):
    fake.fault("GET", "/v2/x/blobs/", Fault(stall=True))
    start = time.monotonic()
    assert "no progress" in probe("get", blob_url(fake), want=errno.ETIMEDOUT)
    assert time.monotonic() - start < 15


def test_a_drip_is_a_stall(probe, fake):
    fake.fault("GET", "/v2/x/blobs/", Fault(drip=0.2))
    assert "no progress" in probe("get", blob_url(fake), want=errno.ETIMEDOUT, timeout=120)


def test_headers_are_bounded(probe, fake):
    fake.fault("GET", "/v2/x/blobs/", Fault(huge_header=True))
    assert "headers" in probe("get", blob_url(fake), want=errno.E2BIG)


def test_a_body_is_bounded(probe, fake):
    big = fake.add_blob(bytes(33 << 20))
    assert "longer than" in probe("get", f"{fake.url}/v2/x/blobs/{big}", want=errno.E2BIG)


def test_an_error_body_is_bounded(probe, fake):
    fake.fault("GET", "/v2/x/blobs/", Fault(status=404, body=bytes(8 << 20)))
    assert probe("get", blob_url(fake)).startswith(b"404 0\n")


def test_credentials_stay_with_their_host(probe, fake):
    with FakeRegistry() as other:
        other.add_blob(DATA)
        fake.fault("GET", "/v2/x/blobs/", Fault(redirect=f"{other.url}/v2/x/blobs/{fake.blob}?sig=hunter2"))
        assert probe("get", blob_url(fake)) == b"200 300000\n" + DATA
        assert "Authorization" in fake.requests[0][2]
        assert "Authorization" not in other.requests[0][2]


def test_credentials_follow_on_the_same_host(probe, fake):
    fake.fault("GET", "/old", Fault(redirect=f"/v2/x/blobs/{fake.blob}"))
    assert probe("get", fake.url + "/old").startswith(b"200 300000\n")
    assert "Authorization" in fake.requests[1][2]


@pytest.mark.parametrize("target", ["file:///etc/passwd", "gopher://127.0.0.1/x", "ftp://127.0.0.1/"])
def test_redirects_lead_to_http_only(probe, fake, target):
    fake.fault("GET", "/v2/x/blobs/", Fault(redirect=target))
    assert "something other than http" in probe("get", blob_url(fake), want=errno.EACCES)


def test_redirects_end(probe, fake):
    fake.fault("GET", "/loop", Fault(redirect="/loop"))
    assert "more than 5 redirects" in probe("get", fake.url + "/loop", want=errno.EPROTO)


def test_no_secret_in_a_message(probe, fake):
    fake.fault("GET", "/v2/x/blobs/", Fault(truncate=0))
    said = probe("get", blob_url(fake).replace("://", "://user:hunter2@") + "?token=hunter2", want=errno.EPROTO)
    assert "hunter2" not in said
    assert fake.host in said


def test_nobody_listens(probe):
    assert "127.0.0.1:1" in probe("get", "http://127.0.0.1:1/", want=errno.EHOSTUNREACH)


def test_other_schemes_are_refused(probe):
    probe("get", "file:///etc/passwd", want=errno.EINVAL)


class Certificates:
    def __init__(self, folder):
        self.key, self.cert = folder / "key.pem", folder / "cert.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=fake",
                        "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", self.key, "-out", self.cert],
                       check=True, capture_output=True)
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.cert, self.key)


@pytest.fixture
def tls(tmp_path):
    return Certificates(tmp_path)


def test_an_own_authority_is_trusted(probe, tls):
    with FakeRegistry(tls=tls.context) as r:
        r.add_image("x", "1", [b"layer"])
        said = probe("pull", r.host + "/x:1", want=errno.EACCES)
        assert "certificate" in said and "--insecure-registry" in said
        assert probe("pull", r.host + "/x:1", PROBE_CA=str(tls.cert)).startswith(b"sha256:")
        assert probe("pull", r.host + "/x:1", PROBE_INSECURE="1").startswith(b"sha256:")


def test_tls_never_leads_to_plain_http(probe, tls, fake):
    with FakeRegistry(tls=tls.context) as r:
        r.fault("GET", "/x", Fault(redirect=blob_url(fake)))
        said = probe("get", r.url + "/x", want=errno.EACCES, PROBE_CA=str(tls.cert))
        assert "https to http" in said


def write_config(probe, **config):
    folder = probe.home / ".docker"
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))


def auth(user, password):
    return {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}


def test_pulls_from_plain_loopback(probe, fake):
    out = probe("pull", fake.host + "/x:1", fake.blob)
    line, body = out.split(b"\n", 1)
    name, kind = line.decode().split()
    assert body == DATA
    assert name == digest(fake.manifests["x", "1"][0])
    assert kind == "application/vnd.oci.image.manifest.v1+json"
    assert probe("pull", f"{fake.host}/x@{name}").startswith(name.encode())


def test_basic_authentication(probe):
    with FakeRegistry(basic=("me", "hunter2")) as r:
        r.add_image("x", "1", [b"layer"])
        assert "docker login" in probe("pull", r.host + "/x:1", want=errno.EACCES)
        write_config(probe, auths={r.host: auth("me", "hunter2")})
        assert probe("pull", r.host + "/x:1").startswith(b"sha256:")
        write_config(probe, auths={r.host: auth("me", "hunter3")})
        del r.requests[:]
        said = probe("pull", r.host + "/x:1", want=errno.EACCES)
        assert "hunter3" not in said and "who are you" in said
        # A wrong password is tried once: registries lock out who does not stop.
        assert ["Authorization" in q[2] for q in r.requests].count(True) == 1, r.requests


def test_anonymous_token(probe):
    with FakeRegistry(token=True) as r:
        r.add_image("x", "1", [b"layer"])
        assert probe("pull", r.host + "/x:1").startswith(b"sha256:")


def test_token_for_user_and_password(probe):
    with FakeRegistry(token=("me", "hunter2")) as r:
        r.add_image("x", "1", [b"layer"])
        probe("pull", r.host + "/x:1", want=errno.EACCES)
        write_config(probe, auths={r.host: auth("me", "hunter3")})
        del r.requests[:]
        probe("pull", r.host + "/x:1", want=errno.EACCES)
        assert [q[1].partition("?")[0] for q in r.requests].count("/token") == 1, r.requests
        write_config(probe, auths={"http://" + r.host + "/v2/": auth("me", "hunter2")})
        assert probe("pull", r.host + "/x:1").startswith(b"sha256:")


def test_token_for_an_identity_token(probe):
    with FakeRegistry(token=("me", "hunter2")) as r:
        r.add_image("x", "1", [b"layer"])
        write_config(probe, auths={r.host: {"identitytoken": "refresh-me"}})
        assert probe("pull", r.host + "/x:1").startswith(b"sha256:")


def helper(folder, text):
    program = folder / "docker-credential-fake"
    program.write_text("#!/bin/sh\n" + text)
    program.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


def test_credential_helper(probe, tmp_path):
    with FakeRegistry(basic=("me", "hunter2")) as r:
        r.add_image("x", "1", [b"layer"])
        write_config(probe, credHelpers={r.host: "fake"})
        path = helper(tmp_path, f'[ "$1" = get ] && [ "$(cat)" = "{r.host}" ] && '
                                'echo \'{"ServerURL":"x","Username":"me","Secret":"hunter2"}\'')
        assert probe("pull", r.host + "/x:1", PATH=path).startswith(b"sha256:")


def test_a_failing_helper_is_named_when_access_is_denied(probe, tmp_path, fake):
    with FakeRegistry(basic=("me", "hunter2")) as r:
        write_config(probe, credsStore="fake")
        said = probe("pull", r.host + "/x:1", want=errno.EACCES, PATH=helper(tmp_path, "echo no vault; exit 1"))
        assert "docker-credential-fake" in said and "no vault" in said
        said = probe("pull", r.host + "/x:1", want=errno.EACCES)
        assert "docker-credential-fake is not installed" in said
    assert probe("pull", fake.host + "/x:1").startswith(b"sha256:")


def test_token_service_must_not_leave_tls(probe, tls, fake):
    with FakeRegistry(tls=tls.context, token=("me", "hunter2")) as r:
        r.scheme = "http"
        write_config(probe, auths={r.host: auth("me", "hunter2")})
        assert "plain http" in probe("pull", r.host + "/x:1", want=errno.EACCES, PROBE_CA=str(tls.cert))


@pytest.mark.parametrize("fault, want, words", [
    (Fault(status=401), errno.EACCES, "credentials"),
    (Fault(status=403), errno.EACCES, "denies"),
    (Fault(status=404), errno.ENOENT, "no such"),
    (Fault(status=429, headers={"Retry-After": "999"}), errno.EHOSTUNREACH, "too many requests"),
    (Fault(status=500), errno.EHOSTUNREACH, "failed"),
    (Fault(truncate=10), errno.EPROTO, "cut short"),
    (Fault(stall=True), errno.ETIMEDOUT, "no progress"),
    (Fault(content_type="application/vnd.docker.distribution.manifest.v1+prettyjws"), errno.EBADMSG, "schema 1"),
])
def test_manifest_faults(probe, fake, fault, want, words):
    fake.fault("GET", "/v2/x/manifests/", fault)
    assert words in probe("pull", fake.host + "/x:1", want=want)


def test_a_wrong_digest_is_refused(probe, fake):
    right = digest(fake.manifests["x", "1"][0])
    fake.fault("GET", "/v2/x/manifests/", Fault(corrupt=True))
    assert "wrong digest" in probe("pull", f"{fake.host}/x@{right}", want=errno.EPROTO)


def test_blob_redirects_do_not_leak_the_token(probe):
    with FakeRegistry(token=True) as r, FakeRegistry() as store:
        r.add_image("x", "1", [b"layer"])
        blob = store.add_blob(DATA)
        r.fault("GET", "/v2/x/blobs/", Fault(redirect=f"{store.url}/v2/s3/blobs/{blob}?X-Amz-Signature=hunter2"))
        assert probe("pull", r.host + "/x:1", blob).endswith(DATA)
        assert all("Authorization" not in q[2] for q in store.requests)


def test_a_token_that_expires_in_the_middle(probe):
    with FakeRegistry(token=True) as r:
        r.add_image("x", "1", [b"layer"])
        blob = r.add_blob(DATA)
        r.fault("GET", "/v2/x/blobs/", Fault(truncate=100_000, times=1))
        challenge = {"WWW-Authenticate": f'Bearer realm="{r.url}/token",service="fake",error="invalid_token"'}
        r.fault("GET", "/v2/x/blobs/", Fault(status=401, headers=challenge, times=1))
        assert probe("pull", r.host + "/x:1", blob).endswith(b"+json\n" + DATA)
        assert [q[2].get("Range") for q in r.requests if "/blobs/" in q[1]] == [None, "bytes=100000-", "bytes=100000-"]


def test_a_proxy_of_the_environment_is_used(probe, fake):
    fake.fault("GET", "http://mirror.example/", Fault(status=418))
    assert probe("get", "http://mirror.example/db", http_proxy=fake.url, no_proxy="").startswith(b"418 0\n")


def test_no_engine(probe, tmp_path):
    assert "does not run" in probe("inspect", f"unix://{tmp_path}/none.sock", "x", want=errno.ENOENT)
    assert "ssh://" in probe("inspect", "ssh://host", "x", want=errno.EINVAL)


class UnixHandler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    answer = b""

    def log_message(self, *args):
        pass

    def address_string(self):
        return "unix"

    def do_GET(self):
        known = self.path == "/images/r/x:1/json"
        body = self.answer if known else b'{"message":"no such image"}'
        self.send_response(200 if known else 404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def engine_socket(tmp_path):
    import socketserver
    path = str(tmp_path / "engine.sock")
    with socketserver.ThreadingUnixStreamServer(path, UnixHandler) as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield path
        server.shutdown()


def test_engine_over_a_unix_socket(probe, engine_socket):
    UnixHandler.answer = json.dumps({"Id": "sha256:" + "a" * 64, "RootFS": {"Layers": ["sha256:" + "b" * 64]}}).encode()
    assert probe("inspect", "unix://" + engine_socket, "r/x:1") == f"sha256:{'a' * 64} 1\n".encode()
    assert "has no image 'y'" in probe("inspect", "unix://" + engine_socket, "y", want=errno.ENOENT)
    UnixHandler.answer = b'{"Id": "x", "RootFS": {"Layers": ["../../etc"]}}'
    probe("inspect", "unix://" + engine_socket, "r/x:1", want=errno.EBADMSG)
    UnixHandler.answer = b'{"Id": '
    probe("inspect", "unix://" + engine_socket, "r/x:1", want=errno.EBADMSG)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become nobody")
def test_engine_socket_of_others(probe, engine_socket, tmp_path):
    os.chmod(engine_socket, 0o600)
    for folder in [tmp_path, *tmp_path.parents]:
        if folder.stat().st_mode & 0o001 == 0 and str(folder).startswith("/tmp"):
            folder.chmod(0o711)
    said = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", probe.program, "inspect",
                           "unix://" + engine_socket, "x"], capture_output=True, text=True)
    assert said.returncode == 1
    assert said.stderr.startswith(f"{errno.EACCES} no permission for the socket")


FILE = random.Random(2).randbytes(1_000_000)


def test_fetches_a_file(probe, fake, tmp_path):
    fake.files["/db"] = FILE
    probe("fetch", fake.url + "/db", tmp_path / "db")
    assert (tmp_path / "db").read_bytes() == FILE
    assert sorted(p.name for p in tmp_path.iterdir() if p.name.startswith("db")) == ["db"]


@pytest.fixture(scope="module")
def broken_off(build_dir, tmp_path_factory):
    """A server of a file, and a folder with all that a fetch left that broke off and gave up, which takes seconds."""
    folder = tmp_path_factory.mktemp("broken")
    with FakeRegistry() as r:
        r.files["/db"] = FILE
        r.fault("GET", "/db", Fault(truncate=400_000, times=1))
        r.fault("GET", "/db", Fault(truncate=0))
        (folder / "db").write_bytes(b"old")
        probe_at(build_dir, tmp_path_factory.mktemp("broken-off") / "home")("fetch", r.url + "/db", folder / "db", want=errno.EPROTO)
        assert (folder / "db").read_bytes() == b"old"
        assert (folder / "db.part").stat().st_size == 400_000
        yield r, folder


@pytest.fixture
def broken(broken_off, tmp_path):
    """The server, all well again; tmp_path is as that folder."""
    server, folder = broken_off
    for left in folder.iterdir():
        shutil.copy2(left, tmp_path)
    server.requests.clear(), server.faults.clear()
    server.files = {"/db": FILE}
    return server


def test_fetch_goes_on_where_it_broke(probe, broken, tmp_path):
    probe("fetch", broken.url + "/db", tmp_path / "db")
    assert (tmp_path / "db").read_bytes() == FILE
    assert [r[2].get("Range") for r in broken.requests] == ["bytes=400000-"]


def test_fetch_starts_anew_when_the_file_changed(probe, broken, tmp_path):
    broken.files["/db"] = FILE[::-1]
    probe("fetch", broken.url + "/db", tmp_path / "db")
    assert (tmp_path / "db").read_bytes() == FILE[::-1]
    assert broken.requests[0][2].get("Range") == "bytes=400000-"


def test_fetch_does_not_mix_two_files(probe, fake, tmp_path):
    fake.files["/db"] = FILE
    fake.fault("GET", "/db", Fault(truncate=400_000, times=1))
    fake.fault("GET", "/db", Fault(status=302, headers={"Location": "/other"}, times=1))
    fake.files["/other"] = FILE[::-1]
    probe("fetch", fake.url + "/db", tmp_path / "db")
    assert (tmp_path / "db").read_bytes() == FILE


def test_a_body_that_changes_is_refused(probe, fake):
    fake.files["/a"], fake.files["/b"] = FILE, FILE[::-1]
    fake.fault("GET", "/a", Fault(truncate=400_000, times=1))
    fake.fault("GET", "/a", Fault(redirect="/b"))
    assert "changed meanwhile" in probe("get", fake.url + "/a", want=errno.EPROTO)


def test_fetch_of_another_url_does_not_go_on(probe, broken, tmp_path):
    broken.files["/other"] = FILE
    probe("fetch", broken.url + "/other", tmp_path / "db")
    assert broken.requests[0][2].get("Range") is None


def test_fetch_with_a_part_that_is_whole(probe, broken, tmp_path):
    (tmp_path / "db.part").write_bytes(FILE)
    probe("fetch", broken.url + "/db", tmp_path / "db")
    assert (tmp_path / "db").read_bytes() == FILE


@pytest.mark.parametrize("form", ["file://{}", "file:{}"])
def test_fetch_copies_a_local_file(probe, tmp_path, form):
    (tmp_path / "from").write_bytes(FILE)
    probe("fetch", form.format(tmp_path / "from"), tmp_path / "db")
    assert (tmp_path / "db").read_bytes() == FILE
    probe("fetch", form.format(tmp_path / "none"), tmp_path / "db", want=errno.ENOENT)


def add_artifact(fake, data):
    layer = {"mediaType": "application/octet-stream", "digest": fake.add_blob(data), "size": len(data)}
    fake.add_manifest("db", "1", {"schemaVersion": 2, "config": {}, "layers": [layer]},
                      "application/vnd.oci.image.manifest.v1+json")


def test_fetch_of_an_artifact(probe, fake, tmp_path):
    add_artifact(fake, FILE)
    probe("fetch", f"oci:{fake.host}/db:1", tmp_path / "db")
    assert (tmp_path / "db").read_bytes() == FILE
    fake.fault("GET", "/v2/db/blobs/", Fault(corrupt=True))
    said = probe("fetch", f"oci://{fake.host}/db:1", tmp_path / "db", want=errno.EPROTO)
    assert "wrong digest" in said
    assert (tmp_path / "db").read_bytes() == FILE


def test_fetch_refuses_plain_http_to_others(probe, tmp_path):
    said = probe("fetch", "http://mirror.example/db", tmp_path / "db", want=errno.EACCES)
    assert "--insecure" in said
    probe("fetch", "ftp://mirror.example/db", tmp_path / "db", want=errno.EINVAL)


def test_fetch_is_bounded(probe, fake, tmp_path):
    fake.files["/db"] = bytes(33 << 20)
    probe("fetch", fake.url + "/db", tmp_path / "db", want=errno.E2BIG)


@pytest.mark.parametrize("status, want", [(404, errno.ENOENT), (403, errno.EACCES)])
def test_fetch_keeps_the_old_file(probe, fake, tmp_path, status, want):
    fake.fault("GET", "/db", Fault(status=status))
    (tmp_path / "db").write_bytes(b"old")
    assert str(status) in probe("fetch", fake.url + "/db", tmp_path / "db", want=want)
    assert (tmp_path / "db").read_bytes() == b"old"
