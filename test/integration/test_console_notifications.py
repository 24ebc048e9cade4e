"""Alerts from an agent through the console to other systems, set up by its API."""
import json
import re
import signal
import time

import pytest

from agents import until
from consoles import Console
from fleet import administrator, ask, change
from notifying import HOSTILE, Teller, quiet_now
from receivers import Script
from services import Certificates, free_port

SECRET = "hush-Zq7-never-seen-again"


@pytest.fixture
def console(tmp_path, new_database):
    (tmp_path / "console").mkdir()
    with Console(tmp_path / "console", "--notify-allow", "127.0.0.0/8", database=new_database()) as c:
        yield c


@pytest.fixture
def admin(console):
    return administrator(console)


def hook(url, name="hook", filter="", **settings):
    return {"name": name, "kind": "webhook", "filter": filter, "settings": {"url": url, **settings}}


def state(admin, made):
    a = admin.get(f"/api/v1/notifications/{made['id']}")
    assert a.status == 200, a
    return a.json()["state"]


def test_an_alert_goes_through(console, admin, tmp_path):
    with Script() as script, Script() as other:
        made = admin.ask("POST", "/api/v1/notifications", hook(script.url + "/x", secret=SECRET))
        assert made.status == 201, made
        only = admin.ask("POST", "/api/v1/notifications", hook(other.url, "critical", "alert.severity <= 2"))
        assert only.status == 201, only
        teller = Teller(console, admin, tmp_path)
        teller.tell(1, message=HOSTILE)
        teller.tell(2, 3, priority="Critical")
        assert until(lambda: len(script.bodies()) == 3 and len(other.bodies()) == 2)
        docs = [json.loads(b) for b in script.bodies()]
        assert docs[0]["message"] == HOSTILE and docs[0]["host"] == "node-1" and docs[0]["agent"].startswith("a-")
        assert len({d["id"] for d in docs}) == 3 and all(d["priority"] == "Critical" for d in map(json.loads, other.bodies()))
        assert until(lambda: state(admin, made.json())["sent"] == 3)
        assert until(lambda: state(admin, made.json())["waiting"] == 0)


def test_secrets_are_told_to_nobody(console, admin):
    with Script() as script:
        made = admin.ask("POST", "/api/v1/notifications",
                         hook(script.url + "/" + SECRET, secret=SECRET, headers={"X-Token": SECRET})).json()
        shown = made["settings"]
        assert shown["secret"] == "***" and shown["headers"] == {"X-Token": "***"} and shown["url"] == script.url + "/***"
        listed = admin.get("/api/v1/notifications").body + admin.get(f"/api/v1/notifications/{made['id']}").body
        # What is shown may be given back.
        put = admin.ask("PUT", f"/api/v1/notifications/{made['id']}", {"name": "again", "kind": "webhook", "settings": shown})
        assert put.status == 200, put
        assert admin.ask("POST", f"/api/v1/notifications/{made['id']}/test").json() == {"ok": True, "message": ""}
        q = script.requests[-1]
        assert q["path"] == "/" + SECRET and q["headers"]["x-token"] == SECRET and q["headers"]["x-skep-signature"]
        # Nobody sends another's secret to himself.
        moved = {**shown, "url": "http://127.0.0.1:1/elsewhere"}
        assert admin.ask("PUT", f"/api/v1/notifications/{made['id']}", {"name": "x", "kind": "webhook", "settings": moved}).status == 400
        audit = admin.get("/api/v1/audit").body
        assert b"again" in audit
        for place in (listed, put.body, audit, console.said().encode(), admin.get("/metrics").body):
            assert SECRET.encode() not in place
    console.end()
    for file in console.state.rglob("*"):
        if file.is_file():
            assert SECRET.encode() not in file.read_bytes(), file
    assert (console.state / "secret.key").stat().st_mode & 0o077 == 0


def test_what_is_wrong_is_said(admin):
    wrong = [({"name": "x", "kind": "pigeon", "settings": {}}, "pigeon"),
             (hook("file:///etc/passwd"), "url"), (hook("http://h", filter="alert.severity <"), "column"),
             (hook("http://h", filter="alert.severty = 1"), "alert.severity"),
             (hook("http://h", filter="priority = warn"), "column 12: 'warn' is none of the words of alert.priority: emergency, alert, critical"), (hook("http://h", nonsense=1), "nonsense"),
             (hook("http://h", quietFrom="22:00"), "quietTo")]
    for body, word in wrong:
        a = admin.ask("POST", "/api/v1/notifications", body)
        assert a.status == 400 and word in a.json()["detail"], a
    assert admin.ask("POST", "/api/v1/notifications", hook("http://h")).status == 201
    assert admin.ask("POST", "/api/v1/notifications", hook("http://h")).status == 409
    assert admin.get("/api/v1/notifications/999").status == 404


