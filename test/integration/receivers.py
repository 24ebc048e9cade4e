"""Receivers of alerts: Debian's rsyslogd, and an HTTP server, a mail relay and
Kafka's mock cluster that do as a test's script says and keep what they are told."""
import http.server
import base64
import json
import socket
import ssl
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
        self.child.wait(20)


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
