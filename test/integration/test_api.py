"""The API as its own document describes it: every answer is what it says, nobody gets what their role does not allow, and no value of
any parameter or member brings about anything but an answer or a problem."""
import functools
import http.client
import itertools
import json
import time
import urllib.parse

import pytest

from agents import until
from consoles import Answer, Console, any_certificate
from fleet import change, postgres_url, signed_in
from openapi import PATH, Document
from pretended_agent import PretendedAgent, alert, now_text, stats

DIGEST = "sha256:" + "ab" * 32
CONTAINER = "c0ffee" * 10 + "abcd"


@pytest.fixture(scope="module")
def document():
    return Document(PATH.read_text())


@pytest.fixture(scope="module")
def console(new_database, tmp_path_factory):
    with Console(tmp_path_factory.mktemp("api"), database=new_database()) as c:
        yield c


@pytest.fixture(scope="module")
def admin(console):
    return console.admin()


class Line:
    """A connection that stays, for many requests of a client, from an address of its own where one is named: so many a second are answered to each
    address, and to each user."""

    def __init__(self, console, client, address="127.0.0.1"):
        self.console, self.client, self.address, self.connection = console, client, address, None
        self.cookie = "; ".join(f"{c.name}={c.value}" for c in client.jar)

    def ask(self, method, path, body=None, headers=None):
        h = {"Cookie": self.cookie, "X-Skep-Csrf": self.client.csrf or ""} if self.cookie else {}
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            h["Content-Type"] = "application/json"
        h |= headers or {}
        for again in (True, False):
            if not self.connection:
                self.connection = http.client.HTTPSConnection("127.0.0.1", self.console.port, context=any_certificate(), timeout=60,
                                                              source_address=(self.address, 0))
            try:
                self.connection.request(method, path, body, h)
                r = self.connection.getresponse()
                return Answer(r.status, r.headers, r.read())
            except (http.client.HTTPException, OSError):
                self.connection = None
                if not again:
                    raise


def patient(client, method, path, **kw):
    """Asks again when it was asked to wait."""
    while True:
        answer = client.ask(method, path, **kw)
        if answer.status != 429 or not answer.headers.get("Retry-After"):
            return answer
        time.sleep(float(answer.headers["Retry-After"]))


@pytest.fixture(scope="module")
def told(console, admin, tmp_path_factory):
    """A console that was told of a host, a container, its image and some alerts."""
    token = admin.ask("POST", "/api/v1/agents/tokens", {"labels": {"cluster": "prod"}}).json()["token"]
    agent = PretendedAgent(console, tmp_path_factory.mktemp("agent"), token)
    began = time.time() - 600
    agent.tell([("host", {"id": "host", "time": "2026-11-21T18:00:00Z", "name": "node-1", "machineId": "m", "kernel": "6.1", "os": "Debian",
                          "osVersion": "12", "cpus": 2, "memoryBytes": 1 << 30, "agentVersion": "0.1.0"}),
                ("image", {"id": DIGEST, "time": "2026-11-21T18:00:00Z", "references": ["docker.io/library/nginx:1.25"],
                           "bytes": 1000}),
                ("container", {"id": CONTAINER, "runtime": "docker", "name": "web", "image": "docker.io/library/nginx:1.25",
                               "imageId": DIGEST, "state": "running", "privileged": True, "metadataKnown": True, "caps": 0,
                               "labels": {"team": "red"}}),
                ("port", {"id": "tcp/0.0.0.0:80/1", "protocol": "tcp", "address": "0.0.0.0", "port": 80, "pid": 7,
                          "exe": "/usr/sbin/nginx", "container": CONTAINER})])
    agent.tell([("alert", alert(began + i, rule=f"Rule {i % 3}", priority=["Critical", "Warning", "Notice"][i % 3]))
                for i in range(30)])
    return agent


def test_a_damaged_inventory_hides_nothing_else(console, admin, told):
    package = {"type": "deb", "name": "zlib1g", "version": "1:1.2.13", "layer": 0}
    image = "sha256:" + "cd" * 32
    record = ("inventory", {"image": image, "scanned": "2026-11-21T18:00:00Z", "milliseconds": 5, "inventory":
                            {"kind": "image", "layers": [{"digest": image, "diffId": image}], "packages": [package]}})
    page = f"/api/v1/images/{image}"

    def look():
        detail, packages = admin.get(page), admin.get(page + "/packages")
        assert detail.status == 200, detail
        return detail.json(), packages
    assert told.tell([record])["refused"] == 0
    whole, packages = look()
    assert len(whole["layerList"]) == 1 and [p["name"] for p in packages.json()["items"]] == ["zlib1g"]
    # Its bytes are no more what they were, or no text of ours.
    for spoilt in ("00ff", "28b52ffd2000010000"):
        change(console, "UPDATE image_inventory SET bytes = " + (f"'\\x{spoilt}'" if postgres_url(console) else f"x'{spoilt}'"))
        change(console, "UPDATE image SET gaps = '{' WHERE digest = ?", image)
        detail, packages = look()
        assert detail["layerList"] == [] and {g["place"] for g in detail["gaps"]} == {"layers and packages", "what could not be judged"}, detail
        assert packages.status == 409 and "scan it again" in packages.json()["detail"], packages
        assert admin.get(page + "/packages", headers={"Accept-Language": "zh"}).json()["detail"].endswith("请重新扫描")
        # What is told of it, too, in the reader's language.
        in_chinese = admin.get(page, headers={"Accept-Language": "zh"}).json()["gaps"]
        assert len(in_chinese) == 2 and all("请重新扫描该镜像" in g["detail"] for g in in_chinese), in_chinese
        assert {g["place"] for g in in_chinese} == {"层与软件包", "无法判断的内容"}
        assert all("scan the image again" in g["detail"] for g in detail["gaps"])
        # The next scan mends it.
        assert told.tell([record])["refused"] == 0
        detail, packages = look()
        assert detail["layerList"] == whole["layerList"] and packages.status == 200
        assert "layers and packages" not in {g["place"] for g in detail["gaps"]}


