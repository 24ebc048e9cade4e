"""The console tells alerts: to the real rsyslog and to receivers that are away, slow, busy, strange or hostile."""
import base64
import email
import email.policy
import hashlib
import hmac
import json
import pathlib
import re
import time
import urllib.parse

import pytest

from agents import until
from notifying import HOSTILE, Notifier, quiet_now
from receivers import KafkaGate, Mock, Relay, Rsyslog, Script
from services import free_port


@pytest.fixture
def notifier(build_dir, tmp_path):
    def make(*receivers, **options):
        return Notifier(build_dir / "test" / "integration" / "notify_probe", tmp_path / "notify", *receivers, **options)
    return make


def syslog(url, **settings):
    return {"kind": "syslog", "settings": {"url": url, **settings}}


def webhook(script, **settings):
    return {"kind": "webhook", "settings": {"url": script.url + "/hook", **settings}}


@pytest.mark.parametrize("kind", ["udp", "tcp", "tls"])
def test_syslog_text(notifier, tmp_path, certificates, kind):
    with Rsyslog(tmp_path / "rsyslog", kind, certificates) as server, \
            notifier(syslog(server.url, facility="local3", **({"ca": certificates.ca.read_text()} if kind == "tls" else {}))) as n:
        n.tell(1)
        n.tell(2, priority="Critical", message=HOSTILE)
        assert until(lambda: len(server.messages()) == 2)
        one, two = server.messages()
        assert one["pri"] == str(19 * 8 + 4) and two["pri"] == str(19 * 8 + 2)
        assert one["host"] == "node-1" and one["app"] == "skep" and "a shell, number 1" in one["msg"]
        assert 'ruleId="SKEP-1042"' in one["data"] and 'alertId="1"' in one["data"] and 'image="nginx:1.25"' in one["data"]
        assert until(lambda: n.of().get("sent") == 2)
        assert n.of()["waiting"] == 0 and n.of()["failures"] == 0


def unescaped(text, marks):
    return re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1] if m[1] in marks else "\0", text)


def parse_cef(line):
    """By the specification: the header ends at unescaped bars, keys are words before an unescaped '='."""
    assert line.startswith("CEF:0|")
    parts = re.split(r"(?<!\\)((?:\\\\)*)\|", line, maxsplit=7)
    parts = [parts[i] + (parts[i + 1] if i + 1 < len(parts) else "") for i in range(0, len(parts), 2)]
    header, rest = parts[:7], parts[7]
    keys = list(re.finditer(r"(?:^| )([A-Za-z][A-Za-z0-9]*)(?<!\\)=", rest))
    pairs = {k[1]: unescaped(rest[k.end():keys[i + 1].start() if i + 1 < len(keys) else len(rest)], "\\=")
             for i, k in enumerate(keys)}
    return [unescaped(h, "\\|") for h in header], pairs


def test_syslog_cef(notifier, tmp_path):
    with Rsyslog(tmp_path / "rsyslog", "tcp") as server, notifier(syslog(server.url, format="cef")) as n:
        n.tell(7)
        n.tell(8, rule="a|b\\c=d", container={"name": HOSTILE, "image": "x cs1=forged"}, lineage=[{"pid": 1, "cmdline": HOSTILE}])
        assert until(lambda: len(server.messages()) == 2)
        header, pairs = parse_cef(server.messages()[0]["msg"].strip())
        assert header[1:3] == ["Skep", "Skep"] and header[4:] == ["SKEP-1042", "Terminal shell in container", "6"]
        assert pairs["externalId"] == "7" and pairs["rt"] == "1795285228123" and pairs["dvchost"] == "node-1"
        assert pairs["cs2Label"] == "image" and pairs["cs2"] == "nginx:1.25" and pairs["msg"] == "a shell, number 7"
        header, pairs = parse_cef(server.messages()[1]["msg"].strip())
        assert header[5] == "a|b\\c=d"
        clean = re.sub(r"[\x00-\x09\x0b-\x1f]", " ", HOSTILE)
        assert pairs["cs1"] == clean and pairs["cs5"] == clean and pairs["cs2"] == "x cs1=forged"


