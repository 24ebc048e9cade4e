"""Receivers of alerts: Debian's rsyslogd, and an HTTP server, a mail relay and
Kafka's mock cluster that do as a test's script says and keep what they are told."""
import http.server
import base64
import hashlib
import hmac
import json
import socket
import ssl
import struct
import subprocess
import threading
import time

from agents import MARKER, whole_lines
from services import Process, free_port, need


class Rsyslog:
    """Debian's rsyslogd, writing each message's parts as JSON."""

    def __init__(self, folder, kind, certificates=None, port=None):
        need("/usr/sbin/rsyslogd")
        self.folder, self.kind, self.port = folder, kind, port or free_port()
        folder.mkdir(exist_ok=True)
        self.file = folder / "messages"
        modules = {"udp": f'module(load="imudp")\ninput(type="imudp" address="127.0.0.1" port="{self.port}")',
                   "tcp": f'module(load="imtcp")\ninput(type="imtcp" address="127.0.0.1" port="{self.port}")'}
        if kind == "tls":
            c = certificates
            modules["tls"] = (
                f'global(defaultNetstreamDriver="ossl" defaultNetstreamDriverCAFile="{c.ca}"\n'
                f'  defaultNetstreamDriverCertFile="{c.cert}" defaultNetstreamDriverKeyFile="{c.key}")\n'
                'module(load="imtcp" StreamDriver.Name="ossl" StreamDriver.Mode="1" StreamDriver.AuthMode="anon")\n'
                f'input(type="imtcp" address="127.0.0.1" port="{self.port}")')
        (folder / "conf").write_text(
            f'global(workDirectory="{folder}" localHostname="test")\n{modules[kind]}\n'
            'template(name="parts" type="list" option.jsonf="on") {\n'
            '  property(outname="pri" name="pri" format="jsonf")\n'
            '  property(outname="host" name="hostname" format="jsonf")\n'
            '  property(outname="app" name="app-name" format="jsonf")\n'
            '  property(outname="procid" name="procid" format="jsonf")\n'
            '  property(outname="time" name="timereported" dateFormat="rfc3339" format="jsonf")\n'
            '  property(outname="data" name="structured-data" format="jsonf")\n'
            '  property(outname="version" name="protocol-version" format="jsonf")\n'
            '  property(outname="msg" name="msg" format="jsonf")\n}\n'
            f'action(type="omfile" file="{self.file}" template="parts" asyncWriting="off")\n')
        self.process = Process(["/usr/sbin/rsyslogd", "-n", "-f", str(folder / "conf"), "-i", str(folder / "pid")],
                               folder / "log")

    @property
    def url(self):
        return f"{self.kind}://127.0.0.1:{self.port}"

    def __enter__(self):
        self.process.__enter__()
        self.process.wait_for(self.ready)
        return self

    def __exit__(self, *exc):
        self.process.__exit__(*exc)

    def ready(self):
        if self.kind == "udp":
            return f":{self.port:04X} " in open("/proc/net/udp").read().upper()
        return f":{self.port:04X} 00000000:0000 0A" in open("/proc/net/tcp").read()

    def messages(self):
        return [json.loads(line) for line in whole_lines(self.file)] if self.file.exists() else []

    def marked(self):
        return [MARKER.search(m["msg"])[1] for m in self.messages() if MARKER.search(m["msg"])]


class HttpReceiver:
    """HTTP on loopback; serve() says what is done with a request."""

    def __init__(self, certificates=None, port=0):
        self.lock = threading.Lock()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                outer.serve(self, self.rfile.read(int(self.headers.get("Content-Length", 0))))

            do_PUT = do_GET = do_POST

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.server.daemon_threads = True
        if certificates:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificates.cert, certificates.key)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.port = self.server.server_address[1]
        self.url = f"{'https' if certificates else 'http'}://127.0.0.1:{self.port}"

    def serve(self, q, body):
        raise NotImplementedError

    @staticmethod
    def reset(q):
        q.close_connection = True
        q.connection.shutdown(socket.SHUT_RDWR)

    @staticmethod
    def answer(q, status, text="", headers={}):
        q.send_response(status)
        for name, value in headers.items():
            q.send_header(name, value)
        q.send_header("Content-Length", str(len(text.encode())))
        q.end_headers()
        q.wfile.write(text.encode())

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *exc):
        self.server.shutdown()
        self.server.server_close()


