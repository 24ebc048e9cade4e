"""Alerts reach syslog and web receivers that fail, stall and come back, and an agent whose uplink is killed meanwhile."""
import collections
import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request

import jsonschema
import pytest

from agents import MARKER, RULES, Agent, mark, until, whole_lines, word
from receivers import HttpReceiver, Rsyslog
from services import Process, free_port, need_root


class Receiver(HttpReceiver):
    """A receiver that behaves as `mood` says: ok, 500, 429, 400, stall, reset."""

    def __init__(self, certificates=None, port=0):
        self.mood, self.taken, self.requests, self.headers = "ok", [], 0, {}
        super().__init__(certificates, port)
        self.url += "/hook"

    def serve(self, q, body):
        with self.lock:
            mood = self.mood
            self.requests += 1
            self.headers = dict(q.headers)
        if mood == "stall":
            time.sleep(120)
        if mood == "reset":
            self.reset(q)
            return
        alerts = json.loads(body)
        alerts = alerts if isinstance(alerts, list) else [alerts]
        if mood == "400" and any(word(13) in a["message"] for a in alerts):
            self.answer(q, 400)
        elif mood in ("ok", "400"):
            with self.lock:
                self.taken += alerts
            self.answer(q, 200)
        else:
            self.answer(q, int(mood))

    def marked(self):
        with self.lock:
            return [MARKER.search(a["message"])[1] for a in self.taken if a["rule"] == "Marker"]


def all_told(receiver, numbers, seconds=100, most=2):
    want = {word(n) for n in numbers}
    assert until(lambda: set(receiver.marked()) >= want, seconds), f"missing {sorted(want - set(receiver.marked()))[:9]}"
    count = collections.Counter(receiver.marked())
    assert max(count.values()) <= most, count.most_common(3)


def test_webhook_by_https_with_headers_from_a_file(skep, tmp_path, certificates):
    headers = tmp_path / "headers"
    headers.write_text("# for the receiver\nAuthorization: Bearer s3cret-token\nX-Team: blue\n")
    with Receiver(certificates) as r, Agent(skep, tmp_path, "--webhook", r.url, "--webhook-ca", certificates.ca,
                                            "--webhook-headers", headers) as a:
        mark(*range(30))
        all_told(r, range(30), most=1)
        assert r.headers["Authorization"] == "Bearer s3cret-token" and r.headers["X-Team"] == "blue"
        assert r.headers["Content-Type"] == "application/json"
        assert "s3cret" not in a.said() and "s3cret" not in " ".join(a.process.args)
        # The same documents as in the file.
        assert until(lambda: {json.dumps(x, sort_keys=True) for x in r.taken} == {json.dumps(x, sort_keys=True) for x in a.told()})


def test_webhook_does_not_trust_a_stranger(skep, tmp_path, certificates):
    with Receiver(certificates) as r, Agent(skep, tmp_path, "--webhook", r.url) as a:
        mark(1)
        assert until(lambda: "certificate is not trusted" in a.said())
        assert until(lambda: a.marked() == [word(1)]) and r.requests == 0


@pytest.mark.parametrize("mood", ["500", "429", "reset"])
def test_webhook_tries_again(skep, tmp_path, mood):
    with Receiver() as r, Agent(skep, tmp_path, "--webhook", r.url) as a:
        r.mood = mood
        mark(*range(20))
        assert until(lambda: r.requests >= 2)
        assert not r.taken
        r.mood = "ok"
        all_told(r, range(20), most=1)
        assert until(lambda: "works again; nothing was lost there" in a.said())


def test_webhook_that_stalls_holds_nobody_up(skep, tmp_path):
    with Receiver() as r, Agent(skep, tmp_path, "--webhook", r.url) as a:
        r.mood = "stall"
        mark(*range(50))
        assert until(lambda: len(a.marked()) == 50, 15)  # it gives up on one that stalls after 30 s
        r.mood = "ok"
        all_told(r, range(50), 45)


def test_webhook_gives_up_only_what_is_refused(skep, tmp_path):
    with Receiver() as r, Agent(skep, tmp_path, "--webhook", r.url) as a:
        r.mood = "400"
        mark(*range(30))
        all_told(r, [n for n in range(30) if n != 13])
        assert word(13) not in r.marked()
        assert "it refuses an alert (400)" in a.said()