def test_syslog_leef(notifier, tmp_path):
    with Rsyslog(tmp_path / "rsyslog", "udp") as server, notifier(syslog(server.url, format="leef")) as n:
        n.tell(8, rule="a|b", container={"name": HOSTILE})
        assert until(lambda: len(server.messages()) == 1)
        # rsyslog writes control characters as #nnn
        line = server.messages()[0]["msg"].strip().replace("#011", "\t")
        header, attributes = line.split("|x09|", 1)
        assert header.split("|") == ["LEEF:2.0", "Skep", "Skep", header.split("|")[3], "SKEP-1042"]
        pairs = dict(a.split("=", 1) for a in attributes.split("\t"))
        assert pairs["container"] == re.sub(r"[\x00-\x1f]", " ", HOSTILE) and pairs["name"] == "a|b"
        assert pairs["devTime"] == "2026-11-21T18:20:28.123Z" and pairs["sev"] == "6"


def test_syslog_json_is_always_whole(notifier, tmp_path):
    with Rsyslog(tmp_path / "rsyslog", "tcp") as server, notifier(syslog(server.url, format="json", maxBytes=2000)) as n:
        n.tell(1, message=HOSTILE)
        n.tell(2, message='"' * 4000, container={"labels": {"x": "y" * 9000}})
        assert until(lambda: len(server.messages()) == 2)
        one, two = [json.loads(m["msg"]) for m in server.messages()]
        assert one["id"] == "1" and one["host"] == "node-1" and one["message"] == HOSTILE and "cut" not in one
        assert two["id"] == "2" and two["cut"] is True and two["container"] == "web" and len(json.dumps(two)) < 2000


def test_syslog_receiver_that_goes_and_comes(notifier, tmp_path):
    with Rsyslog(tmp_path / "rsyslog", "tcp") as server, notifier(syslog(server.url)) as n:
        n.tell(1)
        assert until(lambda: len(server.messages()) == 1)
    with notifier(syslog(server.url)) as n:
        n.tell(2)
        assert until(lambda: n.of().get("failures", 0) > 0)
        with Rsyslog(tmp_path / "rsyslog", "tcp", port=server.port) as again:
            assert until(lambda: any("number 2" in m["msg"] for m in again.messages()))
            assert until(lambda: n.of()["waiting"] == 0)


def test_syslog_over_tls_does_not_trust_a_stranger(notifier, tmp_path, certificates):
    with Rsyslog(tmp_path / "rsyslog", "tls", certificates) as server, notifier(syslog(server.url)) as n:
        n.tell(1)
        assert until(lambda: "certificate" in n.of().get("why", ""))
        assert server.messages() == [] and n.of()["waiting"] == 1


def test_webhook_says_everything_and_is_signed(notifier, certificates):
    with Script(certificates=certificates) as script, \
            notifier(webhook(script, secret="hush", headers={"X-Team": "red"}, ca=certificates.ca.read_text())) as n:
        n.tell(5, message=HOSTILE)
        assert until(lambda: script.bodies())
        q = script.requests[0]
        doc = json.loads(q["body"])
        assert doc["id"] == "5" and doc["host"] == "node-1" and doc["agent"] == "a-1" and doc["message"] == HOSTILE
        assert doc["rule"] == "Terminal shell in container" and doc["container"]["image"] == "nginx:1.25"
        assert q["path"] == "/hook" and q["headers"]["x-team"] == "red" and q["headers"]["content-type"] == "application/json"
        stamp = q["headers"]["x-skep-timestamp"]
        assert abs(int(stamp) - time.time()) < 60
        assert q["headers"]["x-skep-signature"] == \
            "sha256=" + hmac.new(b"hush", stamp.encode() + b"." + q["body"], hashlib.sha256).hexdigest()


@pytest.mark.parametrize("first", [(500, ""), (429, "", {"Retry-After": "2"}), (503, ""), ("reset", ""), (401, "")])
def test_webhook_tries_again(notifier, first):
    with Script([first, (200, "")]) as script, notifier(webhook(script)) as n:
        n.tell(1)
        assert until(lambda: len(script.requests) == 2)
        assert json.loads(script.requests[1]["body"])["id"] == "1"
        pause = script.requests[1]["at"] - script.requests[0]["at"]
        assert pause > (1.9 if first[0] == 429 else 0.9)
        assert until(lambda: n.of()["sent"] == 1) and n.of()["failures"] == 1


def test_webhook_gives_up_only_what_is_refused(notifier):
    with Script([(400, ""), (200, ""), (400, ""), (200, "")]) as script, notifier(webhook(script, batch=10)) as n:
        n.tell_all(1, 2, 3, 4)
        assert until(lambda: n.of().get("sent", 0) + n.of().get("refused", 0) == 4)
        assert n.of()["refused"] == 1 and n.of()["waiting"] == 0


