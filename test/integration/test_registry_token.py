"""Debian's docker-registry that believes a token service alone: what the service signs opens what it says, and nobody but the service sees the password."""
import base64
import http.server
import json
import subprocess
import threading
import time
import urllib.parse

import pytest

from consoles import Console
from services import Certificates, Image, Registry, docker_config
from test_registries import add, finished, get, run, tags

USER, PASSWORD, LIFE_S = "robot", "token-hunter2", 300


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class TokenService:
    """As distribution's specification says: Basic sign-in, JSON Web Tokens signed by a key whose certificate the registry trusts. Its user may
    list the catalogue and pull what lies below `team/`."""

    def __init__(self, folder):
        self.certificates = Certificates(folder)
        self.asked, service = [], self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *args):
                pass

            def do_GET(self):
                query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
                known = self.headers.get("Authorization") == "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
                service.asked.append((known, query.get("scope", [])))
                body = json.dumps({"token": service.sign(query), "expires_in": LIFE_S} if known else {"errors": [{"code": "UNAUTHORIZED"}]}).encode()
                self.send_response(200 if known else 401)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/token"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def granted(self, scope):
        kind, name, actions = scope.split(":")
        if (kind, name) == ("registry", "catalog"):
            return {"type": kind, "name": name, "actions": ["*"]}
        return {"type": kind, "name": name, "actions": [a for a in actions.split(",") if a == "pull" and name.startswith("team/")]}

    def sign(self, query):
        now = int(time.time())
        chain = base64.b64encode(subprocess.run(["openssl", "x509", "-in", self.certificates.cert, "-outform", "DER"], check=True,
                                                capture_output=True).stdout).decode()
        claims = {"iss": "tokens", "sub": USER, "aud": query["service"][0], "iat": now, "nbf": now - 5, "exp": now + LIFE_S, "jti": str(time.time_ns()),
                  "access": [self.granted(s) for each in query.get("scope", []) for s in each.split()]}
        text = b64(json.dumps({"typ": "JWT", "alg": "RS256", "x5c": [chain]}).encode()) + "." + b64(json.dumps(claims).encode())
        signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", self.certificates.key], input=text.encode(), check=True,
                                   capture_output=True).stdout
        return text + "." + b64(signature)


class TokenRegistry(Registry):
    """Another's content, and a door that only tokens open."""

    def __init__(self, folder, content, service):
        super().__init__(folder)
        config = json.loads((folder / "config.yml").read_text())
        config["storage"]["filesystem"]["rootdirectory"] = str(content / "data")
        config["auth"] = {"token": {"realm": service.url, "service": "hub", "issuer": "tokens", "rootcertbundle": str(service.certificates.ca)}}
        (folder / "config.yml").write_text(json.dumps(config))

    def __enter__(self):
        self.process.__enter__()
        self.process.wait_for(lambda: self.request("GET", "/v2/")[0] == 401)
        return self


@pytest.fixture(scope="module")
def hub(tmp_path_factory, shared):
    folder = tmp_path_factory.mktemp("hub")
    small = Image.from_rootfs(shared / "rootfs" / "alpine-minirootfs-3.9.6-x86_64.tar.gz", "amd64")
    with Registry(folder / "content") as plain:
        for name in ("team/app", "team/tool", "secret/app"):
            plain.push_image(name, "1", small)
    (folder / "service").mkdir()
    service = TokenService(folder / "service")
    with TokenRegistry(folder / "door", folder / "content", service) as r:
        r.service = service
        yield r
    service.server.shutdown()


@pytest.fixture
def console(tmp_path):
    with Console(tmp_path) as c:
        yield c


def test_the_console_signs_in_with_a_token_service(console, hub):
    admin, before = console.admin(), len(hub.service.asked)
    number = add(admin, hub.host, user=USER, password="wrong")
    p = finished(admin, number)
    assert p["progress"]["trouble"] == "denied" and "wrong" not in p["progress"]["detail"], p
    assert hub.service.asked[before:] == [(False, [])], "a wrong password is tried once"
    a = admin.ask("PUT", f"/api/v1/registries/{number}",
                  {"name": "hub", "kind": "docker-registry", "address": hub.host, "interval": 0, "user": USER, "password": PASSWORD})
    assert a.status == 200, a
    p = finished(admin, number, p["progress"]["ended"])
    # The catalogue tells of what the user may not pull: that is said, and the others are there.
    assert p["progress"]["trouble"] == "partly" and p["progress"]["scanned"] == 1, p
    assert set(tags(admin, number)) == {"team/app:1", "team/tool:1"}
    asked = {s for known, scopes in hub.service.asked if known for s in scopes}
    assert {"registry:catalog:*", "repository:team/app:pull", "repository:team/tool:pull"} <= asked, asked
    assert PASSWORD not in (hub.process.log.read_text() + console.said() + json.dumps(get(admin, number)))
    # Nothing is kept from run to run.
    before = len(hub.service.asked)
    p = run(admin, number)
    assert p["progress"]["trouble"] == "partly" and len(hub.service.asked) > before, p


def test_the_command_line_does_as_well(skep, hub, tmp_path):
    config = docker_config(tmp_path / "docker", hub.host, USER, PASSWORD)
    target = f"registry:{hub.host}/team/app:1"
    env = {**skep.env, "DOCKER_CONFIG": str(config)}
    said = subprocess.run([skep.binary, "sbom", "--no-cache", target], env=env, capture_output=True, text=True)
    assert said.returncode == 0 and '"musl"' in said.stdout, said.stderr
    other = subprocess.run([skep.binary, "sbom", f"registry:{hub.host}/secret/app:1"], env=env, capture_output=True, text=True)
    assert other.returncode == 4 and PASSWORD not in other.stderr, other
    nobody = subprocess.run([skep.binary, "sbom", target], env={**skep.env, "DOCKER_CONFIG": str(tmp_path)}, capture_output=True, text=True)
    assert nobody.returncode == 4, nobody