def test_the_test_button_says_what_is_wrong(admin):
    made = admin.ask("POST", "/api/v1/notifications", hook(f"http://127.0.0.1:{free_port()}")).json()
    a = admin.ask("POST", f"/api/v1/notifications/{made['id']}/test").json()
    assert a == {"ok": False, "message": "it cannot be reached"}
    far = admin.ask("POST", "/api/v1/notifications", hook("http://169.254.169.254/latest/meta-data/", "far")).json()
    a = admin.ask("POST", f"/api/v1/notifications/{far['id']}/test").json()
    assert not a["ok"] and "may not be spoken to" in a["message"]
    # In the reader's language, but for the receiver's own words.
    with Script([(403, "invalid_token"), (400, "no_text"), (200, "<html>")]) as script:
        said = []
        for kind in ("slack", "slack", "dingtalk"):
            made = admin.ask("POST", "/api/v1/notifications", {"name": f"{kind} {len(said)}", "kind": kind, "settings": {"url": script.url}}).json()
            said.append(admin.ask("POST", f"/api/v1/notifications/{made['id']}/test", headers={"Accept-Language": "zh"}).json()["message"])
        assert said == ["对方答复 403：invalid_token", "对方拒绝该内容（400）：no_text", "对方的答复不是机器人的答复"], said


def test_a_receiver_that_is_changed_or_taken_away(console, admin, tmp_path):
    teller = Teller(console, admin, tmp_path)
    with Script() as one, Script() as two:
        made = admin.ask("POST", "/api/v1/notifications", hook(one.url)).json()
        teller.tell(1)
        assert until(lambda: len(one.bodies()) == 1)
        admin.ask("PUT", f"/api/v1/notifications/{made['id']}", hook(two.url))
        teller.tell(2)
        assert until(lambda: len(two.bodies()) == 1)
        assert admin.ask("DELETE", f"/api/v1/notifications/{made['id']}").status == 204
        teller.tell(3)
        assert until(lambda: int(ask(console, "SELECT COUNT(*) FROM notify_queue")[0][0]) == 0)
        assert len(one.bodies()) == 1 and len(two.bodies()) == 1
        assert not list((console.state / "notify").glob("receiver-*"))


def test_nothing_acknowledged_is_lost_when_the_console_is_killed(console, admin, tmp_path):
    port = free_port()
    admin.ask("POST", "/api/v1/notifications", hook(f"http://127.0.0.1:{port}/"))
    teller = Teller(console, admin, tmp_path)
    told = 0
    for round in range(3):
        for _ in range(5):
            teller.tell(*range(told + 1, told + 11))
            told += 10
        console.end(signal.SIGKILL)
        console.args[console.args.index("--listen") + 1] = f"127.0.0.1:{console.port}"
        console.start()
    with Script(port=port) as script:
        assert until(lambda: len({json.loads(b)["event"] for b in script.bodies()}) == told, 90)
        # Told again are at most those that were on their way into the spool at a kill.
        assert len(script.bodies()) <= told + 3 * 50


def test_what_quiet_hours_hold_outlives_a_kill_of_the_console(console, admin, tmp_path):
    with Script() as script:
        made = admin.ask("POST", "/api/v1/notifications", hook(script.url, **quiet_now())).json()
        Teller(console, admin, tmp_path).tell(*range(1, 21))
        assert until(lambda: state(admin, made)["waiting"] == 20), state(admin, made)
        for _ in range(2):
            console.end(signal.SIGKILL)
            console.args[console.args.index("--listen") + 1] = f"127.0.0.1:{console.port}"
            console.start()
        assert not script.bodies()
        assert admin.ask("PUT", f"/api/v1/notifications/{made['id']}", hook(script.url)).status == 200
        assert until(lambda: script.bodies())
        held = json.loads(script.bodies()[0])
        assert held["more"] == 19 and held["reason"] == "quiet" and len(script.bodies()) == 1, held