def test_the_document_is_the_same_at_build_time_and_at_run_time(document, admin):
    assert admin.get("/api/v1/openapi.json").json() == document.doc


def test_every_answer_is_as_the_document_says(document, admin, told):
    alerts = admin.get("/api/v1/alerts").json()["items"]
    values = {"/api/v1/alerts/{id}": alerts[0]["id"], "/api/v1/agents/{id}": told.id, "/api/v1/users/{id}": "1",
              "/api/v1/assets/{id}": f"container:{CONTAINER}"}
    needed = {"/api/v1/search": "?q=web", "/api/v1/images/{digest}/diff": "?to=" + DIGEST}
    wrong, answered = [], 0
    for method, path, operation in document.operations():
        if method != "GET" or "oidc" in path:
            continue
        url = document.fill(path, id=values.get(path, "1"), digest=DIGEST) + needed.get(path, "")
        answer = patient(admin, "GET", url)
        answered += answer.status == 200
        wrong += [f"{path}: {p}" for p in document.problems(operation, answer)]
        if answer.status >= 500:
            wrong.append(f"{path}: {answer}")
    assert not wrong, "\n".join(wrong[:20])
    assert answered > 12


def test_alerts_are_listed_counted_and_triaged(admin, told, document):
    first = admin.get("/api/v1/alerts?limit=7").json()
    assert len(first["items"]) == 7 and first["next"]
    seen, cursor = [], ""
    while cursor is not None:
        page = admin.get(f"/api/v1/alerts?limit=7{cursor and '&cursor=' + cursor}").json()
        seen += [a["id"] for a in page["items"]]
        cursor = page["next"]
    assert len(seen) == len(set(seen)) == 30 and seen == sorted(seen, key=int, reverse=True)
    assert len(admin.get("/api/v1/alerts?priority=critical&limit=100").json()["items"]) == 10
    assert len(admin.get("/api/v1/alerts?priority=critical&priority=notice&limit=100").json()["items"]) == 20
    facets = {f["field"]: {v["value"]: v["count"] for v in f["values"]} for f in admin.get("/api/v1/alerts/facets").json()["facets"]}
    assert facets["priority"] == {"critical": 10, "warning": 10, "notice": 10}
    assert facets["rule"] == {"Rule 0": 10, "Rule 1": 10, "Rule 2": 10}
    buckets = admin.get("/api/v1/alerts/histogram").json()["buckets"]
    assert sum(b["counts"]["critical"] for b in buckets) == 10
    one = admin.get(f"/api/v1/alerts/{seen[0]}").json()
    assert one["doc"]["rule"] == one["alert"]["rule"] and one["similar"] == 10 and one["history"] == []
    assert one["alert"]["container"] == CONTAINER and one["alert"]["process"] == "bash"
    answer = admin.ask("PATCH", f"/api/v1/alerts/{seen[0]}", {"state": "resolved", "note": "seen"})
    assert answer.status == 200 and answer.json()["state"] == "resolved", answer
    assert admin.get(f"/api/v1/alerts/{seen[0]}").json()["history"][0]["note"] == "seen"
    answer = admin.ask("POST", "/api/v1/alerts/triage", {"ids": seen[1:4], "state": "acknowledged"})
    assert answer.json() == {"changed": 3, "more": False}
    assert len(admin.get("/api/v1/alerts?state=acknowledged").json()["items"]) == 3
    entry = admin.get("/api/v1/audit?limit=2").json()["items"][1]
    assert entry["action"] == "PATCH /api/v1/alerts/{id}" and entry["target"] == seen[0]
    assert entry["before"] == {"state": "open"} and entry["after"]["state"] == "resolved"
    assert entry["words"] == "Say what is made of an alert" and entry["wordsZh"] == "处置一条告警"
    for words in ("made of an ALERT", "%E5%A4%84%E7%BD%AE%E4%B8%80%E6%9D%A1", "PATCH%20/api/v1/alerts"):
        found = admin.get(f"/api/v1/audit?action={words.replace(' ', '%20')}").json()["items"]
        assert [each["id"] for each in found] == [entry["id"]], words
    assert admin.get("/api/v1/audit?action=no%20such%20deed").json()["items"] == []


QUERIES = {
    'container.image contains "nginx" and severity >= high': 10,
    "severity >= medium": 20,
    "priority = critical": 10,
    "rule = 'Rule 1' and proc.name = bash": 10,
    "not priority in (critical, warning)": 10,
    "proc.aname = init and container.privileged = true": 30,
    "k8s.ns.name exists": 0,
    "fd.name = x or alert.field[fd.name] = /etc/shadow": None,
    "nonesuch.field = 1": None,
    "severity >= ": None,
    "web shadow": 30,
    "nosuchword": 0,
}


@pytest.mark.parametrize("q", QUERIES)
def test_the_query_box_takes_words_and_conditions(admin, told, q):
    answer = admin.get("/api/v1/alerts?limit=1000&q=" + urllib.parse.quote(q))
    if QUERIES[q] is None:
        assert answer.status == 400 and answer.json()["code"] == "query" and "column" in answer.json()["detail"], answer
    else:
        assert answer.status == 200 and len(answer.json()["items"]) == QUERIES[q], answer


