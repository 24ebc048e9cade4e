"""Agents that joined a real console: tokens made in its store, and what the store says afterwards."""
import base64
import hashlib
import hmac
import http.client
import json
import os
import pathlib
import re
import sqlite3
import ssl
import subprocess
import time

from agents import CAP_BPF, Agent, capabilities, children, until


def postgres_url(console):
    return console.args[console.args.index("--database") + 1] if "--database" in console.args else None


def psql(url, query, args):
    """Rows of a statement written for SQLite; whole numbers as such."""
    for a in args:
        value = str(a) if isinstance(a, int) else "'" + a.replace("'", "''") + "'"
        query = query.replace("?", value, 1)
    out = subprocess.run(["psql", "-XAtq", "-F", "\x1f", "-R", "\x1e", "-v", "ON_ERROR_STOP=1", url, "-c", query], check=True,
                         capture_output=True, text=True).stdout
    rows = [r.split("\x1f") for r in out.rstrip("\n").split("\x1e") if out.strip()]
    return [tuple(int(v) if re.fullmatch(r"-?\d+", v) else v for v in r) for r in rows]


def ask(console, query, *args):
    """Rows of the console's store, while it works."""
    if postgres_url(console):
        return psql(postgres_url(console), query, args)
    d = sqlite3.connect(f"file:{console.state}/skep.db?mode=ro", uri=True, timeout=20)
    try:
        return d.execute(query, args).fetchall()
    finally:
        d.close()


def change(console, query, *args):
    if postgres_url(console):
        psql(postgres_url(console), query, args)
        return
    d = sqlite3.connect(console.state / "skep.db", timeout=20)
    with d:
        d.execute(query, args)
    d.close()


def token(console, uses=1, life_s=3600, labels=""):
    """A token as the console's page of agents makes one."""
    secret = os.urandom(16)
    pem = (console.state / "tls" / "authority.pem").read_text()
    authority = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).digest()
    now = time.time_ns()
    change(console, "INSERT INTO agent_token (secret, made_ns, expires_ns, uses, uses_left, labels, made_by) "
                    "VALUES (?, ?, ?, ?, ?, ?, 'test')",
           hashlib.sha256(secret).hexdigest(), now, now + int(life_s * 1e9), uses, uses, labels)
    return "skep1." + base64.urlsafe_b64encode(secret + authority).decode().rstrip("=")


def signed_in(console, name):
    """A user with a session made in the store: five argon2id hashes are a second, and there are tests of signing in. The password stays as it is."""
    client, now = console.client(), time.time_ns()
    secret = base64.urlsafe_b64encode(os.urandom(32)).decode().rstrip("=")
    change(console, "INSERT INTO sessions (hash, user_id, created_ns, seen_ns, expires_ns, address, agent) "
                    "SELECT ?, id, ?, ?, ?, '127.0.0.1', 'test' FROM users WHERE name = ?",
           hmac.new(b"session", secret.encode(), hashlib.sha256).hexdigest(), now, now, now + 3600 * 10**9, name)
    change(console, "UPDATE users SET must_change = 0 WHERE name = ?", name)
    client.keep("__Host-skep", secret)
    session = client.get("/api/v1/session")
    assert session.status == 200, session
    client.csrf = session.json()["csrf"]
    return client


def administrator(console):
    """The first one."""
    return signed_in(console, console.first[0])


class JoinedAgent(Agent):
    """An agent of a console; with an engine it knows who runs."""

    def __init__(self, skep, folder, console, *args, joins=None, engine=None, **kw):
        folder.mkdir(exist_ok=True)
        self.state = folder / "node"
        self.token = folder / "token"
        self.token.write_text(joins or token(console))
        args = ["--console", console.url, "--enroll", f"@{self.token}", "--state", self.state, *args]
        if engine:
            args += ["--engine", engine.host]
        super().__init__(skep, folder, *args, **kw)
        if engine:
            self.process.args = [a for a in self.process.args if a != "--no-engines"]

    def parts(self):
        """{"sensor": pid, "uplink": pid, "census": pid, "scanner": pid}"""
        found = {}
        for child in children(self.pid):
            try:
                name = pathlib.Path(f"/proc/{child}/comm").read_text().strip()
                if name == "skep-sensor" and not capabilities(int(child))["CapEff"] >> CAP_BPF & 1:
                    continue  # a sensor that was ended leaves it behind, to end with it
            except (FileNotFoundError, ProcessLookupError):
                continue  # it has ended since it was listed
            found[name.removeprefix("skep-")] = int(child)
        return found

    def name(self):
        """Its id at the console, once it has joined."""
        pem = self.state / "agent" / "identity.pem"
        assert until(pem.exists), self.said()
        subject = ssl._ssl._test_decode_cert(str(pem))["subject"]
        return dict(x[0] for x in subject)["commonName"]