def test_webhook_that_stalls_holds_nobody_up(notifier, tmp_path):
    with Script([("stall", "")]) as slow, Script() as script, notifier(webhook(slow), webhook(script)) as n:
        for i in range(1, 4):
            n.tell(i)
        assert until(lambda: len(script.bodies()) == 3)
        assert until(lambda: n.of(1)["waiting"] == 3), n.figures


def test_webhook_does_not_trust_a_stranger(notifier, certificates):
    with Script(certificates=certificates) as script, notifier(webhook(script)) as n:
        n.tell(1)
        assert until(lambda: "certificate" in n.of().get("why", ""))
        assert script.requests == [] and n.of()["waiting"] == 1


def test_webhook_does_not_follow_redirects(notifier):
    with Script() as other, Script([(302, "", {"Location": other.url})]) as script, notifier(webhook(script)) as n:
        n.tell(1)
        assert until(lambda: "302" in n.of().get("why", ""))
        assert other.requests == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "169.254.169.254", "0.0.0.0", "[::ffff:127.0.0.1]"])
def test_this_hosts_own_services_are_out_of_reach(notifier, host):
    with Script() as script, notifier({"kind": "webhook", "settings": {"url": f"http://{host}:{script.port}/"}},
                                      syslog(f"tcp://{host}:{script.port}"), allow=()) as n:
        n.tell(1)
        assert until(lambda: n.of(1).get("why") and n.of(2).get("why"))
        assert "may not be spoken to" in n.of(1)["why"] and "may not be spoken to" in n.of(2)["why"]
        assert script.requests == []


def test_alerts_wait_on_disk_while_the_receiver_is_away_and_the_console_dies(notifier):
    port = free_port()
    away = {"kind": "webhook", "settings": {"url": f"http://127.0.0.1:{port}/"}}
    n = notifier(away).__enter__()
    for i in range(1, 21):
        n.tell(i)
    assert until(lambda: n.of().get("waiting") == 20)
    n.kill()
    with Script(port=port) as script, notifier(away) as n:
        assert until(lambda: len(script.bodies()) >= 20)
        assert {json.loads(b)["id"] for b in script.bodies()} == {str(i) for i in range(1, 21)}


def test_filters_choose(notifier):
    with Script() as a, Script() as b, Script() as c, notifier(
            {**webhook(a), "filter": "alert.severity <= 2"},
            {**webhook(b), "filter": "k8s.ns.name = prod and not proc.name = sh"},
            {**webhook(c), "filter": "container.image.repository = x"}) as n:
        n.tell(1)
        n.tell(2, priority="Critical")
        n.tell(3, lineage=[{"pid": 1, "name": "bash"}])
        # Nobody knows this one's image: it may be the one.
        n.tell(4, container={"metadataKnown": False, "image": ""})
        assert until(lambda: len(a.bodies()) + len(b.bodies()) + len(c.bodies()) == 3)
        assert [json.loads(x.bodies()[0])["id"] for x in (a, b, c)] == ["2", "3", "4"]


def test_equal_ones_are_told_together(notifier):
    with Script() as script, notifier(webhook(script, groupBy=["rule", "container"], groupSeconds=1)) as n:
        n.tell_all(*((i, {"priority": "Error" if i == 5 else "Warning"}) for i in range(1, 11)))
        assert until(lambda: len(script.bodies()) == 2)
        first, rest = map(json.loads, script.bodies())
        assert first["id"] == "1" and "more" not in first
        assert rest["id"] == "5" and rest["more"] == 8 and rest["reason"] == "group"
        assert rest["firstTime"] <= rest["lastTime"]


def test_no_more_than_so_many_a_minute(notifier):
    began = time.monotonic()
    with Script() as script, notifier(webhook(script, perMinute=60)) as n:
        n.tell_all(*range(1, 101))
        assert until(lambda: sum(1 + json.loads(b).get("more", 0) for b in script.bodies()) == 100)
        # What came while a slow machine told the others was in time for another second's.
        assert 60 <= len(script.bodies()) <= 62 + time.monotonic() - began
        assert json.loads(script.bodies()[-1])["reason"] == "rate"


def test_quiet_hours_end_in_one_message(notifier):
    with Script() as script:
        with notifier(webhook(script, **quiet_now())) as n:
            n.tell(1)
            n.tell(2, priority="Critical")
            n.tell(3)
            assert until(lambda: script.bodies() and n.of()["waiting"] == 2)
            assert json.loads(script.bodies()[0])["id"] == "2"
        # A console that goes down hands over what it holds.
        with notifier(webhook(script)) as n:
            assert until(lambda: len(script.bodies()) == 2)
            held = json.loads(script.bodies()[1])
            assert held["id"] == "3" and held["more"] == 1 and held["reason"] == "quiet"