@pytest.mark.parametrize("path, q, said", [
    ("assets", "kind = contaner", "第 8 列: 'contaner' 不是 asset.kind 的取值，可为：host, container, image"),
    ("alerts", "state in (open, close)", "第 17 列: 'close' 不是 alert.state 的取值，可为：open, acknowledged"),
    ("assets", "kind = image and", "第 17 列: 条件不完整，此处应有字段、宏或“(”"),
])
def test_a_word_there_is_not_is_told_with_those_there_are(admin, path, q, said):
    answer = admin.ask("GET", f"/api/v1/{path}?q={urllib.parse.quote(q)}", headers={"Accept-Language": "zh"})
    assert answer.status == 400 and answer.json()["code"] == "query", answer
    assert said in answer.json()["detail"], answer.json()["detail"]


ASSET_QUERIES = {
    "container.privileged = true and container.image contains nginx": {"web"},
    "kind = port and port.number = 80": {"tcp 0.0.0.0:80"},
    "kind in (host, image)": {"node-1", "docker.io/library/nginx:1.25"},
    "container.label[team] = red": {"web"},
    "not severity >= low and kind = container": set(),
    "web": {"web"},
    "kind = image and name = nonesuch": set(),
}


@pytest.mark.parametrize("q", ASSET_QUERIES)
def test_assets_are_found_by_words_and_conditions(admin, told, q):
    answer = admin.get("/api/v1/assets?limit=1000&q=" + urllib.parse.quote(q))
    assert answer.status == 200 and {a["name"] for a in answer.json()["items"]} >= ASSET_QUERIES[q], answer
    if not q == "web":
        assert {a["name"] for a in answer.json()["items"]} == ASSET_QUERIES[q], answer


def test_what_is_gone_is_found_by_who_asks_for_it(admin, told):
    port = {"id": "tcp/0.0.0.0:4711/1", "protocol": "tcp", "address": "0.0.0.0", "port": 4711, "pid": 8, "exe": "/bin/gone", "container": CONTAINER}
    told.tell([("port", port), ("gone", {"kind": "port", "id": port["id"]})])

    def found(path, q, **more):
        answer = admin.get(f"/api/v1/{path}?" + urllib.parse.urlencode({"q": q, **more}))
        assert answer.status == 200, answer
        return [a["name"] for a in answer.json()["items" if path == "assets" else "assets"]]
    ours = "kind = port and port.number = 4711"
    for path in ("assets", "search"):
        assert found(path, ours) == found(path, ours + " and present = true") == []
        assert found(path, ours + " and asset.present = false") == found(path, f"({ours}) and not present = true") == ["tcp 0.0.0.0:4711"]
    assert found("assets", ours + " and present = false", state="present") == [] and found("assets", ours, state="all") == ["tcp 0.0.0.0:4711"]


def test_views_are_ones_own(console, admin):
    made = admin.ask("POST", "/api/v1/views", {"page": "/alerts", "name": " mine ", "query": "state=open"})
    assert made.status == 201 and made.json()["name"] == "mine", made
    again = admin.ask("POST", "/api/v1/views", {"page": "/alerts", "name": "mine", "query": "state=resolved"})
    assert again.json()["id"] == made.json()["id"]
    assert [v["query"] for v in admin.get("/api/v1/views").json()["items"]] == ["state=resolved"]
    for page in ("alerts", "//evil.example", "/alerts?x", "/..", "https://x"):
        assert admin.ask("POST", "/api/v1/views", {"page": page, "name": "x", "query": ""}).status == 400, page
    assert admin.ask("POST", "/api/v1/users", {"name": "viewer", "password": "First-horse-7-battery", "roles": ["read-only"]}).status == 201
    viewer = console.client().sign_in("viewer", "First-horse-7-battery", new="Second-horse-8-battery")
    assert viewer.get("/api/v1/views").json()["items"] == []
    assert viewer.ask("DELETE", f"/api/v1/views/{made.json()['id']}").status == 404
    assert admin.ask("DELETE", f"/api/v1/views/{made.json()['id']}").status == 204


def test_users_are_found_by_words_of_their_names(admin):
    """Page by page as without words; a word is a part of either name, whatever its case, and no pattern."""
    for name, shown in (("find-anna", "Anna O'Neill"), ("find-bo", "Bo 100%_sure"), ("find-chen", "陈晓"), ("find-dora", "Anna Dora")):
        made = admin.ask("POST", "/api/v1/users", {"name": name, "displayName": shown, "password": "First-horse-7-battery", "roles": []})
        assert made.status == 201, made

    def found(q, limit=200, cursor=None):
        names = []
        while True:
            page = admin.get("/api/v1/users?" + urllib.parse.urlencode({"q": q, "limit": limit, **({"cursor": cursor} if cursor else {})}))
            assert page.status == 200, page
            page = page.json()
            assert len(page["items"]) <= limit
            names += [u["name"] for u in page["items"]]
            cursor = page["next"]
            if not cursor:
                return names
    assert found("find-") == found("find-", limit=1) == found("FIND", limit=3) == ["find-anna", "find-bo", "find-chen", "find-dora"]
    assert found("anna") == ["find-anna", "find-dora"] and found("anna dora") == ["find-dora"] and found(" o'neill ") == ["find-anna"]
    assert found("陈") == ["find-chen"] and found("%_s") == ["find-bo"] and found("find_") == found("nonesuch") == []
    assert admin.get("/api/v1/users?q=" + "+".join("abcdefghij")).status == 413
    for user in admin.get("/api/v1/users?q=find-").json()["items"]:
        assert admin.ask("DELETE", f"/api/v1/users/{user['id']}").status == 204


