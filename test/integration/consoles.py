"""A skep-console of a test's own, on a port the kernel chose, and a client for it."""
import http.client
import http.cookiejar
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
import urllib.error
import urllib.request

from conftest import BUILD


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"{self.status} {self.body[:300]!r}"


def any_certificate():
    """A context that takes any server; one without the system's authorities, which take long to read."""
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    c.check_hostname = False
    c.verify_mode = ssl.CERT_NONE
    return c


class Client:
    """A browser: keeps cookies, sends the CSRF header it was given."""

    def __init__(self, url):
        self.url = url
        self.csrf = None
        self.jar = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=any_certificate()), urllib.request.HTTPCookieProcessor(self.jar))

    def ask(self, method, path, body=None, headers=None, timeout=60):
        h = dict(headers or {})
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            h.setdefault("Content-Type", "application/json")
        if self.csrf and method != "GET":
            h.setdefault("X-Skep-Csrf", self.csrf)
        q = urllib.request.Request(self.url + path, body, h, method=method)
        try:
            with self.opener.open(q, timeout=timeout) as r:
                return Answer(r.status, r.headers, r.read())
        except urllib.error.HTTPError as e:
            return Answer(e.code, e.headers, e.read())
        except http.client.HTTPException as e:  # killed in the middle of its answer
            raise ConnectionError(repr(e)) from e

    def get(self, path, **kw):
        return self.ask("GET", path, **kw)

    def keep(self, name, value):
        """A cookie nobody gave it."""
        self.jar.set_cookie(http.cookiejar.Cookie(0, name, value, None, False, "127.0.0.1", False, False, "/", True, True, None, True, None, None, {}))

    def sign_in(self, name, password, new=None):
        """Signs in, changes the password where it must be changed, and signs in with the new one."""
        a = self.ask("POST", "/api/v1/session", {"name": name, "password": password})
        assert a.status == 200, a
        self.csrf = a.json()["csrf"]
        if new:
            a = self.ask("POST", "/api/v1/session/password", {"old": password, "new": new})
            assert a.status == 204, a
            self.csrf = None
            self.sign_in(name, new)
        return self


class Console:
    PASSWORD = "Correct-horse-7-battery"

    def __init__(self, folder, *args, listen="127.0.0.1:0", database=None, env=None):
        self.state = pathlib.Path(folder) / "state"
        self.out = pathlib.Path(folder) / "console.out"
        self.args = [str(BUILD / "bin" / "skep-console"), "--state", str(self.state), "--listen", listen, *map(str, args)]
        if database:
            self.args += ["--database", database]
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("SKEP_")} | (env or {})
        self.password = None
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.end()

    def start(self, wait=90):
        began = time.monotonic()
        self.out.write_bytes(b"")
        with self.out.open("ab") as out:
            self.process = subprocess.Popen(self.args, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=self.env)
        until = began + wait
        while True:
            at = re.search(r"serving at (https?)://localhost:(\d+)/", self.said())
            if at:
                break
            assert self.process.poll() is None and time.monotonic() < until, self.said()
            time.sleep(0.01)
        self.scheme, self.port = at[1], int(at[2])
        self.url = f"{at[1]}://127.0.0.1:{self.port}"
        first = re.search(r"first sign-in: (\S+)  password: (\S+)", self.said())
        if first:
            self.first = first.groups()
        self.started_s = time.monotonic() - began
        return self

    def share_key(self, other):
        """What replicas of one database have in common, given to one that has not started."""
        other.state.mkdir(parents=True, mode=0o700, exist_ok=True)
        shutil.copy(self.state / "secret.key", other.state)

    def said(self):
        return self.out.read_text(errors="replace")

    def end(self, sig=signal.SIGTERM, wait=60):
        """@return its exit status"""
        if self.process and self.process.poll() is None:
            self.process.send_signal(sig)
            try:
                self.process.wait(wait)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise
        return self.process.returncode

    def client(self):
        return Client(self.url)

    def admin(self):
        """The first administrator, signed in, the first password changed."""
        c = self.client()
        if self.password:
            return c.sign_in(self.first[0], self.password)
        self.password = self.PASSWORD
        return c.sign_in(*self.first, new=self.PASSWORD)

    def connect(self, timeout=30):
        """A raw connection, TLS done."""
        s = socket.create_connection(("127.0.0.1", self.port), timeout=timeout)
        return any_certificate().wrap_socket(s) if self.scheme == "https" else s

    def raw(self, request, timeout=10):
        """Sends bytes and takes all that comes until the end, or until nothing comes for a while."""
        with self.connect() as s:
            s.settimeout(timeout)
            try:
                s.sendall(request)
            except OSError:
                pass  # refused early; what was said stands
            got = b""
            try:
                while piece := s.recv(65536):
                    got += piece
            except (TimeoutError, OSError):
                pass
            return got

    @staticmethod
    def answer(connection):
        """One answer whose length is told, whole, however many pieces it comes in; b"" where it ended instead."""
        got = b""
        while (head := got.partition(b"\r\n\r\n"))[1] == b"" or len(head[2]) < int((re.search(rb"(?im)^content-length: *(\d+)", head[0]) or [0, 0])[1]):
            piece = connection.recv(65536)
            if not piece:
                break
            got += piece
        return got

    def figures(self):
        a = self.client().get("/metrics")
        assert a.status == 200, a
        return {m[1]: int(m[2]) for m in re.finditer(r"^(skep_\S+) (\d+)$", a.body.decode(), re.M)}

    def memory(self):
        """Bytes resident, not shared with the page cache of the program."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"RssAnon:\s+(\d+)", status)[1]) << 10


class Hints(threading.Thread):
    """Listens to a console's event stream."""

    def __init__(self, client, console):
        super().__init__(daemon=True)
        jar = next(h.cookiejar for h in client.opener.handlers if hasattr(h, "cookiejar"))
        self.heard = b""
        self.socket = console.connect(timeout=30)
        self.socket.sendall(b"GET /api/v1/events HTTP/1.1\r\nHost: localhost\r\nCookie: " +
                            "; ".join(f"{c.name}={c.value}" for c in jar).encode() + b"\r\n\r\n")
        self.start()

    def run(self):
        try:
            while piece := self.socket.recv(4096):
                self.heard += piece
        except OSError:
            pass

    def wait(self, what, seconds=60):
        """@return whether it was heard, before the stream ended"""
        end = time.monotonic() + seconds
        while what not in self.heard and self.is_alive() and time.monotonic() < end:
            time.sleep(0.02)
        return what in self.heard