@pytest.mark.parametrize("reason, kills", [("quiet", 3), ("group", 3), ("rate", 1)])
def test_what_is_held_outlives_a_kill(notifier, reason, kills):
    """Counted whole, told once, and not before its time. (What a rate holds may be told by who begins anew.)"""
    held = {"quiet": quiet_now(), "group": {"groupBy": ["rule"], "groupSeconds": 600}, "rate": {"perMinute": 2}}[reason]
    told = {"quiet": 0, "group": 1, "rate": 2}[reason]
    with Script() as script:
        for round in range(kills):
            n = notifier(webhook(script, **held))
            n.__enter__()
            n.tell_all(*range(round * 10 + 1, round * 10 + 11))
            assert until(lambda: len(script.bodies()) == told and n.of().get("waiting") == (round + 1) * 10 - told), n.of()
            time.sleep(0.3)
            n.kill()
        with notifier(webhook(script, **held), ahead=601) if reason == "group" else notifier(webhook(script)) as n:
            assert until(lambda: sum(1 + json.loads(b).get("more", 0) for b in script.bodies()) == kills * 10), script.bodies()
            last = json.loads(script.bodies()[-1])
            assert last["reason"] == reason and last["more"] == kills * 10 - 1 - told and len(script.bodies()) == told + 1
        with notifier(webhook(script, **held)) as n:
            assert until(lambda: n.of())
            time.sleep(0.5)
            assert len(script.bodies()) == told + 1 and n.of()["waiting"] == 0


def test_a_damaged_file_of_what_is_held_is_counted(notifier):
    with Script() as script:
        with notifier(webhook(script, **quiet_now())) as n:
            n.tell(1)
            assert until(lambda: n.of().get("waiting") == 1)
            file = until(lambda: next(pathlib.Path(n.args[1]).rglob("receiver-1.held"), None))
        text = file.read_bytes()
        assert text.startswith(b"quiet ")
        file.write_bytes(b"quiet 1 {\n\0\xff\n" + text + b"nonsense 1 {}\n")
        with notifier(webhook(script)) as n:
            assert until(lambda: len(script.bodies()) == 1 and n.of().get("lost") == 3), n.of()
        assert not file.exists()


def test_settings_that_make_no_sense(notifier):
    wrong = [({"kind": "webhook", "settings": {}}, "url"), ({"kind": "webhook", "settings": {"url": "file:///etc/passwd"}}, "url"),
             ({"kind": "webhook", "settings": {"url": "http://x", "headers": {"A": "b\r\nC: d"}}}, "headers"),
             ({"kind": "webhook", "settings": {"url": "http://u:p@x/"}}, "url"),
             ({"kind": "syslog", "settings": {"url": "tcp://x", "format": "xml"}}, "format"),
             ({"kind": "syslog", "settings": {"url": "tcp://x", "nonsense": 1}}, "nonsense")]
    with notifier(*[w[0] for w in wrong]) as n:
        assert until(lambda: len(n.errors) == len(wrong))
        assert [e["at"] for e in n.errors] == [w[1] for w in wrong]


def test_the_test_button(notifier):
    with Script([(200, ""), (500, "")]) as script, notifier() as n:
        n.say({"try": webhook(script)})
        n.say({"try": webhook(script)})
        n.say({"try": {"kind": "webhook", "settings": {"url": f"http://127.0.0.1:{free_port()}/"}}})
        assert until(lambda: len(n.tried) == 3)
        assert [t["tried"] for t in n.tried] == [0, 1, 1]
        assert "500" in n.tried[1]["why"] and "reached" in n.tried[2]["why"]
        assert json.loads(script.bodies()[0])["source"] == "console"


def told(script, kind, path="/", **settings):
    return {"kind": kind, "settings": {"url": script.url + path, **settings}}


def test_slack(notifier):
    with Script([(200, "ok")]) as script, notifier(told(script, "slack", "/services/T/B/secret")) as n:
        n.tell(1, rule=HOSTILE[:60], message=HOSTILE, container={"name": HOSTILE})
        assert until(lambda: script.bodies())
        body = json.loads(script.bodies()[0])
        assert script.requests[0]["path"] == "/services/T/B/secret"
        assert "<" not in body["text"] and "&lt;!channel&gt;" in body["text"]
        blocks = body["attachments"][0]["blocks"]
        assert [b["type"] for b in blocks] == ["header", "section", "section", "actions"]
        assert blocks[3]["elements"][0]["url"] == "https://console.example:8443/alerts/1"
        texts = [blocks[0]["text"], blocks[1]["text"], *blocks[2]["fields"]]
        assert all(t["type"] == "plain_text" for t in texts) and len(blocks[2]["fields"]) <= 10