def test_assets_belong_together(admin, told):
    graph = admin.get("/api/v1/assets/graph").json()
    kinds = {n["kind"] for n in graph["nodes"]}
    assert {"host", "container", "image", "port"} <= kinds and not graph["cut"]
    ids = {n["id"] for n in graph["nodes"]}
    assert graph["edges"] and all(e["from"] in ids and e["to"] in ids for e in graph["edges"])
    near = admin.get(f"/api/v1/assets/graph?root=container:{CONTAINER}&depth=1&kind=image").json()
    assert {n["kind"] for n in near["nodes"]} == {"container", "image"}
    owned = admin.get("/api/v1/assets/graph?findings=true").json()
    assert [(n["kind"], n["name"]) for n in owned["beyond"]] == [("owner", "red")]
    assert {"from": f"container:{CONTAINER}", "to": "owner:red", "kind": "owned-by"} in owned["edges"]
    detail = admin.get(f"/api/v1/assets/container:{CONTAINER}").json()
    assert detail["alerts24h"] == 30 and {r["asset"]["kind"] for r in detail["relations"]} >= {"host", "image", "port"}
    factors = {f["name"]: f for f in detail["risk"]["factors"]}
    assert factors["privilege"]["points"] == 20 and "privileged" in factors["privilege"]["why"]
    assert factors["exposure"]["value"] == 1 and factors["coverage"]["points"] > 0
    assert abs(sum(f["points"] for f in detail["risk"]["factors"]) - detail["risk"]["score"]) < 0.01


def test_the_overview_says_why(admin, told):
    overview = admin.get("/api/v1/overview").json()
    assert overview["counts"]["containers"] == 1 and overview["counts"]["agents"] == 1
    assert overview["worst"][0]["name"] == "web" and overview["risk"]["score"] == overview["worst"][0]["score"]
    assert overview["risk"]["band"] == overview["worst"][0]["band"]
    assert all("web" in f["why"] and "web" in f["whyZh"] for f in overview["risk"]["factors"])
    assert sum(overview["alerts24h"].values()) == 30
    found = admin.get("/api/v1/search?q=nginx").json()
    assert [h["name"] for h in found["images"]] == ["docker.io/library/nginx:1.25"] and len(found["alerts"]) == 5
    assert admin.get("/api/v1/search?q=" + urllib.parse.quote("nonesuch.field = 1")).status == 400


def test_the_worst_are_told_apart(new_database, tmp_path):
    """Containers of one name say which host, namespace and pod each is of."""
    with Console(tmp_path, database=new_database()) as c:
        admin = c.admin()
        joins = admin.ask("POST", "/api/v1/agents/tokens", {"labels": {"cluster": "prod"}, "uses": 2}).json()["token"]
        for node in (1, 2):
            agent = PretendedAgent(c, tmp_path, joins, name=f"node-{node}")
            agent.tell([("host", {"id": "host", "time": "2026-11-21T18:00:00Z", "name": f"node-{node}", "machineId": f"m{node}", "kernel": "6.1"})])
            agent.tell([("container", {"id": f"{node}{i}".ljust(64, "a"), "runtime": "containerd", "name": "proxy", "image": "reg/proxy:1",
                                       "imageId": f"sha256:{0:064}", "state": "running", "privileged": True, "metadataKnown": True, "caps": 0, "labels": {},
                                       **({"podUid": f"u{node}", "podNamespace": "web", "podName": f"proxy-{node}"} if i else {})}) for i in range(2)])
        worst = admin.get("/api/v1/overview").json()["worst"]
        places = {(w["host"], w["cluster"], w.get("namespace"), w.get("pod")) for w in worst}
        assert {w["name"] for w in worst} == {"proxy"} and len(worst) == 4
        assert places == {(f"node-{n}", "prod", *pod) for n in (1, 2) for pod in (("web", f"proxy-{n}"), (None, None))}, worst


def test_an_agents_clock_is_known(new_database, tmp_path):
    """How far it is from the console's; one batch that differs may have been held up, two in a row are a clock that is off."""
    with Console(tmp_path, database=new_database()) as c:
        admin = c.admin()
        agent = PretendedAgent(c, tmp_path, admin.ask("POST", "/api/v1/agents/tokens", {}).json()["token"])

        def says(ahead):
            agent.ahead = ahead
            agent.tell([("stats", stats(1000))])
            listed, detail = admin.get("/api/v1/agents").json()["items"][0], admin.get(f"/api/v1/agents/{agent.id}").json()["agent"]
            assert (listed.get("clockSkew"), listed["clockOff"]) == (detail.get("clockSkew"), detail["clockOff"])
            return detail.get("clockSkew"), detail["clockOff"]

        assert says(None) == (None, False)  # an older one
        for ahead, off in ((0, False), (-3600, False), (-3600, True), (7200, True), (0, False), (86400 * 365, False)):
            skew, told = says(ahead)
            assert ahead - 30 < skew <= ahead and told == off, (ahead, skew, told)
        assert says(86400 * 365)[1] and not says(None)[1]
        # What is no number says nothing, and hurts nothing.
        for text in ("-5", "x", "1e9", "1" * 16, "1763800000.5"):
            agent.seq += 1
            line = json.dumps({"seq": agent.seq, "kind": "stats", "doc": stats(1000)}, separators=(",", ":")).encode() + b"\n"
            assert agent.post("/agent/v1/batch", line, agent.context, "application/x-ndjson", {"Skep-Spool": agent.life, "Skep-Time": text})["refused"] == 0
            assert "clockSkew" not in admin.get(f"/api/v1/agents/{agent.id}").json()["agent"]
        says(-3600), says(-3600)
        wanted = {"skep_console_agent_clocks": 1, "skep_console_agent_clocks_off": 1}
        # What was gathered before may tell of the time before: then, too, one was off.
        assert until(lambda: wanted.items() <= (f := c.figures()).items() and
                     3_600_000 <= f["skep_console_agent_clock_skew_milliseconds"] < 3_630_000), c.figures()


