"""Agents that joined a real console: tokens made in its store, and what the store says afterwards."""
import base64
import hashlib
import os
import pathlib
import sqlite3
import ssl
import time

from agents import Agent, until


def store(console):
    """The console's SQLite store, read as others read it: while the console works."""
    d = sqlite3.connect(f"file:{console.state}/skep.db?mode=ro", uri=True, timeout=20)
    return d


def ask(console, query, *args):
    d = store(console)
    try:
        return d.execute(query, args).fetchall()
    finally:
        d.close()


def token(console, uses=1, life_s=3600, labels=""):
    """A token as the console's page of agents makes one."""
    secret = os.urandom(16)
    pem = (console.state / "tls" / "authority.pem").read_text()
    authority = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).digest()
    now = time.time_ns()
    d = sqlite3.connect(console.state / "skep.db", timeout=20)
    with d:
        d.execute("INSERT INTO agent_token (secret, made_ns, expires_ns, uses, uses_left, labels, made_by) "
                  "VALUES (?, ?, ?, ?, ?, ?, 'test')",
                  (hashlib.sha256(secret).hexdigest(), now, now + int(life_s * 1e9), uses, uses, labels))
    d.close()
    return "skep1." + base64.urlsafe_b64encode(secret + authority).decode().rstrip("=")


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
        for child in pathlib.Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split():
            try:
                name = pathlib.Path(f"/proc/{child}/comm").read_text().strip()
            except (FileNotFoundError, ProcessLookupError):
                continue  # it has ended since it was listed
            found[name.removeprefix("skep-")] = int(child)
        return found

    def name(self):
        """Its id at the console."""
        subject = ssl._ssl._test_decode_cert(str(self.state / "agent" / "identity.pem"))["subject"]
        return dict(x[0] for x in subject)["commonName"]


def alerts(console, rule="Marker"):
    """How many alerts of a rule are stored."""
    rows = ask(console, "SELECT COALESCE(SUM(n), 0) FROM alert_count_all c JOIN alert_series s ON s.id = c.series "
                        "WHERE s.rule = ?", rule)
    return rows[0][0]


def present(console, kind):
    return ask(console, "SELECT id, name FROM asset WHERE id LIKE ? AND gone_ns = 0", kind + ":%")


__all__ = ["JoinedAgent", "alerts", "ask", "present", "store", "token", "until"]
