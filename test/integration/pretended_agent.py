"""An agent that is none: joins a console and tells it whatever a test wants."""
import http.client
import json
import subprocess
import time
import uuid

from consoles import any_certificate


def now_text(seconds):
    import datetime
    t = datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc)
    return t.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def alert(seconds, rule="Terminal shell in container", priority="Warning", container="c0ffee" * 10 + "abcd", **more):
    """A document as agents send them."""
    doc = {"schemaVersion": 1, "time": now_text(seconds), "rule": rule, "priority": priority, "source": "syscall",
           "message": f"{rule} happened", "messageZh": f"发生了 {rule}", "tags": ["container", "shell"],
           "fields": {"proc.name": "bash", "fd.name": "/etc/shadow", "container.id": container[:12]},
           "container": {"runtime": "docker", "id": container, "name": "web", "image": "docker.io/library/nginx:1.25",
                         "imageId": "sha256:" + "ab" * 32, "privileged": True, "metadataKnown": True},
           "lineage": [{"pid": 7, "startNs": 1, "name": "bash", "exePath": "/bin/bash", "cmdline": "bash -i", "user": "root"},
                       {"pid": 1, "startNs": 1, "name": "init"}],
           "event": 1, "count": 1, "first": now_text(seconds), "last": now_text(seconds)}
    doc.update(more)
    return doc


def stats(at_ms, losses=0, memory=1 << 20, cpu_ms=0):
    """What an agent says of itself, as far as the console's lists show it."""
    return {"schemaVersion": 1, "version": "0.1.0", "monotonicMs": at_ms,
            "sensor": {"backend": "object", "cpuUserMs": cpu_ms, "cpuSystemMs": 0, "residentBytes": memory, "containers": 1, "events": at_ms,
                       "lost": {"ringBulk": losses}},
            "uplink": {"cpuUserMs": 0, "cpuSystemMs": 0, "residentBytes": 0}}


class PretendedAgent:
    def __init__(self, console, folder, token, name="node-1", version="0.1.0"):
        self.console, self.folder, self.life, self.seq = console, folder, uuid.uuid4().hex, 0
        key, csr = folder / f"{name}.key", folder / f"{name}.csr"
        subprocess.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key,
                        "-out", csr, "-subj", "/CN=agent"], check=True, capture_output=True)
        answer = self.post("/agent/v1/enroll", {"token": token, "csr": csr.read_text(), "node":
                           {"name": name, "machineId": "m" + name, "kernel": "6.1", "os": "Debian 12", "version": version}}, None)
        certificate = folder / f"{name}.pem"
        certificate.write_text(answer["certificate"])
        self.id = answer["agent"]
        self.ahead = None  # seconds by which its clock is: it says when it sends
        self.context = any_certificate()
        self.context.load_cert_chain(certificate, key)

    def post(self, path, body, context, kind="application/json", headers=None):
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        c = http.client.HTTPSConnection("127.0.0.1", self.console.port, context=context or any_certificate(), timeout=30)
        c.request("POST", path, body, {"Content-Type": kind, "Skep-Agent-Protocol": "1", **(headers or {})})
        r = c.getresponse()
        said = r.read()
        c.close()
        assert r.status == 200, (r.status, said[:300])
        return json.loads(said)

    def tell(self, records):
        """records: (kind, document) pairs"""
        lines = []
        for kind, doc in records:
            self.seq += 1
            lines.append(json.dumps({"seq": self.seq, "kind": kind, "doc": doc}, separators=(",", ":")))
        clock = {} if self.ahead is None else {"Skep-Time": str(int((time.time() + self.ahead) * 1000))}
        answer = self.post("/agent/v1/batch", "\n".join(lines).encode() + b"\n", self.context, "application/x-ndjson",
                           {"Skep-Spool": self.life, **clock})
        assert answer["acknowledged"] == self.seq, answer
        return answer