def alerts(console, rule="Marker"):
    """How many alerts of a rule are stored."""
    days = ask(console, "SELECT day FROM alert_day")
    return sum(ask(console, f"SELECT COUNT(*) FROM alert_{day} a JOIN alert_series s ON s.id = a.series WHERE s.rule = ?", rule)[0][0]
               for day, in days)


def present(console, kind):
    return ask(console, "SELECT id, name FROM asset WHERE id LIKE ? AND gone_ns = 0", kind + ":%")


class Peer:
    """Who speaks the agent's protocol by hand: honest or not."""

    def __init__(self, console, folder, joins=None):
        self.console = console
        self.folder = folder
        self.key, self.pem = folder / "key.pem", folder / "identity.pem"
        self.number = 0
        self.life = os.urandom(16).hex()
        folder.mkdir()
        subprocess.run(["openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                        "/CN=agent", "-keyout", self.key, "-out", folder / "csr.pem"], check=True, capture_output=True)
        self.csr = (folder / "csr.pem").read_text()
        self.id = None
        if joins:
            status, answer = self.enroll(joins)
            assert status == 200, answer
            self.take(answer)

    def take(self, answer):
        self.id = answer["agent"]
        self.pem.write_text(answer["certificate"])

    def context(self, with_certificate=True):
        c = ssl.create_default_context(cafile=str(self.console.state / "tls" / "authority.pem"))
        if with_certificate and self.pem.exists():
            c.load_cert_chain(self.pem, self.key)
        return c

    def ask(self, method, path, body=None, headers=None, with_certificate=True, protocol="1"):
        c = http.client.HTTPSConnection("127.0.0.1", self.console.port, context=self.context(with_certificate), timeout=30)
        try:
            c.request(method, "/agent/v1/" + path, body, {"Skep-Agent-Protocol": protocol, **(headers or {})})
            r = c.getresponse()
            raw = r.read()
        except http.client.HTTPException as e:  # killed in the middle of its answer
            raise ConnectionError(repr(e)) from e
        finally:
            c.close()
        try:
            return r.status, json.loads(raw)
        except ValueError:
            return r.status, raw

    def enroll(self, text, csr=None):
        return self.ask("POST", "enroll", json.dumps({"token": text, "csr": csr or self.csr, "node": {"name": "peer"}}),
                        with_certificate=False)

    def line(self, kind, doc, number=None):
        if number is None:
            self.number += 1
            number = self.number
        return f'{{"seq":{number},"kind":"{kind}","doc":{doc if isinstance(doc, str) else json.dumps(doc)}}}\n'

    def alert(self, rule="Peer", **more):
        now = time.time_ns()
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now // 10**9)) + f".{now % 10**9:09}Z"
        return {"schemaVersion": 1, "time": stamp, "rule": rule, "priority": "Warning", "source": "syscall", "message": "m",
                "tags": ["t"], "fields": {}, "container": {"runtime": "host", "id": "host"}, "lineage": [],
                "event": {"number": 1}, "count": 1, "first": stamp, "last": stamp, **more}

    def batch(self, *lines, encoding=None, life=None, **kw):
        body = lines[0] if len(lines) == 1 and isinstance(lines[0], bytes) else "".join(lines).encode()
        headers = {"Skep-Spool": life or self.life, "Content-Type": "application/x-ndjson"}
        if encoding:
            headers["Content-Encoding"] = encoding
        return self.ask("POST", "batch", body, headers, **kw)


def zstd(data):
    return subprocess.run(["zstd", "-q", "-c"], input=data, stdout=subprocess.PIPE, check=True).stdout


__all__ = ["JoinedAgent", "Peer", "administrator", "alerts", "ask", "change", "present", "signed_in", "token", "until", "zstd"]