def test_webhook_one_by_one(skep, tmp_path):
    with Receiver() as r, Agent(skep, tmp_path, "--webhook", r.url, "--webhook-batch", 1):
        mark(*range(10))
        all_told(r, range(10), most=1)
        assert r.requests == 10


def test_alerts_wait_on_disk_for_a_receiver_that_is_away_while_agent_and_uplink_die(skep, tmp_path):
    port = free_port()
    url = f"http://127.0.0.1:{port}/hook"
    with Agent(skep, tmp_path, "--webhook", url) as a:
        mark(*range(40))
        assert until(lambda: len(a.marked()) == 40)
        pid = a.end("uplink")
        assert a.replaced("uplink", pid)
        mark(*range(40, 80))
        assert until(lambda: len(set(a.marked())) == 80)
    # The whole agent has ended; a new one tells what its predecessor could not.
    with Receiver(port=port) as r, Agent(skep, tmp_path, "--webhook", url):
        all_told(r, range(80))


def test_uplink_killed_again_and_again_while_alerts_stream(skep, tmp_path):
    with Receiver() as r, Agent(skep, tmp_path, "--webhook", r.url) as a:
        for round_ in range(3):
            stream = threading.Thread(target=mark, args=range(round_ * 300, round_ * 300 + 300))
            stream.start()
            time.sleep(0.1)
            pid = a.end("uplink")
            stream.join()
            assert a.replaced("uplink", pid)
        all_told(r, range(900))
        assert set(a.marked()) >= {word(n) for n in range(900)}


def test_the_spool_is_bounded_and_says_what_it_lost(skep, tmp_path):
    port = free_port()
    with Agent(skep, tmp_path, "--webhook", f"http://127.0.0.1:{port}/hook", "--spool-size", "64KiB",
               "--metrics", f"127.0.0.1:{(metrics := free_port())}") as a:
        mark(*range(400))
        assert until(lambda: len(a.marked()) == 400)

        def spooled():
            """Bytes; None where a piece of it went while they were counted."""
            with contextlib.suppress(FileNotFoundError):
                return sum(f.stat().st_size for f in (tmp_path / "spool").iterdir())
        assert 0 < until(spooled) <= 72 << 10
        where = '{output="webhook",where="http://127.0.0.1:%d"}' % port

        def fates():
            now = figures(metrics)
            return [int(now[name + where]) for name in ("skep_output_lost_total", "skep_output_waiting")]

        assert until(lambda: sum(fates()) == 400), fates()
        lost, waiting = fates()
        assert lost > 0
        with Receiver(port=port) as r:
            # The newest are those that are kept.
            all_told(r, range(400 - waiting, 400), most=1)
            assert len(r.marked()) == waiting
            assert until(lambda: f"works again; {lost} alerts were lost there" in a.said())


@pytest.mark.parametrize("kind", ["udp", "tcp", "tls"])
def test_syslog(skep, tmp_path, certificates, kind):
    extra = ["--syslog-ca", certificates.ca] if kind == "tls" else []
    with Rsyslog(tmp_path / "rsyslog", kind, certificates) as r, Agent(skep, tmp_path, "--syslog", r.url, *extra) as a:
        mark(*range(100))
        all_told(r, range(100), most=1)
        m = r.messages()[0]
        alert = a.told()[0]
        assert (m["pri"], m["version"], m["app"], m["host"]) == ("84", "1", "skep-agent", socket.gethostname())
        assert m["data"] == ('[skep@32473 rule="Marker" priority="Warning" source="syscall" containerId="host" '
                             'container="host" count="1"]')
        assert m["msg"].lstrip("\ufeff") == alert["message"]
        assert m["time"][:19] == alert["time"][:19]


