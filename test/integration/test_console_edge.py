"""The console's HTTP edge, as those meet it who mean no good, and those who are many."""
import contextlib
import os
import re
import select
import signal
import socket
import ssl
import subprocess
import threading
import time

import pytest

from agents import until
from consoles import Console, any_certificate


@pytest.fixture(scope="module")
def console(tmp_path_factory):
    with Console(tmp_path_factory.mktemp("console"), "--max-per-address", 400) as c:
        yield c


def status_of(answer):
    m = re.match(rb"HTTP/1\.1 (\d{3}) ", answer)
    return int(m[1]) if m else None


HOST = b"Host: localhost\r\n"
MALFORMED = {
    "no version": (b"GET /healthz\r\n\r\n", 400),
    "an old version": (b"GET /healthz HTTP/0.9\r\n\r\n", 505),
    "HTTP/2's preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
    "no host": (b"GET /healthz HTTP/1.1\r\n\r\n", 400),
    "two hosts": (b"GET /healthz HTTP/1.1\r\n" + HOST + HOST + b"\r\n", 400),
    "a blank before the colon": (b"GET /healthz HTTP/1.1\r\nHost : x\r\n\r\n", 400),
    "a folded field": (b"GET /healthz HTTP/1.1\r\n" + HOST + b"X: a\r\n b\r\n\r\n", 400),
    "a bare line feed": (b"GET /healthz HTTP/1.1\r\n" + HOST + b"X: a\nY: b\r\n\r\n", 400),
    "a NUL": (b"GET /heal\0thz HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a control character": (b"GET /healthz HTTP/1.1\r\n" + HOST + b"X: a\x1b[2J\r\n\r\n", 400),
    "two lengths": (b"POST /api/v1/session HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
    "length and chunks": (b"POST /api/v1/session HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    "a length with a sign": (b"POST /api/v1/session HTTP/1.1\r\n" + HOST + b"Content-Length: +1\r\n\r\na", 400),
    "an endless length": (b"POST /api/v1/session HTTP/1.1\r\n" + HOST + b"Content-Length: 99999999999999999999999\r\n\r\n", 400),
    "another coding": (b"POST /api/v1/session HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip, chunked\r\n\r\n", 501),
    "a chunk without size": (b"POST /api/v1/session HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
    "a negative chunk": (b"POST /api/v1/session HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n-1\r\n", 400),
    "a chunk of 2^64": (b"POST /api/v1/session HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n", 400),
    "a body too large": (b"POST /api/v1/session HTTP/1.1\r\n" + HOST + b"Content-Length: 99999999\r\n\r\n", 413),
    "too many fields": (b"GET / HTTP/1.1\r\n" + HOST + b"".join(b"X-%d: y\r\n" % i for i in range(200)) + b"\r\n", 431),
    "a field too long": (b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"y" * 100000 + b"\r\n\r\n", 431),
    "a path too long": (b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 431),
    "no path": (b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n", 400),
    "a proxy's request": (b"CONNECT example.org:443 HTTP/1.1\r\n" + HOST + b"\r\n", 400),
}


@pytest.mark.parametrize("what", MALFORMED)
def test_malformed_requests_are_refused(console, what):
    request, wanted = MALFORMED[what]
    answer = console.raw(request)
    assert status_of(answer) == wanted, answer[:300]
    # Nothing behind it is taken for a request, and what comes back is JSON as everywhere.
    assert answer.count(b"HTTP/1.1 ") == 1 and b"Connection: close" in answer
    assert b"application/problem+json" in answer and b'"status":%d' % wanted in answer
    assert console.client().get("/healthz").status == 200


def test_a_body_that_grows_too_large_is_cut(console):
    head = b"POST /api/v1/session HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n"
    answer = console.raw(head + (b"10000\r\n" + b" " * 65536 + b"\r\n") * 100)
    assert status_of(answer) == 413, answer[:200]


def test_what_is_smuggled_is_no_request(console):
    """The body of one request that looks like another is a body."""
    inner = b"GET /metrics HTTP/1.1\r\n" + HOST + b"\r\n"
    answer = console.raw(b"POST /api/v1/nothing HTTP/1.1\r\n" + HOST + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(inner) + inner)
    assert answer.count(b"HTTP/1.1 ") == 1 and b"skep_console" not in answer


def test_requests_in_one_go_are_answered_in_order(console):
    ask = b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\nGET /api/v1/nothing HTTP/1.1\r\n" + HOST + b"\r\n"
    answer = console.raw(ask * 20 + b"GET /static/none HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
    assert re.findall(rb"HTTP/1\.1 (\d+)", answer) == [b"200", b"404"] * 20 + [b"404"]


def test_every_answer_carries_what_keeps_browsers_safe(console):
    c = console.client()
    for path in ("/", "/alerts/7", "/static/none", "/healthz", "/api/v1/openapi.json", "/api/v1/nothing", "/../../etc/passwd", "/%2e%2e/x"):
        h = c.get(path).headers
        assert "default-src 'none'" in h["Content-Security-Policy"] and "frame-ancestors 'none'" in h["Content-Security-Policy"], path
        assert "unsafe" not in h["Content-Security-Policy"]
        assert h["X-Content-Type-Options"] == "nosniff" and h["Referrer-Policy"] == "no-referrer"
        assert h["Server"] is None
        assert b"root:" not in c.get(path).body


def test_pages_are_sent_once(console):
    c = console.client()
    first = c.get("/", headers={"Accept-Encoding": "gzip, br"})
    assert first.status == 200 and first.headers["Cache-Control"] == "no-cache"
    again = c.get("/", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status == 304 and again.body == b""
    script = re.search(rb'"(/static/[^"]+\.js)"', c.get("/").body)
    if script:
        a = c.get(script[1].decode(), headers={"Accept-Encoding": "br"})
        assert a.headers["Content-Encoding"] == "br" and "immutable" in a.headers["Cache-Control"]
        assert a.headers["Content-Type"].startswith("text/javascript")


def test_plain_http_is_sent_to_https(console):
    with socket.create_connection(("127.0.0.1", console.port), timeout=60) as s:
        s.sendall(b"GET /alerts?q=1 HTTP/1.1\r\nHost: localhost:%d\r\n\r\n" % console.port)
        answer = console.answer(s)
    assert status_of(answer) == 308 and b"Location: https://localhost:%d/alerts?q=1\r\n" % console.port in answer
    with socket.create_connection(("127.0.0.1", console.port), timeout=60) as s:
        s.sendall(b"GET / HTTP/1.1\r\nHost: a\\evil\r\n\r\n")
        assert status_of(console.answer(s)) == 400


def test_old_tls_and_foreign_certificates_are_refused(console, tmp_path):
    old = any_certificate()
    old.set_ciphers("ALL:@SECLEVEL=0")
    old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(OSError), socket.create_connection(("127.0.0.1", console.port)) as s:
        old.wrap_socket(s)
    # A certificate that another authority signed.
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                    tmp_path / "key", "-out", tmp_path / "cert", "-subj", "/CN=a-abcdefghijkl", "-days", "2"], check=True, capture_output=True)
    foreign = any_certificate()
    foreign.load_cert_chain(tmp_path / "cert", tmp_path / "key")
    with pytest.raises(OSError), socket.create_connection(("127.0.0.1", console.port), timeout=60) as s, foreign.wrap_socket(s) as t:
        t.sendall(b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n")
        assert t.recv(100)  # TLS 1.3 tells of it here
        raise AssertionError("a foreign certificate was let in")
    assert console.client().get("/healthz").status == 200


def certificate_of_the_authority(console, folder, name, usage="clientAuth", from_s=-3600, to_s=3600, authority=None):
    """A certificate as the console's own authority would sign it, valid from and to so many seconds from now."""
    tls = authority or console.state / "tls"
    at = lambda s: time.strftime("%Y%m%d%H%M%SZ", time.gmtime(time.time() + s))
    (folder / "ext").write_text(f"basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nextendedKeyUsage={usage}\n")
    (folder / "ca.cnf").write_text(f"[ca]\ndefault_ca=d\n[d]\ndatabase={folder}/index\nserial={folder}/serial\nnew_certs_dir={folder}\n"
                                   "default_md=sha256\npolicy=p\nunique_subject=no\n[p]\ncommonName=supplied\n")
    (folder / "index").write_text("")
    (folder / "serial").write_text("7E57C0DE\n")
    run = lambda *args: subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True)
    run("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", folder / f"{name}.key", "-out",
        folder / f"{name}.csr", "-subj", f"/CN={name}")
    run("ca", "-batch", "-config", folder / "ca.cnf", "-in", folder / f"{name}.csr", "-out", folder / f"{name}.pem", "-notext", "-cert",
        tls / "authority.pem", "-keyfile", tls / "authority.key", "-startdate", at(from_s), "-enddate", at(to_s), "-extfile", folder / "ext")
    c = any_certificate()
    c.load_cert_chain(folder / f"{name}.pem", folder / f"{name}.key")
    return c


def agents_answer(console, context):
    """What a batch is answered; None: not let in at all."""
    try:
        with socket.create_connection(("127.0.0.1", console.port), timeout=60) as s, context.wrap_socket(s) as t:
            t.sendall(b"POST /agent/v1/batch HTTP/1.1\r\n" + HOST + b"Skep-Agent-Protocol: 1\r\nContent-Type: application/x-ndjson\r\n"
                      b"Skep-Spool: 00000000000000000000000000000000\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            return status_of(console.answer(t))
    except TimeoutError:
        raise AssertionError("the console does not answer")
    except OSError:
        return None


def test_certificates_that_are_no_agents(console, tmp_path):
    sign = lambda name, **kw: certificate_of_the_authority(console, tmp_path, name, **kw)
    # Of our authority, but of nobody who joined; and none at all.
    assert agents_answer(console, sign("a-abcdefghijkl")) == 403
    assert agents_answer(console, any_certificate()) in (401, 403)
    # Over, not begun, for another purpose.
    assert agents_answer(console, sign("a-over", from_s=-7200, to_s=-3600)) is None
    assert agents_answer(console, sign("a-early", from_s=3600, to_s=7200)) is None
    assert agents_answer(console, sign("a-server", usage="serverAuth")) is None
    # A name that tries to be more than a name.
    assert agents_answer(console, sign("a' OR 1=1 --")) == 403
    assert console.client().get("/readyz").status == 200


def test_figures_stay_on_this_host(console):
    assert console.client().get("/metrics").status == 200
    assert console.client().get("/metrics", headers={"X-Forwarded-For": "192.0.2.1"}).status == 403


def test_those_who_dribble_hold_nobody_up(console):
    """Heads that come a byte at a time: others are served at once, and what is held stays small."""
    before = console.memory()
    slow = [console.connect() for _ in range(300)]
    for s in slow:
        s.sendall(b"GET / HTTP/1.1\r\nX: ")
    c, worst = console.client(), 0
    for _ in range(20):
        for s in slow:
            with contextlib.suppress(OSError):  # hung up on, where this machine took longer than a head may
                s.sendall(b"y")
        began = time.monotonic()
        assert c.get("/healthz").status == 200
        worst = max(worst, time.monotonic() - began)
    assert worst < 5, worst  # a head may take longer; tests share a machine
    grown = console.memory() - before
    assert grown < 300 * 120_000, grown
    for s in slow:
        s.close()


def from_address(console, address, first=b""):
    """A raw connection from another address of this host; @first goes before TLS."""
    s = socket.socket()
    s.settimeout(60)
    s.bind((address, 0))
    s.connect(("127.0.0.1", console.port))
    s.sendall(first)
    return any_certificate().wrap_socket(s)


def ask_all(connection, request, count):
    """Asks @count times in one go. @return the statuses, and what came"""
    # By one thread: Python lets two work on one connection's TLS state at once, and they spoil it.
    connection.setblocking(False)
    left, got = memoryview(request * count), b""
    while got.count(b"HTTP/1.1 ") < count or not got.endswith((b"}", b"}\n")):
        assert any(select.select([connection], [connection] if left else [], [], 20)), (len(left), got)
        try:
            left = left[connection.send(left[:16384]):] if left else left
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            pass
        try:
            piece = connection.recv(65536)
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            continue
        if not piece:
            break
        got += piece
    return [int(i) for i in re.findall(rb"HTTP/1\.1 (\d{3}) ", got)], got


def test_one_address_cannot_take_all_connections(tmp_path):
    """The bound is answered, over TLS; far over it there is nothing but an end."""
    with Console(tmp_path, "--max-per-address", 20) as console:
        held, ended = [], 0
        for _ in range(40):
            try:
                held.append(console.connect(timeout=60))
            except TimeoutError:
                raise
            except OSError:
                ended += 1
        assert len(held) == 30 and ended == 10, (len(held), ended)
        for i, s in enumerate(held):
            s.sendall(b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n")
            answer = console.answer(s)
            assert status_of(answer) == (200 if i < 20 else 429), answer
            assert i < 20 or (b"Retry-After: " in answer and b"application/problem+json" in answer), answer
        # Another address is another peer.
        with from_address(console, "127.0.0.9") as t:
            t.sendall(b"GET /metrics HTTP/1.1\r\n" + HOST + b"\r\n")
            assert b"skep_console_refused_total 20\n" in console.answer(t)
        for s in held:
            s.close()


def test_addresses_and_users_are_limited(tmp_path):
    """1,000 requests at once and 200 a second, by address and by user, as told over TLS."""
    with Console(tmp_path) as console:
        admin = console.admin()
        token = admin.ask("POST", "/api/v1/tokens", {"name": "many", "permissions": ["assets.read"]})
        assert token.status == 201, token
        anonymous = b"GET /api/v1/session HTTP/1.1\r\n" + HOST + b"\r\n"
        with from_address(console, "127.0.0.21") as s:
            statuses, got = ask_all(s, anonymous, 3000)
        assert statuses.count(401) >= 1000 and statuses.count(429) > 100 and len(statuses) == 3000, statuses
        assert b"Retry-After: " in got and b'"code":"too-many-requests"' in got
        with from_address(console, "127.0.0.22") as s:
            assert ask_all(s, anonymous, 1)[0] == [401]
        # Nobody gets more by asking from more addresses.
        known = (b"GET /api/v1/session HTTP/1.1\r\nAuthorization: Bearer " + token.json()["secret"].encode() + b"\r\n" +
                 HOST + b"\r\n")
        statuses = []
        for last in range(30, 34):
            with from_address(console, f"127.0.0.{last}") as s:
                statuses += ask_all(s, known, 900)[0]
        assert statuses.count(200) >= 1000 and statuses.count(429) > 100, statuses


def fail_to_sign_in(connection, name, *fields):
    """@return the answer's status"""
    body = b'{"name":"%s","password":"wrong"}' % name.encode()
    connection.sendall(b"POST /api/v1/session HTTP/1.1\r\n" + HOST + b"Content-Type: application/json\r\n" +
                       b"".join(f + b"\r\n" for f in fields) + b"Content-Length: %d\r\n\r\n" % len(body) + body)
    return status_of(Console.answer(connection))


def addresses_of_failures(console):
    """From where, the oldest first, each once in a row."""
    items = console.admin().get("/api/v1/audit?limit=1000").json()["items"]
    all = [i["address"] for i in reversed(items) if i["action"] == "POST /api/v1/session" and i["how"] == "none"]
    return [a for i, a in enumerate(all) if i == 0 or all[i - 1] != a]


def test_trusted_proxies_tell_who_asks(tmp_path):
    """The audit log and the waits know the client's address from a trusted proxy, and from nobody else."""
    with Console(tmp_path, "--trusted-proxy", "127.0.0.1", "--trusted-proxy", "10.0.0.0/8") as console:
        with console.connect() as s:
            # Where hashing takes longer than the first waits are, these are over before they are told.
            statuses = []
            while 429 not in statuses[24:] and len(statuses) < 40:
                statuses.append(fail_to_sign_in(s, f"u{len(statuses)}", b"X-Forwarded-For: 127.0.0.1, 192.0.2.50, 10.9.9.9"))
            assert 429 in statuses, statuses
            assert fail_to_sign_in(s, "other", b"X-Forwarded-For: 192.0.2.51") == 401
            assert fail_to_sign_in(s, "quiet", b"Forwarded: for=192.0.2.52") == 401
        with from_address(console, "127.0.0.9") as s:
            assert fail_to_sign_in(s, "liar", b"X-Forwarded-For: 192.0.2.53") == 401
        assert addresses_of_failures(console) == ["192.0.2.50", "192.0.2.51", "127.0.0.1", "127.0.0.9"]


def test_load_balancers_tell_who_connects(tmp_path):
    """The PROXY protocol goes before TLS, from a trusted load balancer; headers count for nothing then."""
    header = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x07\x0a\0\0\x01\x10\0\x20\xfb"
    with Console(tmp_path, "--trusted-proxy", "127.0.0.9", "--proxy-tells", "proxy-protocol") as console:
        with from_address(console, "127.0.0.9", header) as s:
            assert fail_to_sign_in(s, "far", b"X-Forwarded-For: 192.0.2.50") == 401
        with console.connect() as s:
            assert fail_to_sign_in(s, "near", b"X-Forwarded-For: 192.0.2.50") == 401
        for first in (b"", b"PROXY TCP4 192.0.2.7 10.0.0.1 4096 8443\r\n"):
            with pytest.raises(OSError):
                from_address(console, "127.0.0.9", first)
        with pytest.raises(OSError):
            from_address(console, "127.0.0.10", header)
        assert addresses_of_failures(console) == ["192.0.2.7", "127.0.0.1"]


def test_more_connections_than_may_be_make_room(tmp_path):
    """Those that say nothing for longest give way to those that come."""
    with Console(tmp_path, "--max-connections", 50, "--max-per-address", 1000) as console:
        idle = [console.connect() for _ in range(50)]
        time.sleep(1.2)
        for _ in range(10):
            assert console.client().get("/healthz").status == 200
        for s in idle:
            s.close()


def test_certificates_are_read_again(tmp_path):
    def make(name):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout",
                        tmp_path / "key.pem", "-out", tmp_path / "cert.pem", "-subj", f"/CN={name}", "-addext",
                        f"subjectAltName=DNS:{name}", "-days", "2"], check=True, capture_output=True)

    def shown():
        return ssl.get_server_certificate(("127.0.0.1", console.port))

    make("one.example")
    with Console(tmp_path, "--tls-cert", tmp_path / "cert.pem", "--tls-key", tmp_path / "key.pem") as console:
        assert console.client().get("/").headers["Strict-Transport-Security"]
        first = shown()
        with console.connect() as open_before:
            make("two.example")
            console.process.send_signal(signal.SIGHUP)
            assert until(lambda: shown() != first)
            second = shown()
            open_before.sendall(b"GET /healthz HTTP/1.1\r\n" + HOST + b"\r\n")
            assert status_of(console.answer(open_before)) == 200
        (tmp_path / "key.pem").write_text("nonsense")
        console.process.send_signal(signal.SIGHUP)
        assert until(lambda: "stay as they were" in console.said()) and shown() == second


def test_it_ends_in_order(tmp_path):
    with Console(tmp_path) as console:
        idle = [console.connect() for _ in range(5)]
        asked = console.connect()
        asked.sendall(b"POST /api/v1/session HTTP/1.1\r\n" + HOST +
                      b"Expect: 100-continue\r\nContent-Type: application/json\r\nContent-Length: 34\r\n\r\n")
        # It has begun with the request when it wants the rest.
        assert asked.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        asked.sendall(b'{"name":"nobody","password":"x"}  ')
        began = time.monotonic()
        assert console.end() == 0
        took = time.monotonic() - began
        answer = console.answer(asked)
        assert status_of(answer) in (401, 503) and b"Connection: close" in answer, answer[:200]
        assert took < 5, took
        for s in idle:
            s.close()
    # One file is the store then: who copies it has all.
    assert [f.name for f in console.state.glob("skep.db-*") if f.name.endswith(("-wal", "-shm"))] == []


def test_it_serves_soon_after_it_began_also_after_a_kill(tmp_path):
    console = Console(tmp_path)
    console.start()
    try:
        for _ in range(3):
            stop = threading.Event()

            def hammer():
                while not stop.is_set():
                    try:
                        console.client().get("/api/v1/openapi.json", timeout=5)
                    except OSError:
                        pass

            threads = [threading.Thread(target=hammer) for _ in range(3)]
            for t in threads:
                t.start()
            time.sleep(0.2)
            console.process.kill()
            console.process.wait()
            stop.set()
            for t in threads:
                t.join()
            console.start()
            assert console.client().get("/readyz").status == 200
            # A second where nothing else runs; tests share a machine.
            assert console.started_s < 5, console.started_s
    finally:
        console.end()
