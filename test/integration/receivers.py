"""Receivers of alerts: Debian's rsyslogd, and an HTTP server that answers as a test's script says and keeps every request."""
import http.server
import json
import socket
import ssl
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


class Script:
    """HTTP on loopback. `answers` is a list of (status, body[, headers]) taken in turn; the last stays. A status is also
    "stall", "reset" or "slow"."""

    def __init__(self, answers=((200, ""),), certificates=None, port=0):
        self.answers, self.requests, self.lock = list(answers), [], threading.Lock()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                outer.serve(self)

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

    def serve(self, q):
        body = q.rfile.read(int(q.headers.get("Content-Length", 0)))
        with self.lock:
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            self.requests.append({"path": q.path, "headers": {k.lower(): v for k, v in q.headers.items()}, "body": body,
                                  "answer": answer[0], "at": time.monotonic()})
        status, text, headers = (*answer, {})[:3]
        if status == "stall":
            time.sleep(120)
        if status == "reset":
            q.close_connection = True
            q.connection.shutdown(socket.SHUT_RDWR)
            return
        if status == "slow":
            time.sleep(1.5)
            status = 200
        q.send_response(status)
        for name, value in headers.items():
            q.send_header(name, value)
        q.send_header("Content-Length", str(len(text.encode())))
        q.end_headers()
        q.wfile.write(text.encode())

    def bodies(self, answered=200):
        with self.lock:
            return [r["body"] for r in self.requests if r["answer"] == answered]

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(self, *exc):
        self.server.shutdown()
        self.server.server_close()