def test_kinds_describe_themselves(admin):
    kinds = {k["name"]: k for k in admin.get("/api/v1/notification-kinds").json()["items"]}
    assert set(kinds) == {"syslog", "webhook", "slack", "teams", "dingtalk", "feishu", "wecom", "mail", "kafka", "elasticsearch",
                          "splunk", "alertmanager"}
    settings = {s["name"]: s for s in kinds["mail"]["settings"]}
    assert settings["password"]["secret"] and settings["to"]["required"] and settings["tls"]["choices"] == ["starttls", "none"]
    assert all(s["what"] and s["whatZh"] for k in kinds.values() for s in k["settings"])


def test_threat_intelligence_reaches_agents_rules(console, admin, tmp_path):
    Teller(console, admin, tmp_path)
    a = admin.ask("POST", "/api/v1/intelligence", {"name": "feodo", "kind": "ip", "source": "https://feeds.example/feodo",
                                                   "text": "# x\n198.51.100.7,8080\n203.0.113.0/24\nnonsense\nbad.example\n"})
    assert a.status == 201, a
    made = a.json()
    assert (made["entries"], made["notUnderstood"], made["firstNotUnderstood"], made["others"]) == (2, 1, 4, 1)
    stix = {"type": "bundle", "objects": [{"type": "indicator", "pattern_type": "stix", "pattern": "[domain-name:value = 'bad.example']"}]}
    assert admin.ask("POST", "/api/v1/intelligence", {"name": "names", "kind": "domain", "text": json.dumps(stix)}).status == 201
    # A rule of one's own may name the lists; both rules are among the console's.
    own = "- rule: Mine\n  desc: x\n  condition: evt.type = dns and dns.name in (intel_names)\n  output: x\n  priority: ERROR\n"
    assert admin.ask("POST", "/api/v1/rule-files", {"name": "own", "text": own}).status == 201
    names = [r["name"] for r in admin.get("/api/v1/rules?limit=1000").json()["items"]]
    assert {"Address of threat intelligence", "Name of threat intelligence", "Mine"} <= set(names)
    # What a command of kind rules carries.
    sent = ask(console, "SELECT text FROM rule_text")[0][0]
    assert "203.0.113.0/24" in sent and "Mine" in sent
    for wrong in ({"name": "ip", "kind": "ip", "text": "1.2.3.4"}, {"name": "x", "kind": "url", "text": "1.2.3.4"},
                  {"name": "x", "kind": "ip", "text": "0.0.0.0/0"}, {"name": "x", "kind": "ip", "text": "{}"}):
        assert admin.ask("POST", "/api/v1/intelligence", wrong).status == 400, wrong
    assert admin.ask("POST", "/api/v1/intelligence", {"name": "feodo", "kind": "ip", "text": "1.2.3.4"}).status == 409
    # Which rules judge by it, by its own name or its kind's.
    lists = {x["name"]: x for x in admin.get("/api/v1/intelligence").json()["items"]}
    assert lists["feodo"]["rules"] == ["Address of threat intelligence"], lists
    assert lists["names"]["rules"] == ["Name of threat intelligence", "Mine"]
    assert (lists["feodo"]["notUnderstood"], lists["feodo"]["firstNotUnderstood"], lists["feodo"]["expires"]) == (1, 4, None)
    put = admin.ask("PUT", f"/api/v1/intelligence/{made['id']}", {"text": "1.2.3.4\n"})
    assert put.status == 200 and put.json()["entries"] == 1
    past = {"text": "1.2.3.4\n", "expires": "2020-01-01T00:00:00Z"}
    assert admin.ask("PUT", f"/api/v1/intelligence/{made['id']}", past).status == 400
    assert admin.ask("DELETE", f"/api/v1/intelligence/{made['id']}").status == 204
    assert [x["name"] for x in admin.get("/api/v1/intelligence").json()["items"]] == ["names"]


def fetched(admin, made, tried=None):
    """The list, once it was tried again after @tried."""
    found = []

    def now():
        found[:] = [x for x in admin.get("/api/v1/intelligence").json()["items"] if x["id"] == made["id"]]
        return found[0]["feed"]["tried"] not in (None, tried)
    assert until(now), found
    return found[0]