def test_problems_speak_the_readers_language(admin):
    answer = admin.get("/api/v1/alerts?limit=0&nonesuch=1", headers={"Accept-Language": "zh-CN,zh;q=0.9"})
    assert answer.status == 400 and answer.json()["title"] == "请求无效"
    assert {e["path"]: e["message"] for e in answer.json()["errors"]} == {"?limit": "不得小于 1", "?nonesuch": "没有这个参数"}
    answer = admin.ask("PATCH", "/api/v1/settings", {"retentionDays": "x", "more": 1}, headers={"Accept-Language": "en"})
    assert {e["path"]: e["message"] for e in answer.json()["errors"]} == \
        {"/retentionDays": "a whole number is expected here", "/more": "there is no such member"}


def test_answers_are_named_and_changes_held_to_the_name(admin):
    answer = admin.get("/api/v1/settings")
    etag = answer.headers["ETag"]
    assert admin.get("/api/v1/settings", headers={"If-None-Match": etag}).status == 304
    assert admin.ask("PATCH", "/api/v1/settings", {"retentionDays": 31}, headers={"If-Match": '"other"'}).status == 412
    answer = admin.ask("PATCH", "/api/v1/settings", {"retentionDays": 31}, headers={"If-Match": etag})
    assert answer.status == 200 and answer.json()["retentionDays"] == 31
    assert admin.ask("PATCH", "/api/v1/settings", {"retentionDays": 32}, headers={"If-Match": etag}).status == 412
    assert admin.get("/api/v1/settings", headers={"If-None-Match": etag}).status == 200


RULE = """- rule: Ours
  desc: ours
  condition: evt.type = execve and proc.name = nonesuch
  output: ours %proc.name
  priority: WARNING
"""


def test_rules_are_checked_kept_and_switched(admin):
    problems = admin.ask("POST", "/api/v1/rules/check", {"text": RULE.replace("proc.name = ", "proc.nam = ")}).json()
    assert problems["rules"] == 0
    assert [(p["line"], p["column"], p["level"]) for p in problems["problems"]] == [(3, 36, "error")]
    assert "proc.name" in problems["problems"][0]["message"]
    answer = admin.ask("POST", "/api/v1/rule-files", {"name": "ours", "text": RULE})
    assert answer.status == 201, answer
    here = f"/api/v1/rule-files/{answer.json()['id']}"
    assert admin.ask("POST", "/api/v1/rule-files", {"name": "ours", "text": RULE}).status == 409
    assert admin.ask("PUT", here, {"name": "ours", "text": "- rule: ["}).json()["code"] == "rule-error"
    ours = admin.get("/api/v1/rules/Ours").json()
    assert ours["priority"] == "warning" and ours["enabled"] and ours["source"] == "own/ours"
    answer = admin.ask("PUT", "/api/v1/rules/Ours", {"enabled": False, "priority": "critical"})
    assert answer.status == 200, answer
    ours = admin.get("/api/v1/rules/Ours").json()
    assert ours["priority"] == "critical" and not ours["enabled"]
    assert admin.ask("DELETE", here, headers={"If-Match": '"other"'}).status == 412
    assert admin.ask("DELETE", here).status == 204
    assert admin.get("/api/v1/rules/Ours").status == 404
    shipped = admin.get("/api/v1/rules?limit=1000").json()
    assert shipped["total"] == len(shipped["items"]) > 50


def test_rules_are_tried_on_what_is_known(admin, told):
    """Stored alerts tell a part of their events: what that part does not decide is told as such."""
    def tried(condition, **more):
        text = RULE.replace("evt.type = execve and proc.name = nonesuch", condition)
        answer = admin.ask("POST", "/api/v1/rules/dry-run", {"text": text, **more})
        assert answer.status == 200, answer
        return answer.json()

    known = tried("evt.type exists and proc.name = bash and container.name = web and proc.aname = init")
    assert known["judged"] == 30 and known["matched"][0]["count"] + known["matched"][0]["unknown"] == 30
    assert tried("evt.type exists and proc.name = nonesuch")["matched"] == []
    unknown = tried("evt.type exists and proc.cwd = /tmp")["matched"][0]
    assert unknown["count"] == 0 and unknown["unknown"] == 30
    # What agents tell the type of is judged as that; of older ones it may have been any that their rule is about.
    assert tried("evt.type = execve")["matched"][0] | {"examples": []} == {"rule": "Ours", "count": 0, "unknown": 30, "examples": []}
    opened = {"fields": {"evt.type": "openat", "proc.name": "cat", "fd.name": "/etc/shadow"}}
    told.tell([("alert", alert(time.time() - 60 + i, rule="Typed", **(opened if i % 3 == 0 else {"fields": {"evt.type": "execve"}})))
               for i in range(6)])
    since = {"since": now_text(time.time() - 100)}
    for condition, count in (("evt.type = execve", 4), ("evt.type in (open, openat)", 2), ("evt.type = openat and fd.name startswith /etc", 2),
                             ("evt.type = connect", 0), ("not evt.type = execve", 2)):
        found = tried(condition, **since)
        assert found["judged"] == 6, condition
        assert [(m["count"], m["unknown"]) for m in found["matched"]] == ([(count, 0)] if count else []), condition
    given = tried("evt.type = execve and proc.name = bash", events=[
        '{"evt.type":"execve","proc.name":"bash"}', '{"evt.type":"execve","proc.name":"sh"}', '{"evt.type":"execve"}', "{", '{"evt.type":"x"}'])
    assert given["judged"] == 3 and given["unusable"] == 2
    assert given["matched"] == [{"rule": "Ours", "count": 1, "unknown": 1, "examples": ["0"]}]
    assert [p["line"] for p in tried("evt.typ = execve")["problems"] if p["level"] == "error"] == [3]


