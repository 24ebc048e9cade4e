"""Attackers with an account: what they may not see is in no answer, and what they lost ends at once."""
import json
import re
import socket
import time
import urllib.parse

import pytest

from consoles import Console, any_certificate
from fleet import change
from openapi import PATH, Document
from pretended_agent import PretendedAgent, alert

MARK = "zzhidden"
PASSWORDS = ("First-horse-7-battery", "Second-horse-8-battery")


@pytest.fixture(scope="module")
def console(new_database, tmp_path_factory):
    with Console(tmp_path_factory.mktemp("trespass"), database=new_database()) as c:
        yield c


@pytest.fixture(scope="module")
def admin(console):
    return console.admin()


def container_id(n):
    return f"{n:064x}"


def digest(n):
    return f"sha256:{n:064x}"


@pytest.fixture(scope="module")
def told(console, admin, tmp_path_factory):
    """One host with two tenants; every name of the second holds MARK."""
    token = admin.ask("POST", "/api/v1/agents/tokens", {"labels": {"cluster": "one"}}).json()["token"]
    agent = PretendedAgent(console, tmp_path_factory.mktemp("agent"), token)
    began, at = time.time() - 600, "2026-11-21T18:00:00Z"
    records = [("host", {"id": "host", "time": at, "name": "node-1", "machineId": "m", "kernel": "6.1", "os": "Debian", "osVersion": "12",
                         "cpus": 2, "memoryBytes": 1 << 30, "agentVersion": "0.1.0"})]
    for n, (namespace, name) in enumerate((("dev", "open"), (MARK + "-ns", MARK)), 1):
        image = f"registry.example/{name}:1"
        records += [
            ("image", {"id": digest(n), "time": at, "references": [image], "bytes": 1000}),
            ("pod", {"id": f"uid-{name}", "name": f"{name}-pod", "podName": f"{name}-pod", "podNamespace": namespace}),
            ("container", {"id": container_id(n), "runtime": "containerd", "name": name, "image": image, "imageId": digest(n), "state": "running",
                           "podNamespace": namespace, "podName": f"{name}-pod", "podUid": f"uid-{name}", "metadataKnown": True, "caps": 0,
                           "labels": {"app": name}}),
            ("process", {"id": f"{n}/1", "pid": n, "name": name + "d", "exe": f"/usr/sbin/{name}", "container": container_id(n)}),
            ("port", {"id": f"tcp/0.0.0.0:{80 + n}/1", "protocol": "tcp", "address": "0.0.0.0", "port": 80 + n, "pid": n,
                      "exe": f"/usr/sbin/{name}", "container": container_id(n)}),
            ("volume", {"id": f"vol-{name}", "name": f"vol-{name}", "containers": [container_id(n)]}),
            ("network", {"id": f"net-{name}", "name": f"net-{name}", "containers": [container_id(n)]})]
    agent.tell(records)
    for n, (namespace, name) in enumerate((("dev", "open"), (MARK + "-ns", MARK)), 1):
        where = {"container": {"runtime": "containerd", "id": container_id(n), "name": name, "image": f"registry.example/{name}:1",
                               "imageId": digest(n), "podNamespace": namespace, "podName": f"{name}-pod", "metadataKnown": True}}
        agent.tell([("alert", {**alert(began + i, rule=f"{name} rule {i % 2}", message=f"{name} did it", tags=[name], fields={"proc.name": name},
                                       lineage=[{"pid": n, "startNs": 1, "name": name, "cmdline": name}]), **where}) for i in range(20)])
    return agent


@pytest.fixture(scope="module")
def developer(console, admin, told):
    """Whoever may read everything, of the first tenant alone."""
    reads = [p["name"] for p in admin.get("/api/v1/permissions").json()["items"] if p["name"].endswith(".read")
             and p["name"] not in ("audit.read",)] + ["alerts.triage"]
    role = admin.ask("POST", "/api/v1/roles", {"name": "dev-only", "scope": ["namespace=dev"], "permissions": reads})
    assert role.status == 201, role
    return somebody(console, admin, "dora", ["dev-only"])