@pytest.mark.parametrize("kind", ["tcp", "tls"])
def test_syslog_receiver_that_goes_and_comes(skep, tmp_path, certificates, kind):
    extra = ["--syslog-ca", certificates.ca] if kind == "tls" else []
    port = free_port()
    with Agent(skep, tmp_path, "--syslog", f"{kind}://127.0.0.1:{port}", *extra) as a:
        mark(*range(50))
        assert until(lambda: "Connection refused" in a.said())
        with Rsyslog(tmp_path / "r", kind, certificates, port) as r:
            all_told(r, range(50))
        pid = a.end("uplink")
        mark(*range(50, 100))
        assert a.replaced("uplink", pid)
        with Rsyslog(tmp_path / "r", kind, certificates, port) as r:
            all_told(r, range(100))


def test_syslog_over_tls_does_not_trust_a_stranger(skep, tmp_path, certificates):
    with Rsyslog(tmp_path / "rsyslog", "tls", certificates) as r, Agent(skep, tmp_path, "--syslog", r.url) as a:
        mark(1)
        assert until(lambda: "TLS: certificate" in a.said())
        assert until(lambda: a.marked() == [word(1)]) and not r.marked()


def test_standard_output_that_nobody_reads_holds_nobody_up(skep, tmp_path):
    reader, writer = os.pipe()
    with Agent(skep, tmp_path) as a:
        pass
    args = [x if x != "none" else "json" for x in a.process.args]
    log = open(tmp_path / "log2", "wb")
    p = subprocess.Popen(args, stdout=writer, stderr=log, stdin=subprocess.DEVNULL, env=skep.env)
    os.close(writer)
    try:
        assert until(lambda: b"watching by" in (tmp_path / "log2").read_bytes())
        mark(*range(200))
        assert until(lambda: set(a.marked()) == {word(n) for n in range(200)})
        time.sleep(4)
        assert b"no sign of life" not in (tmp_path / "log2").read_bytes()
        taken = b""
        while taken.count(b"\n") < 200:
            taken += os.read(reader, 65536)
        assert [MARKER.search(json.loads(x)["message"])[1] for x in taken.splitlines()] == [word(n) for n in range(200)]
    finally:
        p.terminate()
        p.wait(20)
        os.close(reader)


def figures(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=60) as r:
        text = r.read().decode()
    return dict(re.match(r"(.*) (\S+)$", line).groups() for line in text.splitlines() if not line.startswith("#"))