def test_settings_are_heeded_at_once(console, admin):
    assert admin.ask("PATCH", "/api/v1/settings", {"passwordMinLength": 30}).status == 200
    refused = admin.ask("POST", "/api/v1/users", {"name": "short", "password": "First-horse-7-battery", "roles": []})
    assert refused.status == 400 and "30" in refused.json()["detail"], refused
    assert admin.ask("PATCH", "/api/v1/settings", {"passwordMinLength": 12, "sessionHours": 1}).status == 200
    assert admin.ask("POST", "/api/v1/users", {"name": "short", "password": "First-horse-7-battery", "roles": []}).status == 201


def test_many_are_drawn_in_groups(new_database, tmp_path):
    """Nothing of a large fleet is lost in its graph: each container is in a group that opens, until it is drawn itself."""
    with Console(tmp_path, database=new_database()) as c:
        admin = c.admin()
        agent = PretendedAgent(c, tmp_path, admin.ask("POST", "/api/v1/agents/tokens", {}).json()["token"])
        spaces = {f"team-{n:02}": n for n in range(1, 20)}  # team-19 has 19 containers, of two images
        agent.tell([("host", {"id": "host", "time": "2026-11-21T18:00:00Z", "name": "node-1", "machineId": "m", "kernel": "6.1"})])
        agent.tell([("container", {"id": f"{space}-{i}".encode().hex().ljust(64, "0"), "runtime": "containerd", "name": f"{space}-{i}", "image": f"reg/app:{i % 2}",
                                   "imageId": f"sha256:{i % 2:064}", "state": "running", "metadataKnown": True, "caps": 0, "podNamespace": space,
                                   "labels": {}}) for space, n in spaces.items() for i in range(n)])
        agent.tell([("container", {"id": "f" * 63 + str(i), "runtime": "docker", "name": f"none-{i}", "image": "reg/app:0", "imageId": f"sha256:{0:064}",
                                   "state": "running", "metadataKnown": True, "caps": 0, "labels": {}}) for i in range(2)])

        def graph(**query):
            return admin.get("/api/v1/assets/graph?" + urllib.parse.urlencode(query)).json()

        first = graph()
        groups = [n for n in first["beyond"] if n["kind"] == "group" and n["of"] == "container"]
        assert len(groups) <= 14 and sum(g["count"] for g in groups) == sum(spaces.values()) + 2 and not first["cut"]
        assert [g["name"] for g in groups[:2]] == ["team-19", "team-18"]
        host = next(n["id"] for n in first["nodes"] if n["kind"] == "host")
        assert all({"from": g["id"], "kind": "on", "to": host} in first["edges"] for g in groups)
        rest = graph(**groups[-1]["open"])
        others = {n["name"]: n for n in rest["beyond"] if n["kind"] == "group"}
        assert {g["name"] for g in groups[:-1]} | set(others) == set(spaces) | {""}
        # Who has no namespace cannot be asked for by it.
        assert "open" not in others[""] and others[""]["count"] == 2
        opened = graph(**groups[0]["open"])
        assert {n["name"] for n in opened["nodes"] if n["kind"] == "container"} == {f"team-19-{i}" for i in range(19)}
        assert not [n for n in opened["beyond"] if n["kind"] == "group"]
        # What is on a host, seen from it, is one group that opens to the same.
        near = graph(root=host)
        assert [(n["of"], n["count"], n["open"]) for n in near["beyond"]] == [("container", 192, {"agent": agent.id})]
        assert sum(n["count"] for n in graph(agent=agent.id)["beyond"] if n["of"] == "container") == 192
        assert graph(agent="nobody") == {"nodes": [], "edges": [], "beyond": [], "cut": False}
        assert graph(skip=1000)["nodes"][0]["id"] == host