def somebody(console, admin, name, roles):
    made = admin.ask("POST", "/api/v1/users", {"name": name, "password": PASSWORDS[0], "roles": roles})
    assert made.status == 201, made
    return console.client().sign_in(name, PASSWORDS[0], new=PASSWORDS[1])


def every_page(client, path):
    """All items of a list, by its cursors; the text of all answers."""
    text, cursor = "", ""
    for _ in range(100):
        a = client.get(path + ("&" if "?" in path else "?") + "limit=3" + (f"&cursor={urllib.parse.quote(cursor)}" if cursor else ""))
        text += a.body.decode()
        if a.status != 200 or not isinstance(a.json(), dict) or not a.json().get("next"):
            return text
        cursor = a.json()["next"]
    return text


def ids_of(client, path):
    return [i.get("id") or i.get("digest") for i in client.get(path).json()["items"]]


QUERIES = ["", "q=" + MARK, "q=%22" + MARK + "%22", "state=all", "presence=all", "group=namespace", "by=namespace", "by=image",
           "q=" + urllib.parse.quote(f"container.name contains {MARK}"), "q=" + urllib.parse.quote(f"not (asset.name = {MARK})"),
           "image=" + urllib.parse.quote(digest(2)), "root=" + urllib.parse.quote("container:" + container_id(2)),
           "other=" + urllib.parse.quote(digest(2)), "with=" + urllib.parse.quote(digest(2)), "namespace=" + MARK + "-ns", "sort=-name"]


def test_a_neighbour_is_in_no_answer(console, admin, told, developer):
    """Every route that reads, with every name of the neighbour's things, by every cursor."""
    document = Document(PATH.read_text())
    theirs = {"alerts": ids_of(admin, "/api/v1/alerts?limit=1000"), "assets": ids_of(admin, "/api/v1/assets?limit=1000&state=all"),
              "images": ids_of(admin, "/api/v1/images?limit=1000")}
    mine = {k: set(ids_of(developer, f"/api/v1/{k}?limit=1000")) for k in theirs}
    hidden = {k: [i for i in v if i not in mine[k]] for k, v in theirs.items()}
    assert len(mine["alerts"]) == 20 and len(hidden["alerts"]) == 20 and len(hidden["assets"]) >= 5 and len(hidden["images"]) == 1, (mine, hidden)
    assert any(MARK in admin.get(f"/api/v1/alerts/{i}").body.decode() for i in hidden["alerts"])
    seen, asked = [], 0
    for method, path, operation in document.operations():
        if method != "GET" or path.endswith(("/oidc", "/callback", "/openapi.json")):
            continue
        kind = next((k for k in hidden if path.startswith(f"/api/v1/{k}/{{")), None)
        urls = [re.sub(r"\{\w+\}", urllib.parse.quote(i, safe=""), path) for i in hidden[kind][:12]] if kind else [path]
        if kind == "images":  # a diff with one's own, and the other way round
            urls += [re.sub(r"\{\w+\}", urllib.parse.quote(digest(1), safe=""), path)]
        names = {p["name"] for p in operation.get("parameters", []) if p["in"] == "query"}
        for url in urls:
            if "{" in url:
                url = re.sub(r"\{\w+\}", "1", url)
            for q in QUERIES:
                if q and q.split("=")[0] not in names:
                    continue
                text = every_page(developer, url + ("?" + q if q else ""))
                asked += 1
                # what was asked may be said again
                if MARK in text.replace(urllib.parse.unquote(q.partition("=")[2]) or "\0", "").replace(url, ""):
                    seen.append((url, q, text[max(0, text.index(MARK) - 200):][:400]))
    assert asked > 60 and not seen, seen[:5]


def test_a_neighbour_is_not_touched(console, admin, told, developer):
    alerts = [i for i in ids_of(admin, "/api/v1/alerts?limit=1000") if developer.get(f"/api/v1/alerts/{i}").status == 404]
    assert len(alerts) == 20
    assert developer.ask("POST", "/api/v1/alerts/triage", {"ids": alerts, "state": "resolved"}).json() == {"changed": 0, "more": False}
    assert all(developer.ask("PATCH", f"/api/v1/alerts/{i}", {"state": "resolved"}).status == 404 for i in alerts[:3])
    assert {i["state"] for i in admin.get("/api/v1/alerts?limit=1000").json()["items"]} == {"open"}