def test_teams(notifier):
    with Script([(202, "")]) as script, notifier(told(script, "teams")) as n:
        n.tell(1, message=HOSTILE)
        assert until(lambda: script.bodies(202))
        card = json.loads(script.bodies(202)[0])["attachments"][0]
        assert card["contentType"] == "application/vnd.microsoft.card.adaptive" and card["content"]["type"] == "AdaptiveCard"
        assert all(b["type"] == "RichTextBlock" for b in card["content"]["body"])


def test_dingtalk_is_signed_and_its_answer_read(notifier):
    answers = [(200, '{"errcode":130101,"errmsg":"send too fast"}'), (200, '{"errcode":0,"errmsg":"ok"}')]
    with Script(answers) as script, notifier(told(script, "dingtalk", "/robot/send?access_token=t", secret="SECx", language="zh")) as n:
        n.tell(1)
        assert until(lambda: n.of().get("sent") == 1) and n.of()["failures"] == 1
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(script.requests[1]["path"]).query)
        stamp = query["timestamp"][0]
        wanted = base64.b64encode(hmac.new(b"SECx", f"{stamp}\nSECx".encode(), hashlib.sha256).digest()).decode()
        assert query["sign"] == [wanted] and query["access_token"] == ["t"] and abs(int(stamp) / 1000 - time.time()) < 60
        content = json.loads(script.bodies()[1])["text"]["content"]
        assert "第 1 个终端" in content and "镜像: nginx:1.25" in content and "/alerts/1" in content


def test_feishu_is_signed(notifier):
    with Script([(200, '{"code":0}')]) as script, notifier(told(script, "feishu", secret="SECx")) as n:
        n.tell(1)
        assert until(lambda: n.of().get("sent") == 1)
        body = json.loads(script.bodies()[0])
        key = f"{body['timestamp']}\nSECx".encode()
        assert body["sign"] == base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode()
        assert body["msg_type"] == "interactive" and body["card"]["header"]["title"]["tag"] == "plain_text"


def test_feishu_that_is_told_too_much(notifier):
    """It answers 400, and by the code it has for what is malformed, too."""
    with Script([(400, '{"code":9499,"msg":"too many request","data":{}}'), (200, '{"code":0}')]) as script, notifier(told(script, "feishu")) as n:
        n.tell(1)
        assert until(lambda: n.of().get("sent") == 1)
        assert n.of()["refused"] == 0 and n.of()["failures"] == 1


def test_why_it_is_not_taken_is_told_in_the_receivers_words(notifier):
    with Script([(403, "invalid_token")]) as slack, Script([(403, '{"text":"Token disabled","code":1}')]) as splunk, \
            Script([(500, '{"message":"who is tok-of-splunk?"}')]) as echo, Script([(500, '{"message":"got k-of-hook"}')]) as hook, \
            Script([(200, json.dumps({"errcode": 310000, "errmsg": "x" * 115 + "SEC-of-the-robot"}))]) as robot, \
            notifier(told(slack, "slack"), told(splunk, "splunk", token="tok"), told(echo, "splunk", token="tok-of-splunk"),
                     told(hook, "webhook", headers={"Authorization": "Bearer k-of-hook"}), told(robot, "dingtalk", secret="SEC-of-the-robot")) as n:
        n.tell(1)
        assert until(lambda: all(n.of(i).get("failures") for i in range(1, 6)))
        withheld = "it answers %d and its words are withheld: they hold a secret"
        assert [n.of(i)["why"] for i in range(1, 6)] == ["it answers 403: invalid_token", "it answers 403: Token disabled", withheld % 500,
                                                         withheld % 500, withheld % 200]


def test_wecom_takes_2048_bytes(notifier):
    with Script([(200, '{"errcode":0}')]) as script, notifier(told(script, "wecom", "/cgi-bin/webhook/send?key=k", language="zh")) as n:
        n.tell(1, messageZh="中" * 3000)
        assert until(lambda: n.of().get("sent") == 1)
        content = json.loads(script.bodies()[0])["text"]["content"]
        assert len(content.encode()) <= 2048 and content.endswith("https://console.example:8443/alerts/1\n")