def status(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as r:
            return r.status
    except urllib.error.HTTPError as e:
        return e.code
    except OSError:
        return None


def test_metrics_and_health(skep, tmp_path):
    port = free_port()
    with Agent(skep, tmp_path, "--metrics", f"127.0.0.1:{port}") as a:
        mark(*range(20))
        assert until(lambda: status(port, "/healthz") == 200)
        assert until(lambda: figures(port).get("skep_alerts_total") == "20")
        now = figures(port)
        where = f'{{output="file",where="{a.alerts}"}}'
        assert now["skep_output_told_total" + where] == "20" and now["skep_output_lost_total" + where] == "0"
        assert int(now['skep_events_total{type="execve",fate="delivered"}']) >= 20
        lost = {re.search(r'cause="(\w+)"', k)[1]: v for k, v in now.items() if k.startswith("skep_events_lost_total")}
        # An event that was judged without its container, whose files were late, was not lost: the console adds these up.
        assert lost == dict.fromkeys(("ringState", "ringBulk", "rate", "read", "held", "skipped"), "0")
        # Looked at every few seconds, the first time when the part has hardly begun.
        assert until(lambda: 1 << 20 < int(figures(port)['skep_memory_bytes{part="sensor"}']) < 100 << 20)
        assert status(port, "/") == 404
        # Nothing of what is asked can hold the agent up.
        idle = [socket.create_connection(("127.0.0.1", port)) for _ in range(20)]
        idle[0].sendall(b"GET /metrics HTTP/1.1\r\nX: " + b"a" * 100000)
        mark(99)
        assert until(lambda: word(99) in a.marked())
        for s in idle:
            s.close()
        a.end("sensor", signal.SIGSTOP)
        assert until(lambda: "no sign of life" in a.said())
        assert until(lambda: status(port, "/healthz") == 200)


LACKING = """
- rule: Lacks an exec
  desc: Nobody saw this test's own program begin.
  condition: evt.type in (open, openat) and fd.name endswith /lacks-a-fact and proc.is_stdin_network = true
  output: o
  priority: NOTICE
"""


def test_top_names_rules_that_lack_facts(skep, tmp_path, source_dir):
    schema = json.loads((source_dir / "doc/schemas/agent-stats-1.schema.json").read_text())
    with Agent(skep, tmp_path, rules=RULES + LACKING) as a:
        def undecided():
            d = json.loads(skep.run("agent", "top", "--control", a.control, "--json", "-n", 1, check=0).out)
            jsonschema.validate(d, schema)
            return {u["rule"]: u["events"] for u in d["sensor"].get("undecided", [])}
        assert undecided() == {}
        for _ in range(3):
            (tmp_path / "lacks-a-fact").write_text("x")
        assert until(lambda: undecided() == {"Lacks an exec": 3})
        p = skep.run("agent", "top", "--control", a.control, "-n", 1, check=0)
        assert re.search(r"^ *0 +3  Lacks an exec$", p.out, re.M), p.out
        assert not [x for x in a.told() if x["rule"] == "Lacks an exec"]


def test_top_asks_the_running_agent(skep, tmp_path, source_dir):
    schema = json.loads((source_dir / "doc/schemas/agent-stats-1.schema.json").read_text())
    with Agent(skep, tmp_path) as a:
        mark(*range(5))
        assert until(lambda: len(a.marked()) == 5)

        def documents():
            p = skep.run("agent", "top", "--control", a.control, "--json", "-n", 2, check=0)
            found = [json.loads(line) for line in p.out.splitlines()]
            assert len(found) == 2
            for d in found:
                jsonschema.validate(d, schema)
            return found[1]
        assert until(lambda: (d := documents())["sensor"]["alerts"] == d["uplink"]["outputs"][0]["told"] == 5)
        stop = threading.Event()
        load = threading.Thread(target=lambda: [mark(n) for n in range(1000, 100000) if not stop.is_set()])
        load.start()
        p = skep.run("agent", "top", "--control", a.control, "-n", 2, check=0)
        stop.set()
        load.join()
        assert "proc.cmdline contains" in p.out and re.search(r"^on_exec +\d+", p.out, re.M), p.out
        zh = skep.run("agent", "top", "--control", a.control, "-n", 1, check=0, env={"LANG": "zh_CN.UTF-8"})
        assert "事件/秒" in zh.out
        # Root alone may ask.
        assert os.stat(a.control).st_mode & 0o777 == 0o600
    assert not os.path.exists(a.control)
    assert "cannot reach an agent" in skep.run("agent", "top", "--control", a.control).err


def test_what_the_agent_says_is_in_the_users_language(skep, tmp_path):
    """Its log and why it cannot begin, by either of its names; the alerts' JSON stays as it is."""
    need_root()
    rules = tmp_path / "rules.yaml"
    rules.write_text(RULES)
    env = {**skep.env, "LANG": "zh_CN.UTF-8"}
    own = os.path.join(os.path.dirname(skep.binary), "skep-agent")
    for number, command in enumerate([[skep.binary, "agent", "run"], [own]]):
        control = f"/run/skep-test-{os.getpid()}-zh{number}.sock"
        log = tmp_path / f"{number}.log"
        alerts = tmp_path / f"{number}.json"
        with Process([*command, "-f", "none", "-r", str(rules), "--no-engines", "--alert-file", str(alerts), "--spool",
                      str(tmp_path / f"spool{number}"), "--control", control], log, env=env) as p:
            p.wait_for(lambda: "sensor: 正按 1 条规则监视" in log.read_text(), 90)
            mark(number)
            assert until(lambda: alerts.exists() and whole_lines(alerts))
            assert json.loads(whole_lines(alerts)[0])["message"].startswith("marker ")
        refused = subprocess.run([*command, "--backend", "none-such"], env=env, capture_output=True, text=True, timeout=60)
        assert refused.returncode == 2 and "不是 auto|object|tracepoint 之一" in refused.stderr
    told = subprocess.run([own, "--help"], env=env, capture_output=True, text=True, check=True, timeout=60).stdout
    assert told.startswith("用法: skep-agent") and "规则文件或目录" in told
