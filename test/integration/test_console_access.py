"""Signing in at a running console: cookies, lock-out, sessions over restarts, duties, and that no secret is anywhere."""
import base64
import hmac
import json
import os
import re
import signal
import struct
import time

import pytest

from consoles import Console


@pytest.fixture(scope="module")
def console(tmp_path_factory):
    with Console(tmp_path_factory.mktemp("access")) as c:
        yield c


def one_time_code(secret, when=None):
    """RFC 6238, by itself."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    mac = hmac.digest(key, struct.pack(">Q", int(when or time.time()) // 30), "sha1")
    at = mac[-1] & 15
    return f"{(struct.unpack('>I', mac[at:at + 4])[0] & 0x7fffffff) % 10**6:06}"


def cookie_of(client):
    return next(c for h in client.opener.handlers if hasattr(h, "cookiejar") for c in h.cookiejar)


def test_the_cookie_is_kept_from_scripts_and_other_sites(console):
    a = console.admin()
    assert a.get("/api/v1/session").json()["user"]["name"] == "admin"
    said = console.client().ask("POST", "/api/v1/session", {"name": "admin", "password": console.PASSWORD}).headers["Set-Cookie"]
    assert re.fullmatch(r"__Host-skep=[\w-]{43}; Path=/; Secure; HttpOnly; SameSite=Strict", said)
    a.csrf = "x" * 43
    assert a.ask("DELETE", "/api/v1/session").status == 403
    assert a.get("/api/v1/session").status == 200


def test_wrong_passwords_make_wait(console):
    made = console.admin().ask("POST", "/api/v1/users", {"name": "snail", "password": "Slow-kettle-42", "roles": []})
    assert made.status == 201, made
    c = console.client()
    # Where hashing takes longer than the first waits are, these are over before they are told.
    answers = []
    while not answers or (answers[-1].status == 401 and len(answers) < 12):
        answers.append(c.ask("POST", "/api/v1/session", {"name": "snail", "password": f"Wrong-{len(answers)}"}))
    assert len(answers) > 5 and answers[-1].status == 429, answers
    assert int(answers[-1].headers["Retry-After"]) >= 1 and answers[-1].json()["code"] == "too-many-requests"
    # The right one neither, while it lasts.
    assert c.ask("POST", "/api/v1/session", {"name": "snail", "password": "Slow-kettle-42"}).status in (429, 200)


def test_sessions_outlive_a_kill(tmp_path):
    with Console(tmp_path) as c:
        a = c.admin()
        c.end(signal.SIGKILL)
        c.args[c.args.index("--listen") + 1] = f"127.0.0.1:{c.port}"
        c.start()
        assert a.get("/api/v1/session").json()["user"]["name"] == "admin"
        assert "first sign-in" not in c.said()
        assert a.ask("DELETE", "/api/v1/session").status == 204
        assert a.get("/api/v1/session").status == 401


def test_a_second_factor(console):
    a = console.admin()
    a.ask("POST", "/api/v1/users", {"name": "dual", "password": "Two-kettles-42", "roles": []})
    c = console.client().sign_in("dual", "Two-kettles-42", new="Three-kettles-43")
    begun = c.ask("POST", "/api/v1/session/totp").json()
    assert begun["uri"].startswith("otpauth://totp/Skep:dual?secret=" + begun["secret"])
    assert c.ask("POST", "/api/v1/session/totp/confirm", {"code": "000000"}).status in (403, 200)
    codes = c.ask("POST", "/api/v1/session/totp/confirm", {"code": one_time_code(begun["secret"])}).json()["recoveryCodes"]
    assert len(set(codes)) == 10
    d = console.client()
    wanted = d.ask("POST", "/api/v1/session", {"name": "dual", "password": "Three-kettles-43"})
    assert wanted.status == 401 and wanted.json()["code"] == "totp-required"
    assert d.ask("POST", "/api/v1/session", {"name": "dual", "password": "Three-kettles-43", "code": codes[0].lower()}).status == 200
    assert d.ask("POST", "/api/v1/session", {"name": "dual", "password": "Three-kettles-43", "code": codes[0]}).status == 401


def test_three_duties(tmp_path):
    with Console(tmp_path, "--separate-duties") as c:
        first = dict(re.findall(r"first sign-in: (\S+)  password: (\S+)", c.said()))
        assert set(first) == {"sysadmin", "secadmin", "auditor"}
        hands = {name: c.client().sign_in(name, password, new="Blue-kettle-42") for name, password in first.items()}
        held = {name: set(h.get("/api/v1/session").json()["permissions"]) for name, h in hands.items()}
        writes = {name: {p for p in held[name] if not p.endswith(".read")} | ({"audit.read"} & held[name]) for name in held}
        assert all(writes.values())
        assert not (writes["sysadmin"] & writes["secadmin"] | writes["secadmin"] & writes["auditor"] | writes["sysadmin"] & writes["auditor"])
        made = hands["sysadmin"].ask("POST", "/api/v1/users", {"name": "new", "roles": []})
        assert made.status == 201
        user = "/api/v1/users/" + made.json()["user"]["id"]
        assert hands["sysadmin"].ask("PATCH", user, {"roles": ["auditor"]}).status == 403
        assert hands["secadmin"].ask("PATCH", user, {"roles": ["auditor", "system-administrator"]}).status == 403
        assert hands["secadmin"].ask("PATCH", user, {"roles": ["auditor"]}).status == 200
        assert hands["auditor"].get("/api/v1/audit").status == 200 and hands["sysadmin"].get("/api/v1/audit").status == 403
        # One security administrator alone is told of, once a start, and keeps their password until there is a second one.
        assert c.said().count("only one user can give roles") == 1, c.said()
        secadmin = "/api/v1/users/" + hands["secadmin"].get("/api/v1/session").json()["user"]["id"]
        last = hands["sysadmin"].ask("PATCH", secadmin, {"password": "Grey-kettle-42"})
        assert last.status == 409 and "another user must be given that role first" in last.json()["detail"], last
        assert hands["secadmin"].ask("PATCH", user, {"roles": ["security-administrator"]}).status == 200
        assert hands["sysadmin"].ask("PATCH", secadmin, {"password": "Grey-kettle-42"}).json()["roles"] == []


def test_no_secret_is_in_the_store_the_log_or_the_audit_log(tmp_path, skep):
    with Console(tmp_path) as c:
        pass_first = re.search(r"password: (\S+)", c.said())[1]
        a = c.admin()
        secrets = {"first password": pass_first, "password": c.PASSWORD, "cookie": cookie_of(a).value, "csrf": a.csrf}
        token = a.ask("POST", "/api/v1/tokens", {"name": "ci", "permissions": ["audit.read"]}).json()
        secrets["token"] = token["secret"]
        secrets["made-up password"] = a.ask("POST", "/api/v1/users", {"name": "eve", "roles": []}).json()["password"]
        c.client().ask("POST", "/api/v1/session", {"name": "Typed-by-mistake-1", "password": "Wrong-password-2"})
        secrets |= {"typed for a name": "ped-by-mistake-1", "wrong password": "Wrong-password-2"}
        begun = a.ask("POST", "/api/v1/session/totp").json()
        codes = a.ask("POST", "/api/v1/session/totp/confirm", {"code": one_time_code(begun["secret"])}).json()["recoveryCodes"]
        secrets |= {"second factor": begun["secret"], "recovery code": codes[4]}
        exported = c.client().get("/api/v1/audit/export", headers={"Authorization": f"Bearer {token['secret']}"})
        assert exported.status == 200
        c.end()

        shown = c.out.read_bytes().replace(pass_first.encode(), b"", 1)
        places = {"export": exported.body, "stdout": shown}
        for folder, _, files in os.walk(tmp_path):
            for name in files:
                path = os.path.join(folder, name)
                if path != str(c.out):
                    with open(path, "rb") as f:
                        places[path] = f.read()
        assert any(p.endswith("skep.db") for p in places)
        told = {what: secret.encode() for what, secret in secrets.items()} | {"second factor, bytes": base64.b32decode(begun["secret"])}
        found = [(what, where) for what, secret in told.items() for where, data in places.items() if secret in data]
        assert not found

        # And the log that was exported holds, by the console's own key.
        (tmp_path / "audit.ndjson").write_bytes(exported.body)
        said = skep.run("audit", "verify", "--json", "--key", c.state / "audit.key.pub", tmp_path / "audit.ndjson", check=0)
        report = json.loads(said.out)
        assert report["sound"] and report["signed"] and report["rows"] >= 6
        text = exported.body.decode().replace('"name":"eve"', '"name":"eva"')
        (tmp_path / "audit.ndjson").write_text(text)
        assert json.loads(skep.run("audit", "verify", "--json", tmp_path / "audit.ndjson", check=1).out)["faults"][0]["kind"] == "changed"
        assert oct(os.stat(c.state / "secret.key").st_mode & 0o777) == "0o600"
