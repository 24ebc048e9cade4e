"""The console's notifications, driven by lines (notify_probe.c), and alerts for them."""
import json
import subprocess
import threading
import time

HOSTILE = "web|1\\ a=b\n\t\r\x1b[31m<!channel> *x* [y](http://z) 设 \u202e\" ' %n ${jndi}"


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
    """`receivers`: keyword arguments of one, or several in a list."""

    def __init__(self, program, folder, *receivers, allow=("127.0.0.0/8",)):
        self.args = [str(program), str(folder), *allow]
        self.receivers = [{"id": i, "name": f"r{i}", "filter": "", "version": 1, **r} for i, r in enumerate(receivers, 1)]
        self.figures, self.errors, self.tried = {}, [], []

    def __enter__(self):
        self.child = subprocess.Popen(self.args, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        self.set(self.receivers)
        return self

    def __exit__(self, *exc):
        self.child.stdin.close()
        self.child.wait(20)
        self.reader.join(5)
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
        self.say({"id": n, "host": "node-1", "agent": "a-1", "alert": alert(n, **with_)})

    def of(self, number=1):
        return self.figures.get(number, {})