FLEET = ["rules.write", "registries.write", "notify.write", "users.write", "roles.write", "audit.read", "settings.write"]


def test_a_scope_gives_nothing_of_the_whole_fleet(console, admin, told):
    """What changes or tells all there is cannot be held for a part: neither by a role that is made so, nor by a row that says so."""
    for each in FLEET:
        a = admin.ask("POST", "/api/v1/roles", {"name": "part-" + each, "scope": ["namespace=dev"], "permissions": ["alerts.read", each]})
        assert a.status == 400 and each in a.json()["detail"], (each, a)
    made = admin.ask("POST", "/api/v1/roles", {"name": "part", "scope": ["namespace=dev"], "permissions": ["alerts.read"]})
    part = somebody(console, admin, "parsifal", ["part"])
    everything = [p["name"] for p in admin.get("/api/v1/permissions").json()["items"]]
    changed = admin.ask("PUT", f"/api/v1/roles/{made.json()['id']}", {"name": "part", "scope": ["namespace=dev"], "permissions": everything})
    assert changed.status == 400, changed
    change(console, "UPDATE roles SET permissions = ? WHERE name = 'part'", (1 << len(everything)) - 1)
    assert set(everything) - set(part.get("/api/v1/session").json()["permissions"]) == set(FLEET)
    victim = next(u for u in admin.get("/api/v1/users").json()["items"] if u["name"] == admin_name(console))
    token = admin.ask("POST", "/api/v1/tokens", {"name": "of-admin", "permissions": ["alerts.read"]}).json()["token"]
    hook = {"name": "all", "kind": "webhook", "settings": {"url": "https://198.51.100.1/"}}
    for method, path, body in (("POST", "notifications", hook), ("PUT", "rules/SKEP-1705", {"enabled": False}), ("POST", "rule-files", {"name": "x.yaml", "text": ""}),
                               ("POST", "intelligence", {"name": "x", "kind": "ip", "text": "192.0.2.1"}), ("PATCH", "settings", {"auditRetentionDays": 180}),
                               ("POST", "registries", {"name": "x", "kind": "docker-registry", "address": "r.example"}), ("GET", "audit", None), ("GET", "audit/export", None),
                               ("POST", "users", {"name": "minion", "roles": []}), ("POST", "roles", {"name": "more", "permissions": ["alerts.read"]}),
                               ("DELETE", f"users/{victim['id']}/sessions", None), ("DELETE", f"users/{victim['id']}", None), ("POST", "agents/tokens", {})):
        assert part.ask(method, "/api/v1/" + path, body).status == 403, (method, path)
    assert part.ask("DELETE", f"/api/v1/tokens/{token['id']}").status == 404
    # Nor does it stop others' work: registries are read for all.
    registry = admin.ask("POST", "/api/v1/registries", {"name": "all-of-it", "kind": "docker-registry", "address": "r.example", "enabled": False}).json()["id"]
    assert part.ask("POST", f"/api/v1/registries/{registry}/scan").status == part.ask("POST", f"/api/v1/registries/{registry}/cancel").status == 403
    assert admin.ask("DELETE", f"/api/v1/registries/{registry}").status == 204
    # A row nobody could have made now can be taken away all the same.
    assert admin.ask("DELETE", f"/api/v1/roles/{made.json()['id']}").status == 204


def test_whoever_may_less_does_not_sign_others_out(console, admin, told):
    admin.ask("POST", "/api/v1/roles", {"name": "desk", "permissions": ["users.read", "users.write"]})
    desk = somebody(console, admin, "dessa", ["desk"])
    lesser = somebody(console, admin, "lessie", [])
    users = {u["name"]: u["id"] for u in admin.get("/api/v1/users").json()["items"]}
    token = admin.ask("POST", "/api/v1/tokens", {"name": "of-the-administrator", "permissions": ["alerts.read"]}).json()["token"]
    assert desk.ask("DELETE", f"/api/v1/users/{users[admin_name(console)]}/sessions").status == 403
    assert desk.ask("DELETE", f"/api/v1/tokens/{token['id']}").status == 403
    assert admin.get("/api/v1/session").status == 200
    assert desk.ask("DELETE", f"/api/v1/users/{users['lessie']}/sessions").status == 204 and lesser.get("/api/v1/session").status == 401