def again(admin, list, script, *answers):
    """Has the list fetched from what answers so, and gives it back with what was asked."""
    script.answers, before, began = [*answers], len(script.requests), time.monotonic()
    assert admin.ask("POST", f"/api/v1/intelligence/{list['id']}/fetch").status == 202
    assert until(lambda: len(script.requests) > before, every=0.01)
    script.waits.append(time.monotonic() - began)
    return fetched(admin, list, list["feed"]["tried"]), script.requests[before:]


def test_threat_intelligence_is_fetched(console, admin, tmp_path):
    """Plain lists, bundles, TAXII's pages; what fails leaves the list as it was, and says why."""
    certificates = Certificates(tmp_path)
    ca, secret = certificates.ca.read_text(), "Bearer " + SECRET

    def bundle(*names, **more):
        objects = [{"type": "indicator", "pattern_type": "stix", "pattern": f"[domain-name:value = '{name}']"} for name in names]
        return json.dumps({"objects": objects, **more})
    with Script([(200, "bad.example\n", {"ETag": '"one"', "Last-Modified": "Sat, 21 Nov 2026 10:00:00 GMT"})], certificates) as script:
        script.waits = []
        feed = {"url": script.url + "/list", "minutes": 30, "ca": ca, "authorization": secret}
        a = admin.ask("POST", "/api/v1/intelligence", {"name": "fed", "kind": "domain", "feed": feed})
        assert a.status == 201 and a.json()["entries"] == 0 and a.json()["feed"]["authorization"] == "***", a
        made = fetched(admin, a.json())
        assert made["entries"] == 1 and "error" not in made["feed"] and made["feed"]["fetched"] and made["feed"]["next"], made
        assert script.requests[0]["headers"]["authorization"] == secret
        sent = ask(console, "SELECT text FROM rule_text")[0][0]
        assert '"bad.example"' in sent
        # Asked for by what it said of itself, unless an operator wants it all.
        change(console, "UPDATE intelligence_feed SET due_ns = 1")
        script.answers = [(304, "")]
        same = fetched(admin, made, made["feed"]["tried"])
        assert same["entries"] == 1 and same["updated"] == made["updated"] and "error" not in same["feed"]
        assert script.requests[-1]["headers"]["if-none-match"] == '"one"' and "if-modified-since" in script.requests[-1]["headers"]
        now, asked = again(admin, same, script, (200, bundle("worse.example", type="bundle")))
        assert now["entries"] == 1 and "if-none-match" not in asked[0]["headers"]
        taxii = {"Content-Type": "application/taxii+json;version=2.1"}
        now, asked = again(admin, now, script, (200, bundle("a.example", more=True, next="p 2"), taxii),
                           (200, bundle("b.example", more=False), taxii))
        assert now["entries"] == 2 and [q["path"] for q in asked] == ["/list", "/list?next=p%202"], asked
        # A server that says when what it gave was added, not where the rest is; and one that says neither.
        now, asked = again(admin, now, script, (200, bundle("a.example", more=True), taxii | {"X-TAXII-Date-Added-Last": "2026-11-01T00:00:00.000Z"}),
                           (200, bundle("d.example", more=False), taxii))
        assert now["entries"] == 2 and [q["path"] for q in asked] == ["/list", "/list?added_after=2026-11-01T00%3A00%3A00.000Z"], (now, asked)
        # What says neither where nor when: what it gave is taken, and told to be a part; no tag keeps that from being asked for again.
        now, asked = again(admin, now, script, (200, bundle("e.example", more=True), taxii | {"ETag": '"part"'}))
        assert now["entries"] == 1 and "does not say where" in now["feed"]["error"] and now["feed"]["fetched"] == now["feed"]["tried"], now
        script.answers = [(200, bundle("e.example", more=False), taxii)]
        change(console, "UPDATE intelligence_feed SET due_ns = 1")
        now = fetched(admin, now, now["feed"]["tried"])
        assert "error" not in now["feed"] and "if-none-match" not in script.requests[-1]["headers"], now
        # An address that says from when on is asked for from there, and goes on; each page by where the one before says.
        path = f"/api/v1/intelligence/{made['id']}"
        script.answers, before = [(200, bundle("a.example", more=True), taxii | {"X-TAXII-Date-Added-Last": "2026-11-01"}),
                                  (200, bundle("b.example", more=True, next="n"), taxii), (200, bundle("c.example", more=False), taxii)], len(script.requests)
        now = admin.ask("PUT", path, {"feed": {**feed, "url": script.url + "/list?added_after=2026-01-01T00:00:00Z&limit=2"}}).json()
        now = fetched(admin, now, now["feed"]["tried"])
        assert now["entries"] == 3 and [q["path"] for q in script.requests[before:]] == [
            "/list?added_after=2026-01-01T00:00:00Z&limit=2", "/list?limit=2&added_after=2026-11-01", "/list?limit=2&added_after=2026-11-01&next=n"], now
        script.answers = [(200, bundle("a.example", "b.example"))]
        now = admin.ask("PUT", path, {"feed": feed}).json()
        now = fetched(admin, now, now["feed"]["tried"])
        assert now["entries"] == 2, now
        # Pages that lead to one that was read: to themselves, or in a circle. Told at once, and nothing of them taken.
        def page(**more):
            return (200, bundle("c.example", more=True, **more), taxii)
        added = (200, bundle("c.example", more=True), taxii | {"X-TAXII-Date-Added-Last": "2026-11-01"})
        for answers, asks in (([page(next="x")], 2), ([added], 2), ([page(next="x"), page(next="y"), page(next="x")], 3),
                              ([page(next=n) for n in "abcb"], 4), ([added, page(next="x"), added], 3)):
            now, asked = again(admin, now, script, *answers)
            assert "leads to one that was read" in now["feed"]["error"] and now["entries"] == 2 and len(asked) == asks, (now, asked)
        # What cannot be taken.
        for answers, why in (([(500, "")], "it answers 500"), ([(200, "nothing")], "nothing in it is an entry"),
                             ([(200, "{")], "JSON"), ([(200, "x" * 9_000_000)], "its answer is too long|bytes"),
                             ([(302, "", {"Location": "http://127.0.0.1/"})], "TLS or HTTP failed"),
                             ([(200, bundle("c.example", more=True, next=str(i)), taxii) for i in range(101)], "pages")):
            now, asked = again(admin, now, script, *answers)
            assert re.search(why, now["feed"]["error"]) and now["entries"] == 2, (why, now)
        audit = [x for x in admin.get("/api/v1/audit?limit=100").json()["items"] if x["how"] == "system"]
        # Asked for, it begins, and not with the next look: the shortest time, for others may use this machine, too.
        assert min(script.waits) < 0.4, script.waits
        assert len(audit) == 7 and audit[0]["target"] == "fed" and audit[0]["after"] == {"entries": 2}, audit
        # A secret goes to the address it was given for, and nowhere else.
        path = f"/api/v1/intelligence/{made['id']}"
        assert admin.ask("PUT", path, {"feed": {**feed, "authorization": "***", "url": script.url + "/other"}}).status == 400
        assert admin.ask("PUT", path, {"feed": {**feed, "authorization": "***"}}).json()["feed"]["authorization"] == "***"
        for wrong in ("http://127.0.0.1/x", "https://user:pw@127.0.0.1/x", "file:///etc/passwd", "ftp://x/y", "https://"):
            assert admin.ask("PUT", path, {"feed": {"url": wrong}}).status == 400, wrong
        assert admin.ask("PUT", path, {"feed": {"url": feed["url"], "authorization": "a\r\nX: y"}}).status == 400
        assert admin.ask("PUT", path, {"feed": feed, "text": "x.example"}).status == 400
        # Another's certificate.
        now = admin.ask("PUT", path, {"feed": {"url": feed["url"]}}).json()
        now = fetched(admin, now, now["feed"]["tried"])
        assert "certificate" in now["feed"]["error"] and now["entries"] == 2, now
        assert "feed" not in admin.ask("PUT", path, {"text": "own.example\n"}).json()
        assert admin.ask("POST", path + "/fetch").status == 404
    assert SECRET.encode() not in b"".join(f.read_bytes() for f in console.state.glob("skep.db*"))
    assert SECRET not in str(ask(console, "SELECT * FROM intelligence_feed"))
    assert SECRET not in console.said()


def test_feeds_are_not_fetched_from_this_host(tmp_path):
    """Whoever may write rules must not ask this host's own services by it."""
    (tmp_path / "console").mkdir()
    with Script([(200, "bad.example\n")], Certificates(tmp_path)) as script, Console(tmp_path / "console") as console:
        admin = administrator(console)
        made = admin.ask("POST", "/api/v1/intelligence", {"name": "near", "kind": "domain", "feed": {"url": script.url}}).json()
        assert fetched(admin, made)["feed"]["error"] == "it is at an address that may not be spoken to"
        assert not script.requests
