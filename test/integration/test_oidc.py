"""Signing in at an identity provider, played over loopback: the code flow with PKCE, and every way a token can be wrong."""
import base64
import hashlib
import hmac
import http.server
import json
import subprocess
import threading
import time
import urllib.parse
import urllib.request

import pytest

from conftest import BUILD

crypto = pytest.importorskip("cryptography.hazmat.primitives", reason="python3-cryptography is not installed")
from cryptography.hazmat.primitives import hashes  # noqa: E402
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa  # noqa: E402
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature  # noqa: E402

CALLBACK = "https://console.example/api/v1/session/oidc/callback"


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(n, size=None):
    return b64(n.to_bytes(size or (n.bit_length() + 7) // 8, "big"))


class Key:
    def __init__(self, kind, kid):
        self.kind, self.kid = kind, kid
        self.private = rsa.generate_private_key(65537, 2048) if kind == "RS256" else ec.generate_private_key(ec.SECP256R1())
        public = self.private.public_key().public_numbers()
        self.jwk = ({"kty": "RSA", "n": number(public.n), "e": number(public.e)} if kind == "RS256"
                    else {"kty": "EC", "crv": "P-256", "x": number(public.x, 32), "y": number(public.y, 32)})
        self.jwk.update(kid=kid, use="sig", alg=kind)

    def sign(self, data):
        if self.kind == "RS256":
            return self.private.sign(data, padding.PKCS1v15(), hashes.SHA256())
        r, s = decode_dss_signature(self.private.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


KEYS = {kind: Key(kind, f"key-{kind}") for kind in ("RS256", "ES256")}
STRANGER = Key("RS256", "key-RS256")


class Provider:
    """What a browser would do there is done by authorize(); `claims`, `header` and `sign` change what the token says."""

    def __init__(self):
        provider = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def log_message(self, *args):
                pass

            def answer(self, value, status=200):
                body = json.dumps(value).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                if self.path == "/realm/.well-known/openid-configuration":
                    self.answer({"issuer": provider.said_issuer, "authorization_endpoint": provider.issuer + "/auth",
                                 "token_endpoint": provider.issuer + "/token", "jwks_uri": provider.issuer + "/keys",
                                 **provider.discovery})
                elif self.path == "/realm/keys":
                    self.answer({"keys": [{"kty": "oct", "kid": "x", "k": "AAAA"}, *(k.jwk for k in KEYS.values())]})
                else:
                    self.answer({}, 404)

            def do_POST(self):
                form = dict(urllib.parse.parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
                self.answer(*provider.token(form, self.headers.get("Authorization", "")))

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = self.said_issuer = f"http://127.0.0.1:{self.server.server_address[1]}/realm"
        self.codes, self.discovery, self.claims, self.header = {}, {}, {}, {}
        self.key = KEYS["RS256"]
        self.sign = lambda data: self.key.sign(data)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def authorize(self, url):
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))
        assert url.startswith(self.issuer + "/auth?")
        assert query["response_type"] == "code" and query["client_id"] == "skep" and query["redirect_uri"] == CALLBACK
        assert query["code_challenge_method"] == "S256" and "openid" in query["scope"].split()
        code = f"code{len(self.codes)}"
        self.codes[code] = query
        return code, query["state"]

    def token(self, form, authorization):
        asked = self.codes.pop(form.get("code"), None)
        if (not asked or form["redirect_uri"] != CALLBACK or form["grant_type"] != "authorization_code"
                or b64(hashlib.sha256(form["code_verifier"].encode()).digest()) != asked["code_challenge"]):
            return {"error": "invalid_grant"}, 400
        if authorization != "Basic " + base64.b64encode(b"skep:client%20secret").decode():
            return {"error": "invalid_client"}, 401
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": "skep", "sub": "u-1", "iat": now, "exp": now + 300, "nonce": asked["nonce"],
                  "preferred_username": "Alice", "name": "Alice Liddell", "groups": ["seclab"], **self.claims}
        header = {"alg": self.key.kind, "kid": self.key.kid, **self.header}
        covered = b64(json.dumps(header).encode()) + "." + b64(json.dumps({k: v for k, v in claims.items() if v is not None}).encode())
        return {"access_token": "x", "token_type": "Bearer", "id_token": covered + "." + b64(self.sign(covered.encode()))}, 200


@pytest.fixture
def provider():
    p = Provider()
    yield p
    p.server.shutdown()
    p.server.server_close()


class Access:
    def __init__(self, folder, provider, **settings):
        (folder / "secret").write_text("client secret\n")
        (folder / "store").mkdir()
        self.folder = folder
        (folder / "sign-in.yaml").write_text(json.dumps(
            {"oidc": {"issuer": provider.issuer, "clientId": "skep", "clientSecretFile": str(folder / "secret"), "redirect": CALLBACK,
                      "timeout": 5, **settings}, "roles": {"developer": ["seclab"]}}))

    def probe(self, *args):
        p = subprocess.run([BUILD / "test/integration/access_probe", self.folder / "store", self.folder / "sign-in.yaml", *args],
                           capture_output=True, text=True, timeout=60, check=True)
        assert "client secret" not in p.stdout + p.stderr
        return json.loads(p.stdout)


@pytest.fixture
def access(tmp_path, provider):
    return Access(tmp_path, provider)


def whole(access, provider):
    begun = access.probe("begin")
    return access.probe("end", begun["secret"], *provider.authorize(begun["url"]))


@pytest.mark.parametrize("kind", KEYS)
def test_a_member_of_a_group_signs_in(access, provider, kind):
    provider.key = KEYS[kind]
    said = whole(access, provider)
    assert said.get("error") is None, said
    assert said["name"] == "alice" and said["source"] == "oidc" and said["subject"] == f"{provider.issuer} u-1"
    assert "images.read" in said["permissions"] and "users.write" not in said["permissions"]
    provider.claims = {"preferred_username": "alice.renamed"}
    assert whole(access, provider)["name"] == "alice"


def none_at_all(provider):
    provider.header, provider.sign = {"alg": "none"}, lambda data: b""


def by_the_public_key(provider):
    """The old trick: a MAC whose key is the provider's public one."""
    provider.header = {"alg": "HS256"}
    provider.sign = lambda data: hmac.digest(KEYS["RS256"].jwk["n"].encode(), data, "sha256")


WRONG = {
    "another issuer": lambda p: p.claims.update(iss="https://evil.example"),
    "another audience": lambda p: p.claims.update(aud="other"),
    "several audiences and no party": lambda p: p.claims.update(aud=["skep", "other"]),
    "another party": lambda p: p.claims.update(aud=["skep", "other"], azp="other"),
    "expired": lambda p: p.claims.update(exp=int(time.time()) - 3600),
    "no expiry": lambda p: p.claims.update(exp=None),
    "issued in the future": lambda p: p.claims.update(iat=int(time.time()) + 3600),
    "another nonce": lambda p: p.claims.update(nonce="x"),
    "no nonce": lambda p: p.claims.update(nonce=None),
    "nobody": lambda p: p.claims.update(sub=None),
    "no signature": none_at_all,
    "a MAC": by_the_public_key,
    "another key": lambda p: setattr(p, "sign", STRANGER.sign),
    "another key's name": lambda p: p.header.update(kid="key-ES256"),
    "an unknown extension": lambda p: p.header.update(crit=["b64"]),
    "a signature of other bytes": lambda p: setattr(p, "sign", lambda data: p.key.sign(data + b".")),
    "no role": lambda p: p.claims.update(groups=["others"]),
    "groups that are none": lambda p: p.claims.update(groups="seclab"),
    "a name that is none": lambda p: p.claims.update(preferred_username="a'; DROP TABLE users; --"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_token_that_is_wrong_lets_nobody_in(access, provider, what):
    WRONG[what](provider)
    said = whole(access, provider)
    assert said["error"] == "EACCES", said


def test_a_sign_in_is_finished_by_who_began_it_and_once(access, provider):
    mine, other = access.probe("begin"), access.probe("begin")
    code, state = provider.authorize(mine["url"])
    assert access.probe("end", other["secret"], code, state)["error"] == "EACCES"
    assert access.probe("end", mine["secret"], code, state[:-1])["error"] == "EACCES"
    assert access.probe("end", "", code, "")["error"] == "EACCES"
    assert access.probe("end", mine["secret"], code, state).get("error") is None
    assert access.probe("end", mine["secret"], code, state)["error"] == "EPROTO"  # the provider takes a code once
    # A code of another sign-in does not fit this one's verifier.
    theirs, _ = provider.authorize(other["url"])
    assert access.probe("end", mine["secret"], theirs, state)["error"] == "EPROTO"


def test_a_provider_that_is_another_or_broken_is_refused(tmp_path, provider):
    access = Access(tmp_path, provider)
    provider.said_issuer = provider.issuer + "/"
    assert access.probe("begin")["error"] == "EPROTO"
    provider.said_issuer = provider.issuer
    provider.discovery = {"token_endpoint": "http://198.51.100.1/token"}
    begun = access.probe("begin")
    assert access.probe("end", begun["secret"], *provider.authorize(begun["url"]))["error"] == "EPROTO"
    provider.discovery = {"authorization_endpoint": "javascript:alert(1)"}
    assert access.probe("begin")["error"] == "EPROTO"
    provider.discovery = {"jwks_uri": None}
    assert access.probe("begin")["error"] == "EPROTO"


def test_a_local_name_is_not_taken_over(access, provider):
    assert access.probe("name", "nobody", "x" * 8)["error"] == "EACCES"
    provider.claims = {"sub": "u-1", "preferred_username": "carol"}
    assert whole(access, provider)["name"] == "carol"
    provider.claims = {"sub": "u-2", "preferred_username": "carol"}
    assert whole(access, provider)["error"] == "EACCES"


class Stay(urllib.request.HTTPRedirectHandler):
    """A browser that tells where it is sent and does not go."""

    def redirect_request(self, *args, **kw):
        return None


def stays(client):
    kept = (urllib.request.HTTPSHandler, urllib.request.HTTPCookieProcessor)
    client.opener = urllib.request.build_opener(Stay(), *(h for h in client.opener.handlers if isinstance(h, kept)))
    return client


def test_a_running_console_sends_there_and_takes_back(tmp_path, provider):
    from consoles import Console

    settings = tmp_path / "settings"
    settings.mkdir()
    Access(settings, provider)
    with Console(tmp_path, "--sign-in", settings / "sign-in.yaml") as console:
        browser = stays(console.client())
        assert browser.get("/api/v1/session/ways").json() == {"password": True, "ldap": False, "oidc": True}
        sent = browser.get("/api/v1/session/oidc")
        assert sent.status == 302 and "SameSite=Lax" in sent.headers["Set-Cookie"] and "HttpOnly" in sent.headers["Set-Cookie"]
        code, state = provider.authorize(sent.headers["Location"])
        query = urllib.parse.urlencode({"code": code, "state": state, "session_state": "x", "iss": provider.issuer})

        # Somebody else's browser cannot finish it.
        assert stays(console.client()).get(f"/api/v1/session/oidc/callback?{query}").status == 403
        back = browser.get(f"/api/v1/session/oidc/callback?{query}")
        assert back.status == 302 and back.headers["Location"] == "/", back
        session = browser.get("/api/v1/session").json()
        assert session["user"]["name"] == "alice" and session["user"]["source"] == "oidc" and session["user"]["roles"] == ["developer"]
        assert browser.get(f"/api/v1/session/oidc/callback?{query}").status == 403
        assert browser.get("/api/v1/session/oidc/callback?error=access_denied").status == 403
        log = console.admin().get("/api/v1/audit?action=GET%20/api/v1/session/oidc").json()["items"]
        assert {"done", "forbidden"} == {e["result"] for e in log} and "alice" in {e["user"] for e in log}