def test_a_scope_hides_all_else(console, admin, told):
    """Who sees another cluster only sees nothing of this one, on no route."""
    role = admin.ask("POST", "/api/v1/roles", {"name": "elsewhere", "scope": ["cluster=elsewhere"], "permissions": [
        "alerts.read", "alerts.triage", "assets.read", "images.read", "images.scan", "vulnerabilities.read", "agents.read", "agents.write"]})
    assert role.status == 201, role
    made = admin.ask("POST", "/api/v1/users", {"name": "stranger", "password": "First-horse-7-battery", "roles": ["elsewhere"]})
    assert made.status == 201, made
    stranger = console.client().sign_in("stranger", "First-horse-7-battery", new="Second-horse-8-battery")
    alert_id = admin.get("/api/v1/alerts?limit=1").json()["items"][0]["id"]
    for path in ("alerts", "assets", "images", "vulnerabilities", "agents", "alerts?q=rule%20exists", "assets?q=kind%20exists&state=all"):
        answer = stranger.get("/api/v1/" + path)
        assert answer.status == 200 and answer.json()["items"] == [], (path, answer)
    for path in (f"alerts/{alert_id}", f"assets/container:{CONTAINER}", f"images/{DIGEST}", f"images/{DIGEST}/findings", f"images/{DIGEST}/packages",
                 f"assets/graph?root=container:{CONTAINER}", f"agents/{told.id}"):
        assert stranger.get("/api/v1/" + path).status == 404, path
    assert stranger.get("/api/v1/alerts/facets").json()["total"] == 0
    groups = stranger.get("/api/v1/alerts/groups").json()
    assert groups["items"] == [] and groups["total"] == groups["alerts"] == groups["without"] == 0
    for query in ("", "?findings=true"):
        assert stranger.get("/api/v1/assets/graph" + query).json() == {"nodes": [], "edges": [], "beyond": [], "cut": False}
    assert not any(stranger.get("/api/v1/search?q=web").json().values())
    overview = stranger.get("/api/v1/overview").json()
    assert set(overview["counts"].values()) == {0} and not overview["worst"] and not overview["changes"] and overview["alertsOpen"] == 0
    assert stranger.ask("PATCH", f"/api/v1/alerts/{alert_id}", {"state": "resolved"}).status == 404
    assert stranger.ask("POST", "/api/v1/alerts/triage", {"ids": [alert_id], "state": "resolved"}).json() == {"changed": 0, "more": False}
    everything = {"filter": {}, "before": "2100-01-01T00:00:00Z", "expected": 1000, "state": "resolved"}
    assert stranger.ask("POST", "/api/v1/alerts/triage", everything).json() == {"changed": 0, "more": False}
    # Who may look at everything decides no further for that.
    admin.ask("POST", "/api/v1/roles", {"name": "onlooker", "permissions": ["alerts.read"]})
    admin.ask("POST", "/api/v1/users", {"name": "looker", "password": "First-horse-7-battery", "roles": ["elsewhere", "onlooker"]})
    looker = console.client().sign_in("looker", "First-horse-7-battery", new="Second-horse-8-battery")
    assert looker.get("/api/v1/alerts?limit=1").json()["items"][0]["id"] == alert_id
    assert looker.ask("POST", "/api/v1/alerts/triage", everything).json() == {"changed": 0, "more": False}
    assert stranger.ask("POST", f"/api/v1/images/{DIGEST}/scan").status == 404
    assert stranger.ask("POST", f"/api/v1/agents/{told.id}/revoke").status == 404
    assert stranger.ask("POST", "/api/v1/agents/tokens", {}).status == 403


# ---- Who may ----

@pytest.fixture(scope="module")
def people(console, admin):
    """A signed-in client of each role that comes with the program."""
    found = {}
    for role in admin.get("/api/v1/roles").json()["items"]:
        if not role["builtIn"]:
            continue
        name = "user-" + role["name"]
        made = admin.ask("POST", "/api/v1/users", {"name": name, "password": "First-horse-7-battery", "roles": [role["name"]]})
        assert made.status == 201, made
        found[role["name"]] = (signed_in(console, name), role["permissions"])
    assert len(found) >= 5
    return found


def body_for(document, operation):
    """A body that is right in every member, or None."""
    content = operation.get("requestBody", {}).get("content")
    return sample(document, content["application/json"]["schema"]) if content else None


def sample(document, schema):
    schema = document.resolve(schema)
    if "enum" in schema:
        return schema["enum"][0]
    kind = schema.get("type")
    kind = kind[0] if isinstance(kind, list) else kind
    if kind == "object":
        return {k: sample(document, v) for k, v in schema.get("properties", {}).items() if k in schema.get("required", [])}
    if kind == "array":
        return [sample(document, schema["items"])]
    if kind == "string":
        return "2030-01-01T00:00:00Z" if schema.get("format") == "date-time" else "x" * max(1, schema.get("minLength", 1))
    if kind == "integer":
        return max(schema.get("minimum", 1), 0)
    return True if kind == "boolean" else {}


def test_nobody_gets_in_without_permission(document, console, people):
    """Every route as nobody and as every role. What the role does not hold is refused before anything else is looked at; what it
    holds is not."""
    nobody = Line(console, console.client())
    lines = {role: (Line(console, client, f"127.0.0.{n}"), permissions) for n, (role, (client, permissions)) in enumerate(people.items(), 2)}
    wrong = []
    for method, path, operation in document.operations():
        wanted = operation["x-permission"]
        url = document.fill(path, id="999999", digest="sha256:none")
        body = body_for(document, operation)
        if wanted != "public":
            answer = patient(nobody, method, url, body=body)
            if answer.status != 401:
                wrong.append(f"nobody: {method} {path}: {answer}")
            answer = patient(nobody, method, url, body=body, headers={"Authorization": "Bearer skep_" + "A" * 43})
            if answer.status != 401:
                wrong.append(f"a made-up token: {method} {path}: {answer}")
        if wanted in ("public", "self"):
            continue
        for role, (client, permissions) in lines.items():
            # nothing is changed by it: the ids are nobody's, and what needs none is told apart by its body
            answer = patient(client, method, url, body=None if body is None else b"{")
            if wanted not in permissions and answer.status != 403:
                wrong.append(f"{role}: {method} {path}: {answer}")
            if wanted in permissions and method == "GET" and answer.status == 403:
                wrong.append(f"{role} is refused: {method} {path}: {answer}")
            if answer.status >= 500:
                wrong.append(f"{role}: {method} {path}: {answer}")
    assert not wrong, "\n".join(wrong[:20])


def test_a_page_of_another_site_cannot_act(document, people):
    """With the cookie alone nothing is changed."""
    client, _ = people["administrator"]
    for method, path, operation in document.operations():
        if method == "GET" or operation["x-permission"] == "public":
            continue
        answer = patient(client, method, document.fill(path, id="1"), body=body_for(document, operation), headers={"X-Skep-Csrf": "guess"})
        assert answer.status == 403 and answer.json()["code"] == "csrf", (method, path, answer)


# ---- What nobody should send ----

