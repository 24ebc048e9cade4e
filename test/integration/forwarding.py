"""What stands between an agent and consoles: a load balancer that passes TLS through, a proxy that tunnels."""
import socket
import socketserver
import threading


def pump(source, sink):
    """Passes on what comes until either end is gone, and then tells the other."""
    try:
        while piece := source.recv(65536):
            sink.sendall(piece)
    except OSError:
        pass
    for s in (source, sink):
        try:
            s.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def join(a, b):
    back = threading.Thread(target=pump, args=(b, a), daemon=True)
    back.start()
    pump(a, b)
    back.join()
    b.close()


class Forwarder(socketserver.ThreadingTCPServer):
    """Serves in threads on a port the kernel chose, until its block ends."""
    allow_reuse_address = daemon_threads = True
    request_queue_size = 128

    def __init__(self):
        super().__init__(("127.0.0.1", 0), None)
        self.port = self.server_address[1]

    def __enter__(self):
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()

    def finish_request(self, request, client_address):
        raise NotImplementedError


class Balancer(Forwarder):
    """One address for several: the next in turn that accepts. `taken` says how many connections each had."""

    def __init__(self, *consoles):
        super().__init__()
        self.consoles, self.turn, self.taken = consoles, 0, [0] * len(consoles)

    def finish_request(self, request, client_address):
        for _ in self.consoles:
            self.turn = (self.turn + 1) % len(self.consoles)
            at = self.turn
            try:
                there = socket.create_connection(("127.0.0.1", self.consoles[at].port), 5)
            except OSError:
                continue
            there.settimeout(None)
            self.taken[at] += 1
            join(request, there)
            return


class Proxy(Forwarder):
    """An HTTP proxy that knows CONNECT alone; `asked` says for what. With `user` (NAME:PASSWORD in base64) it wants to be told."""

    def __init__(self, user=None):
        super().__init__()
        self.user, self.asked, self.refused = user, [], 0

    def finish_request(self, request, client_address):
        head = b""
        while b"\r\n\r\n" not in head:
            piece = request.recv(4096)
            if not piece:
                return
            head += piece
        method, where = head.split(b" ", 2)[:2]
        if method != b"CONNECT":
            request.sendall(b"HTTP/1.1 405 no\r\nContent-Length: 0\r\n\r\n")
            return
        if self.user and b"proxy-authorization: basic " + self.user.encode().lower() not in head.lower():
            self.refused += 1
            request.sendall(b'HTTP/1.1 407 who\r\nProxy-Authenticate: Basic realm="x"\r\nContent-Length: 0\r\n\r\n')
            return
        self.asked.append(where.decode())
        host, port = where.decode().rsplit(":", 1)
        there = socket.create_connection((host, int(port)), 5)
        there.settimeout(None)
        request.sendall(b"HTTP/1.1 200 go\r\n\r\n")
        join(request, there)