class Script(HttpReceiver):
    """`answers` is a list of (status, body[, headers]) taken in turn; the last stays. A status is also "stall", "reset" or
    "slow"."""

    def __init__(self, answers=((200, ""),), certificates=None, port=0):
        self.answers, self.requests = list(answers), []
        super().__init__(certificates, port)

    def serve(self, q, body):
        with self.lock:
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            self.requests.append({"path": q.path, "headers": {k.lower(): v for k, v in q.headers.items()}, "body": body,
                                  "answer": answer[0], "at": time.monotonic()})
        status, text, headers = (*answer, {})[:3]
        if status == "stall":
            time.sleep(120)
        if status == "reset":
            self.reset(q)
            return
        if status == "slow":
            time.sleep(1.5)
            status = 200
        self.answer(q, status, text, headers)

    def bodies(self, answered=200):
        with self.lock:
            return [r["body"] for r in self.requests if r["answer"] == answered]


class Mock:
    """librdkafka's mock cluster (kafka_mock.c)."""

    def __init__(self, program, topic):
        self.child = subprocess.Popen([str(program), topic], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.brokers = self.child.stdout.readline().split()[1].split(",")
        self.messages = []
        self.reader = threading.Thread(target=self.read, daemon=True)

    def read(self):
        for line in self.child.stdout:
            self.messages.append(json.loads(line))

    def say(self, line):
        self.child.stdin.write(line + "\n")
        self.child.stdin.flush()

    def __enter__(self):
        self.reader.start()
        return self

    def __exit__(self, *exc):
        self.child.stdin.close()
        self.child.wait(60)


class Relay:
    """A mail relay on loopback (RFC 5321): one thread a connection. `say` maps a verb to the reply it gets instead of the
    usual; `certificates` make it offer STARTTLS, or speak TLS from the beginning with `wrapped`."""

    def __init__(self, certificates=None, wrapped=False, user=None, say=None):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.user, self.say, self.mails, self.said, self.wrapped, self.context = user, say or {}, [], [], wrapped, None
        if certificates:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificates.cert, certificates.key)

    def __enter__(self):
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def __exit__(self, *exc):
        self.socket.close()

    def accept(self):
        while True:
            try:
                connection = self.socket.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, c):
        try:
            self.talk(c)
        except (OSError, ValueError):
            pass

    def talk(self, c):
        tls = self.wrapped
        if tls:
            c = self.context.wrap_socket(c, server_side=True)
        lines, mail = c.makefile("rb"), {"to": []}
        answer = lambda text: c.sendall(text.encode() + b"\r\n")
        answer("220 relay")
        while True:
            line = lines.readline().decode().rstrip("\r\n")
            if not line:
                return
            self.said.append(line)
            verb = line.split(" ")[0].split(":")[0].upper()
            if verb in self.say:
                answer(self.say[verb])
            elif verb == "EHLO":
                answer("250-relay")
                if self.context and not tls:
                    answer("250-STARTTLS")
                answer("250-AUTH PLAIN")
                answer("250 SIZE 1000000")
            elif verb == "STARTTLS":
                answer("220 go")
                c, tls = self.context.wrap_socket(c, server_side=True), True
                lines = c.makefile("rb")
            elif verb == "AUTH":
                if line.count(" ") == 1:
                    answer("334 ")
                    line += " " + lines.readline().decode().strip()
                good = self.user and base64.b64decode(line.split(" ")[2]) == b"\0" + b"\0".join(x.encode() for x in self.user)
                mail["user"] = good
                answer("235 welcome" if good else "535 who are you")
            elif verb == "MAIL":
                mail["from"], mail["tls"] = line, tls
                answer("250 ok")
            elif verb == "RCPT":
                mail["to"].append(line)
                answer("250 ok")
            elif verb == "DATA":
                answer("354 go on")
                body = b""
                while not body.endswith(b"\r\n.\r\n"):
                    body += lines.readline()
                mail["body"] = body[:-3]
                if "." not in self.say:
                    self.mails.append(mail)
                mail = {"to": []}
                answer(self.say.get(".", "250 taken"))
            elif verb == "QUIT":
                answer("221 bye")
                return
            else:
                answer("500 what")