def test_elasticsearch(notifier):
    partly = {"errors": True, "items": [{"create": {"status": 201}}, {"create": {"status": 429, "error": {"reason": "busy"}}}]}
    with Script([(200, json.dumps(partly)), (200, '{"errors":false,"items":[]}')]) as script, \
            notifier(told(script, "elasticsearch", index="alerts", user="u", password="p:w")) as n:
        n.tell_all(1, (2, {"message": HOSTILE}))
        assert until(lambda: n.of().get("sent") == 2)
        q = script.requests[-1]
        assert q["path"] == "/_bulk" and q["headers"]["content-type"] == "application/x-ndjson"
        assert q["headers"]["authorization"] == "Basic " + base64.b64encode(b"u:p:w").decode()
        lines = [json.loads(x) for x in q["body"].decode().splitlines()]
        assert lines[0] == {"create": {"_index": "alerts", "_id": "1"}} and lines[1]["@timestamp"].startswith("2026-11-21T")
        assert lines[3]["message"] == HOSTILE and q["body"].endswith(b"\n")


def test_elasticsearch_refuses_some(notifier):
    partly = {"errors": True, "items": [{"create": {"status": 201}}, {"create": {"status": 400, "error": {"reason": "mapping"}}}]}
    with Script([(200, json.dumps(partly))]) as script, notifier(told(script, "elasticsearch", apiKey="abc")) as n:
        n.set([])
        n.tell(0)
        n.set([{"id": 9, "name": "x", "version": 1, **told(script, "elasticsearch", apiKey="abc")}])
        n.tell(1)
        n.tell(2)
        assert until(lambda: n.of(9).get("sent", 0) + n.of(9).get("refused", 0) >= 2)
        assert n.of(9)["refused"] >= 1 and script.requests[0]["headers"]["authorization"] == "ApiKey abc"


def test_elasticsearch_without_room_is_waited_for(notifier):
    """A full disk blocks the index: 403 for each document, in later versions 429. Nothing is given up."""
    item = {"status": 403, "error": {"type": "cluster_block_exception", "reason": "index [x] blocked by: [FORBIDDEN/12/index read-only / allow delete (api)];"}}
    with Script([(200, json.dumps({"errors": True, "items": [{"create": item}]})), (200, '{"errors":false,"items":[]}')]) as script, \
            notifier(told(script, "elasticsearch")) as n:
        n.tell(1)
        assert until(lambda: n.of().get("sent") == 1)
        assert n.of()["refused"] == 0 and n.of()["failures"] == 1


def test_splunk_whose_token_is_set_up_wrong_is_waited_for(notifier):
    with Script([(400, '{"text":"Incorrect index","code":7,"invalid-event-number":1}'), (200, '{"text":"Success","code":0}')]) as script, \
            notifier(told(script, "splunk", token="tok", index="mian")) as n:
        n.tell(1)
        assert until(lambda: n.of().get("sent") == 1)
        assert n.of()["refused"] == 0 and n.of()["failures"] == 1


def test_splunk(notifier):
    with Script([(503, '{"text":"Server is busy","code":9}'), (200, '{"text":"Success","code":0}')]) as script, \
            notifier(told(script, "splunk", token="tok", index="main")) as n:
        n.tell(1, message=HOSTILE)
        assert until(lambda: n.of().get("sent") == 1)
        q = script.requests[-1]
        event = json.loads(q["body"])
        assert q["path"] == "/services/collector/event" and q["headers"]["authorization"] == "Splunk tok"
        assert event["time"] == 1795285228.123 and event["index"] == "main" and event["sourcetype"] == "skep:alert"
        assert event["host"] == "node-1" and event["event"]["message"] == HOSTILE


def test_alertmanager(notifier):
    with Script() as script, notifier(told(script, "alertmanager", lastingSeconds=60)) as n:
        n.tell(1)
        assert until(lambda: script.bodies())
        assert script.requests[0]["path"] == "/api/v2/alerts"
        a = json.loads(script.bodies()[0])[0]
        assert a["labels"] == {"alertname": "Terminal shell in container", "source": "skep", "severity": "warning",
                               "priority": "Warning", "rule_id": "SKEP-1042", "host": "node-1", "container": "web",
                               "image": "nginx:1.25", "namespace": "prod", "pod": "web-0"}
        assert a["generatorURL"].endswith("/alerts/1") and a["startsAt"] < a["endsAt"]
        assert a["annotations"]["description"] == "a shell, number 1"


