"""The console's notifications, driven by lines (notify_probe.c), and alerts for them."""
import collections
import json
import os
import pathlib
import struct
import subprocess
import threading
import time
import urllib.request

from conftest import BUILD
from consoles import any_certificate

HOSTILE = "web|1\\ a=b\n\t\r\x1b[31m<!channel> *x* [y](http://z) 设 \u202e\" ' %n ${jndi}"


def quiet_now():
    """Settings of quiet hours that have begun and go on."""
    now = time.gmtime()
    return {"quietFrom": "%02d:%02d" % (now.tm_hour, now.tm_min), "quietTo": "%02d:%02d" % ((now.tm_hour + 2) % 24, now.tm_min)}


def alert(n, **with_):
    """An agent's document; `with_` replaces members, "container" and "fields" member by member."""
    doc = {"schemaVersion": 1, "time": "2026-11-21T18:20:28.123456789Z", "rule": "Terminal shell in container",
           "ruleId": "SKEP-1042", "priority": "Warning", "source": "syscall", "message": f"a shell, number {n}",
           "messageZh": f"第 {n} 个终端", "tags": ["shell", "container"], "fields": {"proc.name": "sh"},
           "container": {"runtime": "docker", "id": "0123456789abcdef", "name": "web", "image": "nginx:1.25",
                         "podNamespace": "prod", "podName": "web-0", "metadataKnown": True},
           "lineage": [{"pid": 4242, "startNs": 1, "name": "sh", "exePath": "/bin/sh", "cmdline": "sh -i", "user": "root"}],
           "event": n, "count": 1, "first": "2026-11-21T18:20:28.123456789Z", "last": "2026-11-21T18:20:28.123456789Z"}
    for key, value in with_.items():
        doc[key] = {**doc[key], **value} if isinstance(value, dict) else value
    return doc


class Notifier:
    """`receivers`: keyword arguments of one, or several in a list. Its clock is `ahead` by so many seconds."""

    def __init__(self, program, folder, *receivers, allow=("127.0.0.0/8",), ahead=0):
        self.args, self.env = [str(program), str(folder), *allow], None
        if ahead:
            clock = pathlib.Path(folder).with_name("clock")
            clock.write_bytes(struct.pack("<qq", ahead, 0))
            self.env = {**os.environ, "LD_PRELOAD": str(BUILD / "test" / "integration" / "clock_shift.so"), "CLOCK_SHIFT": str(clock),
                        "ASAN_OPTIONS": "verify_asan_link_order=0"}
        self.receivers = [{"id": i, "name": f"r{i}", "filter": "", "version": 1, **r} for i, r in enumerate(receivers, 1)]
        self.figures, self.errors, self.tried = {}, [], []

    def __enter__(self):
        self.child = subprocess.Popen(self.args, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=self.env)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        self.set(self.receivers)
        return self

    def __exit__(self, *exc):
        self.child.stdin.close()
        self.child.wait(60)
        self.reader.join(60)
        assert self.child.returncode == 0

    def kill(self):
        self.child.kill()
        self.child.wait()
        self.child.stdin.close()

    def read(self):
        for line in self.child.stdout:
            said = json.loads(line)
            if "figures" in said:
                self.figures = {f["id"]: f for f in said["figures"]}
            elif "tried" in said:
                self.tried.append(said)
            else:
                self.errors.append(said)

    def say(self, value):
        self.child.stdin.write(json.dumps(value).encode() + b"\n")
        self.child.stdin.flush()

    def set(self, receivers):
        self.say({"receivers": receivers})

    def tell(self, n, **with_):
        self.tell_all((n, with_))

    def tell_all(self, *alerts):
        """At once: numbers, or numbers with what `alert` is to replace. Told one by one they come in as many batches as it happens."""
        pairs = [a if isinstance(a, tuple) else (a, {}) for a in alerts]
        self.child.stdin.write(b"".join(json.dumps({"id": n, "host": "node-1", "agent": "a-1", "alert": alert(n, **with_)}).encode() + b"\n"
                                        for n, with_ in pairs))
        self.child.stdin.flush()

    def of(self, number=1):
        """A receiver's figures as they were last told; 0 of what was not."""
        return collections.Counter(self.figures.get(number))


class Teller:
    """An agent of a console that says what a test wants, by its protocol (doc/formats/agent-protocol.md)."""

    def __init__(self, console, admin, folder):
        self.console, self.spool, self.seq = console, os.urandom(16).hex(), 0
        key, csr, self.identity = folder / "agent.key", folder / "agent.csr", folder / "identity.pem"
        subprocess.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=x",
                        "-keyout", key, "-out", csr], check=True, capture_output=True)
        made = admin.ask("POST", "/api/v1/agents/tokens", {})
        assert made.status == 201, made
        joined = self.post("enroll", {"token": made.json()["token"], "csr": csr.read_text(),
                                      "node": {"name": "node-1", "machineId": "m", "kernel": "6", "os": "x", "version": "0"}})
        self.identity.write_text(joined["certificate"] + key.read_text())

    def post(self, path, body, headers=()):
        context = any_certificate()
        if self.identity.exists():
            context.load_cert_chain(self.identity)
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        q = urllib.request.Request(f"{self.console.url}/agent/v1/{path}", data,
                                   {"Skep-Agent-Protocol": "1", "Content-Type": "application/json", **dict(headers)}, method="POST")
        with urllib.request.urlopen(q, context=context, timeout=20) as r:
            return json.loads(r.read())

    def tell(self, *numbers, **with_):
        """Acknowledged when it returns."""
        lines = []
        for n in numbers:
            self.seq += 1
            now = time.time_ns()
            stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now // 10**9)) + f".{now % 10**9:09}Z"
            lines.append(json.dumps({"seq": self.seq, "kind": "alert",
                                     "doc": alert(n, time=stamp, first=stamp, last=stamp, **with_)}, separators=(",", ":")) + "\n")
        answer = self.post("batch", "".join(lines).encode(), {"Content-Type": "application/x-ndjson", "Skep-Spool": self.spool})
        assert answer["acknowledged"] == self.seq and answer.get("refused", 0) == 0, answer