def test_cursors_of_others_show_nothing_more(console, admin, told, developer):
    """A cursor says where to go on, never what may be seen; what is no cursor is refused."""
    for path in ("alerts", "assets", "images", "vulnerabilities"):
        cursor = admin.get(f"/api/v1/{path}?limit=1").json()["next"]
        if cursor:
            a = developer.get(f"/api/v1/{path}?limit=1000&cursor={urllib.parse.quote(cursor)}")
            assert a.status in (200, 400) and MARK not in a.body.decode().replace(cursor, ""), (path, a)
        for forged in ("0", "-1", "9" * 40, "AAAA", "../..", "' OR 1=1", "eyJhIjoxfQ"):
            a = developer.get(f"/api/v1/{path}?cursor={urllib.parse.quote(forged)}")
            assert a.status in (200, 400) and MARK not in a.body.decode(), (path, forged, a)


def test_others_tokens_sessions_and_views_are_out_of_reach(console, admin, told, developer):
    other = somebody(console, admin, "otto", ["dev-only"])
    made = other.ask("POST", "/api/v1/tokens", {"name": MARK, "permissions": ["alerts.read"]}).json()
    view = other.ask("POST", "/api/v1/views", {"page": "alerts", "name": MARK, "query": "q=1"})
    assert MARK not in developer.get("/api/v1/tokens").body.decode() + developer.get("/api/v1/views").body.decode()
    assert developer.ask("DELETE", f"/api/v1/tokens/{made['token']['id']}").status in (403, 404)
    if view.status == 201:
        assert developer.ask("DELETE", f"/api/v1/views/{view.json()['id']}").status == 404
    # A token allows no more than was asked for it, nor what its user lost since; and makes no other.
    bearer = {"Authorization": "Bearer " + made["secret"]}
    c = console.client()
    assert c.get("/api/v1/alerts", headers=bearer).status == 200 and c.get("/api/v1/assets", headers=bearer).status == 403
    assert MARK not in every_page(developer, "/api/v1/alerts")
    assert c.ask("POST", "/api/v1/tokens", {"name": "more", "permissions": ["assets.read"]}, headers=bearer).status == 403
    assert c.ask("POST", "/api/v1/session/password", {"old": PASSWORDS[1], "new": "Third-horse-9-battery"}, headers=bearer).status == 403
    user = next(u for u in admin.get("/api/v1/users").json()["items"] if u["name"] == "otto")
    assert admin.ask("PATCH", f"/api/v1/users/{user['id']}", {"roles": []}).status == 200
    assert c.get("/api/v1/alerts", headers=bearer).status == 403 and other.get("/api/v1/alerts").status == 403


class Stream:
    """An open stream of hints."""

    def __init__(self, console, client):
        cookie = "; ".join(f"{c.name}={c.value}" for h in client.opener.handlers if hasattr(h, "cookiejar") for c in h.cookiejar)
        self.s = any_certificate().wrap_socket(socket.create_connection(("127.0.0.1", console.port), timeout=60))
        self.s.sendall(f"GET /api/v1/events HTTP/1.1\r\nHost: x\r\nCookie: {cookie}\r\n\r\n".encode())
        self.got = b""
        while b"retry:" not in self.got:
            self.got += self.s.recv(4096)

    def hears(self, what):
        while what not in self.got and (piece := self.s.recv(4096)):
            self.got += piece
        return what in self.got

    def ends(self, within):
        self.s.settimeout(within)
        try:
            while piece := self.s.recv(4096):
                self.got += piece
                if piece.endswith(b"0\r\n\r\n"):
                    return True
            return True
        except TimeoutError:
            return False