def mail(relay, scheme="smtp", **settings):
    return {"kind": "mail", "settings": {"url": f"{scheme}://127.0.0.1:{relay.port}", "from": "skep@example.org",
                                         "to": ["a@example.org", "b@example.org"], **settings}}


@pytest.mark.parametrize("how", ["starttls", "wrapped", "none"])
def test_mail(notifier, certificates, how):
    tls = {} if how == "none" else {"user": "skep", "password": "p w", "ca": certificates.ca.read_text()}
    with Relay(None if how == "none" else certificates, how == "wrapped", ("skep", "p w")) as relay, \
            notifier(mail(relay, "smtps" if how == "wrapped" else "smtp", **tls,
                          **({"tls": "none"} if how == "none" else {}), language="zh")) as n:
        n.tell(1, rule="规则\r\nBcc: x@example.org " + HOSTILE, message=HOSTILE + "\n.\nQUIT")
        assert until(lambda: n.of().get("sent") == 1)
        m = relay.mails[0]
        assert m["tls"] == (how != "none") and m.get("user", False) == (how != "none")
        assert "<skep@example.org>" in m["from"] and [t.split("<")[1].split(">")[0] for t in m["to"]] == ["a@example.org", "b@example.org"]
        assert all(len(line) <= 998 for line in m["body"].split(b"\r\n"))
        message = email.message_from_bytes(m["body"], policy=email.policy.default)
        assert message["Bcc"] is None and "规则  Bcc: x@example.org" in message["Subject"]
        assert message["To"] == "a@example.org, b@example.org" and message["Date"] and message["Message-ID"]
        text = message.get_content()
        assert "第 1 个终端" in text and "镜像: nginx:1.25" in text and "/alerts/1" in text


def test_mail_does_not_speak_without_tls(notifier):
    with Relay() as relay, notifier(mail(relay)) as n:
        n.tell(1)
        assert until(lambda: n.of().get("failures", 0) >= 1)
        assert relay.mails == [] and not any(line.startswith("MAIL") for line in relay.said)


@pytest.mark.parametrize("verb,reply,lost", [("MAIL", "451 later", False), (".", "452 full", False), (".", "552 too much", True),
                                             ("RCPT", "550 no relay", False)])
def test_mail_that_is_not_taken(notifier, verb, reply, lost):
    with Relay(say={verb: reply}) as relay, notifier(mail(relay, tls="none")) as n:
        n.tell(1)
        assert until(lambda: n.of().get("failures", 0) >= 1)
        assert n.of()["refused"] == lost and n.of()["waiting"] == (not lost)
        if not lost:
            relay.say.clear()
            assert until(lambda: n.of()["sent"] == 1)


def test_a_wrong_password_is_said_and_nothing_lost(notifier, certificates):
    with Relay(certificates, user=("skep", "other")) as relay, \
            notifier(mail(relay, user="skep", password="wrong", ca=certificates.ca.read_text())) as n:
        n.tell(1)
        assert until(lambda: n.of().get("failures", 0) >= 1)
        assert n.of()["waiting"] == 1 and n.of()["refused"] == 0


def test_mail_settings(notifier):
    base = {"url": "smtp://h", "from": "a@b.c", "to": ["d@e.f"]}
    wrong = [{"from": "a@b\r\nc"}, {"from": "a b@c"}, {"to": ["x"]}, {"to": ["<a@b>"]}, {"to": []}, {"tls": "none", "user": "u"}]
    with notifier(*[{"kind": "mail", "settings": {**base, **w}} for w in wrong]) as n:
        assert until(lambda: len(n.errors) + sum(bool(f["wrong"]) for f in n.figures.values()) == len(wrong))


def kafka(mock, **settings):
    return {"kind": "kafka", "settings": {"brokers": mock.brokers, "topic": "alerts", **settings}}


def test_kafka(notifier, build_dir):
    with Mock(build_dir / "test" / "integration" / "kafka_mock", "alerts") as mock, notifier(kafka(mock)) as n:
        for i in range(1, 301):
            n.tell(i, message=HOSTILE)
        assert until(lambda: n.of().get("sent") == 300, 30)
        assert until(lambda: len(mock.messages) >= 300, 30)
        assert {m["value"]["id"] for m in mock.messages} == {str(i) for i in range(1, 301)}
        assert mock.messages[0]["key"] == "node-1" and mock.messages[0]["value"]["message"] == HOSTILE