TEXTS = ["", " ", "'", "' OR 1=1 --", '";DROP TABLE users;--', "<script>alert(1)</script>", "../../etc/passwd", "%00", "\u202e", "😀" * 50,
         "a" * 5000, "-1", "0", "99999999999999999999", "1e309", "NaN", "null", "true", "[]", "{}", "2026-13-45T99:99:99Z", "1969-12-31T00:00:00Z",
         "container.image contains", "((((((((((", "a=" * 500, "not " * 200 + "asset.name = a", "asset.name regex '(a+)+$'", "\x7f\x1b[2J", "${jndi:x}"]
VALUES = [None, True, -1, 0, 1.5, 2 ** 63, -(2 ** 63), 1e308, "", "x" * 5000, "\u0000", "' OR 1=1 --", "<img src=x onerror=alert(1)>", "\ud800",
          "\udc00\ud800", [], [[]], [None], {}, {"a": {"b": []}}, ["x"] * 2000, functools.reduce(lambda inside, _: [inside], range(500), 0)]


def hostile_queries(operation):
    for p in operation.get("parameters", []):
        if p["in"] == "query":
            for text in TEXTS:
                yield urllib.parse.quote(p["name"]) + "=" + urllib.parse.quote(text)
            yield urllib.parse.quote(p["name"]) + "=%ff%fe"
            yield "&".join([urllib.parse.quote(p["name"]) + "=1"] * 300)
    yield "=" * 100
    yield "%"
    yield "&" * 1000


def hostile_bodies(document, operation):
    right = body_for(document, operation)
    if right is None:
        yield b"{}"
        return
    schema = document.resolve(operation["requestBody"]["content"]["application/json"]["schema"])
    for name in list(schema["properties"]) + ["nonesuch", ""]:
        for value in VALUES:
            yield json.dumps({**right, name: value}).encode()
        yield json.dumps({**right, name: "?"}).encode().replace(b"?", b"\xc3\x28\xed\xa0\x80\xff")
    for raw in (b"", b"null", b"[]", b"{", b'{"a":1}trailing', b"[" * 100000, b'{"a":' * 1000 + b"1" + b"}" * 1000, b"\xff\xfe", b'{"\\ud800":1}'):
        yield raw


def survives(document, console, clients, requests, ask=patient):
    """The clients take turns."""
    wrong, lines = [], itertools.cycle([Line(console, client, f"127.0.0.{n}") for n, client in enumerate(clients, 2)])
    for method, path, operation, url, kw in requests:
        answer = ask(next(lines), method, url, **kw)
        if answer.status >= 500:
            wrong.append(f"{method} {url[:200]} {str(kw)[:200]}: {answer}")
        wrong += [f"{method} {url[:200]} {str(kw)[:200]}: {p}" for p in document.problems(operation, answer)]
        if len(wrong) > 10:
            break
    assert not wrong, "\n".join(wrong[:10])
    assert console.process.poll() is None, console.said()


def test_no_query_brings_it_down(document, console, admin, told, people):
    clients = people["administrator"][0], admin

    def requests():
        for method, path, operation in document.operations():
            if method == "GET" and "oidc" not in path:
                for q in hostile_queries(operation):
                    yield method, path, operation, document.fill(path, id="1") + "?" + q, {}

    survives(document, console, clients, requests())


def test_no_path_brings_it_down(document, console, admin, people):
    clients = people["administrator"][0], admin

    def requests():
        for method, path, operation in document.operations():
            if "{" in path and method == "GET":
                for text in TEXTS + ["1/2", "..", "%2e%2e", "sha256:" + "f" * 64, "container:x"]:
                    yield method, path, operation, document.fill(path, id=text or "%20", digest=text or "%20"), {}

    survives(document, console, clients, requests())


def with_hostile_bodies(document, wanted):
    for method, path, operation in document.operations():
        if method != "GET" and wanted(method, path):
            for body in hostile_bodies(document, operation):
                yield (method, path, operation, document.fill(path, id="999999", digest="x"),
                       {"body": body, "headers": {"Content-Type": "application/json"}})


def is_own(path):
    return path.split("/")[3] == "session"


def test_no_body_brings_it_down(document, console, admin, people):
    survives(document, console, (people["administrator"][0], admin), with_hostile_bodies(document, lambda method, path: not is_own(path)))


def test_no_body_lets_in_or_locks_out(document, console, admin):
    """What says who one is: nobody gets another's session by it, keeps one they had, or takes one from others."""
    made = admin.ask("POST", "/api/v1/users", {"name": "odd", "password": "First-horse-7-battery", "roles": []})
    assert made.status == 201, made
    client = console.client().sign_in("odd", "First-horse-7-battery", new="Second-horse-8-battery")
    statuses = []

    def at_once(line, method, url, **kw):
        """Who guesses is asked to wait longer and longer: that is an answer, too."""
        answer = line.ask(method, url, **kw)
        statuses.append((method, url, answer.status))
        assert "Set-Cookie" not in answer.headers, answer
        return answer

    survives(document, console, [client], with_hostile_bodies(document, lambda method, path: is_own(path) and method != "DELETE"), at_once)
    answered = {s for method, url, s in statuses if url == "/api/v1/session"}
    assert answered <= {400, 401, 413, 429} and 401 in answered, answered
    assert client.get("/api/v1/session").json()["user"]["name"] == "odd"
    assert admin.get("/api/v1/session").json()["user"]["name"] == "admin"
    assert console.client().get("/api/v1/session").status == 401


def test_what_is_no_json_is_refused(document, admin):
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", ""):
        answer = admin.ask("PATCH", "/api/v1/settings", b'{"retentionDays":9}', headers={"Content-Type": kind})
        assert answer.status == 415, (kind, answer)
    assert admin.ask("PATCH", "/api/v1/settings", b'{"retentionDays":9}', headers={"Content-Type": "application/json; charset=utf-8"}).status == 200