@pytest.mark.parametrize("how", ["sign-out", "another's sign-out", "disabled", "role", "password"])
def test_streams_end_with_the_right_to_them(console, admin, told, how):
    name = "ears-" + re.sub(r"\W", "", how)
    client = somebody(console, admin, name, ["dev-only"] if how == "role" else ["read-only"])
    user = next(u for u in admin.get("/api/v1/users").json()["items"] if u["name"] == name)
    stream = Stream(console, client)
    if how == "sign-out":
        assert client.ask("DELETE", "/api/v1/session").status == 204
    elif how == "another's sign-out":
        assert admin.ask("DELETE", f"/api/v1/users/{user['id']}/sessions").status == 204
    elif how == "disabled":
        assert admin.ask("PATCH", f"/api/v1/users/{user['id']}", {"disabled": True}).status == 200
    elif how == "role":
        assert admin.ask("PATCH", f"/api/v1/users/{user['id']}", {"roles": []}).status == 200
    else:
        elsewhere = console.client().sign_in(name, PASSWORDS[1])
        assert elsewhere.ask("POST", "/api/v1/session/password", {"old": PASSWORDS[1], "new": "Third-horse-9-battery"}).status == 204
    assert stream.ends(60), stream.got[-300:]


def test_a_stream_goes_on_for_others_matters(console, admin, told):
    stream = Stream(console, admin)
    assert admin.ask("PATCH", "/api/v1/settings", {"agentSilentSeconds": 61}).status == 200
    assert stream.hears(b"settings") and not stream.ends(1)


def test_requests_are_what_they_say(console, admin):
    """No method but the one on the first line; no host, path or member that means something else to somebody else."""
    head = b"Host: localhost\r\n"
    for field in (b"X-HTTP-Method-Override: DELETE", b"X-HTTP-Method: DELETE", b"X-Method-Override: DELETE"):
        got = console.raw(b"GET /api/v1/session/ways HTTP/1.1\r\n" + head + field + b"\r\nConnection: close\r\n\r\n")
        assert got.startswith(b"HTTP/1.1 200 "), got[:200]
    for path in (b"/api/v1/../../etc/passwd", b"/..%2f..%2fetc/passwd", b"/assets/../../../etc/passwd", b"/assets/%2e%2e/%2e%2e/etc/passwd",
                 b"//etc/passwd", b"/assets//etc/passwd", b"/%00", b"/\\..\\..\\etc\\passwd", b"/api/v1/users/..%2fsettings"):
        got = console.raw(b"GET " + path + b" HTTP/1.1\r\n" + head + b"Connection: close\r\n\r\n")
        assert b"root:" not in got and got[9:12] in (b"200", b"400", b"401", b"404"), (path, got[:200])
    # A host of the attacker's is in no answer: no link, no redirect.
    for path in (b"/", b"/api/v1/session", b"/api/v1/session/oidc", b"/nonesuch"):
        got = console.raw(b"GET " + path + b" HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: evil.example\r\nConnection: close\r\n\r\n")
        assert b"evil.example" not in got, (path, got[:300])
    # A member said twice is no member.
    for body in (b'{"name":"admin","name":"x","password":"y"}', b'{"name":"admin","password":"y","pass\\u0077ord":"z"}'):
        a = console.client().ask("POST", "/api/v1/session", body, {"Content-Type": "application/json"})
        assert a.status == 400, a


def test_a_session_is_not_chosen_by_the_browser(console, admin):
    """Fixation: a cookie that was there before signing in is not the session's, and two sign-ins are two sessions."""
    c = console.client()
    planted = "A" * 43
    a = c.ask("POST", "/api/v1/session", {"name": admin_name(console), "password": console.password}, {"Cookie": "__Host-skep=" + planted})
    assert a.status == 200 and planted not in a.headers["Set-Cookie"], a
    assert console.client().get("/api/v1/session", headers={"Cookie": "__Host-skep=" + planted}).status == 401
    b = console.client().ask("POST", "/api/v1/session", {"name": admin_name(console), "password": console.password})
    assert b.headers["Set-Cookie"] != a.headers["Set-Cookie"]


def admin_name(console):
    return console.first[0]