class KafkaGate:
    """What the mock cluster has not got: TLS, and SASL before anything else (PLAIN, SCRAM-SHA-256, SCRAM-SHA-512). It stands before each
    of the cluster's brokers, and says so in their answers. doc: kafka.apache.org/protocol"""

    METADATA, API_VERSIONS, HANDSHAKE, AUTHENTICATE = 3, 18, 17, 36
    MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")

    def __init__(self, brokers, certificates=None, user=None, password=None, client_ca=None):
        self.user, self.password, self.context, self.signed_in, self.refused = user, password, None, [], 0
        if certificates:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(certificates.cert, certificates.key)
            if client_ca:
                self.context.verify_mode = ssl.CERT_REQUIRED
                self.context.load_verify_locations(client_ca)
        self.listeners = {int(b.rpartition(":")[2]): socket.create_server(("127.0.0.1", 0)) for b in brokers}
        self.brokers = [f"127.0.0.1:{s.getsockname()[1]}" for s in self.listeners.values()]

    def __enter__(self):
        for port, listener in self.listeners.items():
            threading.Thread(target=self.accept, args=(port, listener), daemon=True).start()
        return self

    def __exit__(self, *exc):
        for listener in self.listeners.values():
            listener.close()

    def accept(self, port, listener):
        while True:
            try:
                c = listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self.serve, args=(port, c), daemon=True).start()

    @staticmethod
    def frame(s):
        def exactly(n):
            got = b""
            while len(got) < n:
                piece = s.recv(n - len(got))
                if not piece:
                    raise EOFError
                got += piece
            return got
        return exactly(int.from_bytes(exactly(4), "big"))

    @staticmethod
    def send(s, body):
        s.sendall(len(body).to_bytes(4, "big") + body)

    def serve(self, port, c):
        try:
            if self.context:
                c = self.context.wrap_socket(c, server_side=True)
            with c, socket.create_connection(("127.0.0.1", port)) as broker:
                self.talk(c, broker)
        except (EOFError, OSError):
            pass

    def talk(self, c, broker):
        session = None if self.user else {"done": True}
        while True:
            q = self.frame(c)
            key, version, number = struct.unpack(">hhi", q[:8])
            body = q[10 + max(0, int.from_bytes(q[8:10], "big", signed=True)):]
            if key == self.HANDSHAKE:
                session = {"mechanism": body[2:].decode(), "done": False}
                known = session["mechanism"] in self.MECHANISMS
                names = b"".join(struct.pack(">h", len(m)) + m.encode() for m in self.MECHANISMS)
                self.send(c, struct.pack(">ihi", number, 0 if known else 33, len(self.MECHANISMS)) + names)
            elif key == self.AUTHENTICATE:
                said = self.authenticate(session, body[4:4 + int.from_bytes(body[:4], "big")])
                lifetime = bytes(8) if version else b""
                if said is None:
                    self.refused += 1
                    why = b"these credentials are not good"
                    self.send(c, struct.pack(">ihh", number, 58, len(why)) + why + bytes(4) + lifetime)
                    return
                self.send(c, struct.pack(">ihhi", number, 0, -1, len(said)) + said + lifetime)
            elif key == self.API_VERSIONS or (session and session["done"]):
                self.send(broker, q)
                a = self.frame(broker)
                self.send(c, self.with_sasl(a, version) if key == self.API_VERSIONS else self.ours(a) if key == self.METADATA else a)
            else:
                return  # whoever did not say who they are is told nothing

    def ours(self, answer):
        for port, listener in self.listeners.items():
            answer = answer.replace(b"127.0.0.1" + struct.pack(">i", port), b"127.0.0.1" + struct.pack(">i", listener.getsockname()[1]))
        return answer

    def with_sasl(self, answer, version):
        head, rest = answer[:6], answer[6:]
        if version < 3 or head[4:] != bytes(2):
            more = struct.pack(">hhhhhh", self.HANDSHAKE, 0, 1, self.AUTHENTICATE, 0, 1)
            return head + struct.pack(">i", int.from_bytes(rest[:4], "big") + 2) + more + rest[4:]
        more = struct.pack(">hhhbhhhb", self.HANDSHAKE, 0, 1, 0, self.AUTHENTICATE, 0, 1, 0)
        return head + bytes([rest[0] + 2]) + more + rest[1:]

    def authenticate(self, session, said):
        """@return what to answer; None: refused"""
        if session["mechanism"] == "PLAIN":
            session["done"] = said.split(b"\0")[1:] == [self.user.encode(), self.password.encode()]
            self.signed_in += [session["mechanism"]] * session["done"]
            return b"" if session["done"] else None
        hash = session["mechanism"].rpartition("-")[2].join(("sha", ""))
        if "first" not in session:  # RFC 5802
            bare = said.decode().split(",", 2)[2]
            values = dict(v.split("=", 1) for v in bare.split(","))
            session["salt"], nonce = b"salt of the test", values["r"] + "server"
            session["first"] = f"r={nonce},s={base64.b64encode(session['salt']).decode()},i=4096"
            session["bare"] = bare
            return session["first"].encode() if values["n"] == self.user else None
        without, _, proof = said.decode().rpartition(",p=")
        salted = hashlib.pbkdf2_hmac(hash, self.password.encode(), session["salt"], 4096)
        stored = hashlib.new(hash, hmac.digest(salted, b"Client Key", hash)).digest()
        message = ",".join((session["bare"], session["first"], without)).encode()
        signature = hmac.digest(stored, message, hash)
        given = bytes(a ^ b for a, b in zip(base64.b64decode(proof), signature))
        if hashlib.new(hash, given).digest() != stored:
            return None
        session["done"] = True
        self.signed_in.append(session["mechanism"])
        return b"v=" + base64.b64encode(hmac.digest(hmac.digest(salted, b"Server Key", hash), message, hash))