def test_kafka_that_fails_for_a_while(notifier, build_dir):
    with Mock(build_dir / "test" / "integration" / "kafka_mock", "alerts") as mock, notifier(kafka(mock)) as n:
        mock.say("away 3")
        for i in range(1, 11):
            n.tell(i)
        assert until(lambda: n.of().get("sent") == 10, 40)
        assert until(lambda: {m["value"]["id"] for m in mock.messages} == {str(i) for i in range(1, 11)}, 30)


def test_kafka_that_is_away(notifier):
    nobody = {"kind": "kafka", "settings": {"brokers": [f"127.0.0.1:{free_port()}"], "topic": "alerts"}}
    with notifier(nobody) as n:
        n.tell(1)
        assert until(lambda: n.of().get("waiting") == 1)


@pytest.mark.parametrize("security, mechanism", [("ssl", None), ("sasl_plaintext", "PLAIN"), ("sasl_ssl", "PLAIN"), ("sasl_ssl", "SCRAM-SHA-256"),
                                                 ("sasl_ssl", "SCRAM-SHA-512"), ("sasl_plaintext", "SCRAM-SHA-512")])
def test_kafka_by_tls_and_sasl(notifier, build_dir, certificates, security, mechanism):
    tls, sasl = security.endswith("ssl"), security.startswith("sasl")
    with Mock(build_dir / "test" / "integration" / "kafka_mock", "alerts") as mock, \
            KafkaGate(mock.brokers, certificates if tls else None, *(("skep", "s3cret,=pw") if sasl else ())) as gate:
        settings = {"brokers": gate.brokers, "topic": "alerts", "security": security}
        settings |= {"ca": certificates.ca.read_text()} if tls else {}
        settings |= {"mechanism": mechanism, "user": "skep", "password": "s3cret,=pw"} if sasl else {}
        with notifier({"kind": "kafka", "settings": settings}) as n:
            for i in range(1, 21):
                n.tell(i)
            assert until(lambda: n.of().get("sent") == 20, 30), n.of()
        assert until(lambda: {m["value"]["id"] for m in mock.messages} == {str(i) for i in range(1, 21)}, 30)
        assert set(gate.signed_in) == ({mechanism} if sasl else set())


def test_kafka_that_does_not_let_us_in(notifier, build_dir, certificates):
    """Said in words without the password; nothing is lost, and nothing sent to who is not the one."""
    with Mock(build_dir / "test" / "integration" / "kafka_mock", "alerts") as mock, \
            KafkaGate(mock.brokers, certificates, "skep", "s3cret-Zq7") as gate:
        right = {"brokers": gate.brokers, "topic": "alerts", "security": "sasl_ssl", "mechanism": "SCRAM-SHA-256", "user": "skep",
                 "password": "s3cret-Zq7", "ca": certificates.ca.read_text()}
        wrong = [({"password": "other-Zq7"}, "uthentication"), ({"mechanism": "PLAIN", "password": "other-Zq7"}, "uthentication"),
                 ({"user": "nobody"}, "uthentication"), ({"ca": None}, "certificate|SSL"), ({"security": "ssl"}, ""), ({"security": "plaintext"}, "")]
        with notifier(*[{"kind": "kafka", "settings": {k: v for k, v in {**right, **w}.items() if v is not None}} for w, _ in wrong]) as n:
            n.tell(1)
            # What a broker says itself is known before the library gives up.
            assert until(lambda: all(n.of(i).get("why") for i in (1, 2, 3, 4)), 25), n.figures  # which is after 30 s
            assert until(lambda: all(n.of(i).get("why") for i in range(1, 7)), 60), n.figures
            for i, (_, why) in enumerate(wrong, 1):
                assert re.search(why, n.of(i)["why"]) and "Zq7" not in n.of(i)["why"] and n.of(i)["waiting"] == 1, n.of(i)
            n.say({"try": n.receivers[0]})
            assert until(lambda: n.tried, 30) and re.search("uthentication", str(n.tried[0])), n.tried
        assert not mock.messages and not gate.signed_in and gate.refused >= 3


def test_kafka_wants_a_certificate(notifier, build_dir, certificates):
    with Mock(build_dir / "test" / "integration" / "kafka_mock", "alerts") as mock, \
            KafkaGate(mock.brokers, certificates, client_ca=certificates.ca) as gate:
        settings = {"brokers": gate.brokers, "topic": "alerts", "security": "ssl", "ca": certificates.ca.read_text(),
                    "clientCert": certificates.cert.read_text(), "clientKey": certificates.key.read_text()}
        with notifier({"kind": "kafka", "settings": settings}) as n:
            n.tell(1)
            assert until(lambda: n.of().get("sent") == 1, 30), n.of()
