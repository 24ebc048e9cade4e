"""A registry on loopback that serves the images it is given and misbehaves as it is told.

    with FakeRegistry() as r:
        r.add_image("app", "1", [layer_bytes, ...])
        r.fault("GET", "/v2/app/blobs/", Fault(status=500))

A fault answers requests whose method and path prefix match, `times` times (None: always).
"""
import base64
import gzip
import hashlib
import http.server
import json
import re
import socket
import threading
import urllib.parse

from images import OCI_CONFIG, OCI_LAYER, OCI_MANIFEST, digest, entry, layer


class Fault:
    """What to do instead of answering."""

    def __init__(self, status=None, headers=None, body=b"", truncate=None, corrupt=False, stall=False, drip=None,
                 redirect=None, close=False, huge_header=False, times=None, content_type=None):
        self.status, self.headers, self.body = status, headers or {}, body
        self.truncate, self.corrupt, self.stall, self.drip = truncate, corrupt, stall, drip
        self.redirect, self.close, self.huge_header = redirect, close, huge_header
        self.times, self.content_type = times, content_type


class FakeRegistry:
    def __init__(self, basic=None, token=None, tls=None):
        """`basic`: (user, password) wanted; `token`: (user, password) the token service wants, or True for anonymous."""
        self.blobs, self.manifests, self.files, self.faults, self.requests = {}, {}, {}, [], []
        self.basic, self.token, self.token_path = basic, token, "/token"
        self.stopping = threading.Event()
        owner = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            registry = owner

            def log_message(self, *args):
                pass

            def do_GET(self):
                owner.serve(self)

            do_HEAD = do_GET

            def do_POST(self):
                owner.serve(self)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        self.scheme = "https" if tls else "http"
        self.host = "127.0.0.1:%d" % self.server.server_address[1]

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *exc):
        self.stopping.set()
        self.server.shutdown()
        self.server.server_close()

    @property
    def url(self):
        return f"{self.scheme}://{self.host}"

    def add_blob(self, data):
        self.blobs[digest(data)] = data
        return digest(data)

    def add_manifest(self, name, tag, document, media_type):
        data = json.dumps(document).encode()
        for ref in (tag, digest(data)):
            if ref:
                self.manifests[name, ref] = data, media_type
        return {"mediaType": media_type, "digest": digest(data), "size": len(data)}

    def add_image(self, name, tag, layers, architecture="amd64", media_types=None):
        """`layers`: tar bytes, each stored gzip-compressed unless media_types names another form already applied."""
        diff_ids, descriptors = [], []
        for i, tar in enumerate(layers):
            kind = (media_types or {}).get(i)
            stored = tar if kind else gzip.compress(tar, mtime=0)
            descriptors.append({"mediaType": kind or OCI_LAYER + "+gzip", "size": len(stored),
                                "digest": self.add_blob(stored)})
            diff_ids.append(digest(tar))
        config = json.dumps({"architecture": architecture, "os": "linux", "created": "2026-01-01T00:00:00Z",
                             "rootfs": {"type": "layers", "diff_ids": diff_ids},
                             "history": [{"created_by": f"layer {i}"} for i in range(len(layers))]}).encode()
        return self.add_manifest(name, tag, {
            "schemaVersion": 2, "mediaType": OCI_MANIFEST,
            "config": {"mediaType": OCI_CONFIG, "size": len(config), "digest": self.add_blob(config)},
            "layers": descriptors}, OCI_MANIFEST)

    def fault(self, method, prefix, fault):
        self.faults.append((method, prefix, fault))

    def _fault_for(self, method, path):
        for m, prefix, fault in self.faults:
            if m == method and path.startswith(prefix) and fault.times != 0:
                if fault.times:
                    fault.times -= 1
                return fault
        return None

    def _denied(self, h):
        auth = h.headers.get("Authorization", "")
        if self.basic and auth != "Basic " + base64.b64encode(":".join(self.basic).encode()).decode():
            return 'Basic realm="fake"'
        if self.token and auth != "Bearer sesame":
            return f'Bearer realm="{self.url}{self.token_path}",service="fake",scope="repository:x:pull"'
        return None

    def serve(self, h):
        body = h.rfile.read(int(h.headers.get("Content-Length", 0)))
        self.requests.append((h.command, h.path, dict(h.headers), body))
        path = h.path.split("?")[0]
        fault = self._fault_for(h.command, path)
        if fault and fault.status:
            return self._send(h, fault.status, fault.body, fault.headers)
        if fault and fault.redirect:
            return self._send(h, 307, b"", {"Location": fault.redirect})
        if fault and fault.close:
            return h.connection.shutdown(socket.SHUT_RDWR)
        if path == self.token_path:
            return self._token(h, body)
        denied = path.startswith("/v2/") and self._denied(h)
        if denied:
            return self._send(h, 401, b'{"errors":[{"code":"UNAUTHORIZED","message":"who are you"}]}',
                              {"WWW-Authenticate": denied})
        data, media_type = self._find(path)
        if data is None:
            return self._send(h, 404, b'{"errors":[{"code":"NAME_UNKNOWN","message":"not known"}]}', {})
        self._send_data(h, data, (fault and fault.content_type) or media_type, fault)

    def _token(self, h, body):
        auth = h.headers.get("Authorization", "")
        if self.token is not True and b"refresh_token=refresh-me" not in body:
            if auth != "Basic " + base64.b64encode(":".join(self.token).encode()).decode():
                return self._send(h, 401, b"{}", {})
        self._send(h, 200, b'{"token":"sesame"}', {})

    def _find(self, path):
        if path == "/v2/":
            return b"{}", "application/json"
        if path in self.files:
            return self.files[path], "application/octet-stream"
        if not path.startswith("/v2/"):
            return None, None
        parts = path.split("/")
        kind, ref = parts[-2], parts[-1]
        if kind == "manifests":
            return self.manifests.get(("/".join(parts[2:-2]), ref), (None, None))
        return self.blobs.get(ref), "application/octet-stream"

    def _send(self, h, status, body, headers):
        h.send_response(status)
        for k, v in headers.items():
            h.send_header(k, v)
        h.send_header("Content-Length", str(len(body)))
        h.end_headers()
        if h.command != "HEAD":
            h.wfile.write(body)

    def _send_data(self, h, data, media_type, fault):
        start, total = 0, len(data)
        etag = '"%s"' % hashlib.sha256(data).hexdigest()[:16]
        wanted = h.headers.get("Range")
        if h.headers.get("If-Range", etag) != etag:
            wanted = None
        if fault and fault.corrupt:
            data = bytes([data[0] ^ 1]) + data[1:]
        if wanted and media_type == "application/octet-stream" and not (fault and fault.headers.get("ignore-range")):
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            if start >= total:
                return self._send(h, 416, b"", {"Content-Range": f"bytes */{total}"})
            h.send_response(206)
            h.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
        else:
            h.send_response(200)
        if fault and fault.huge_header:
            for i in range(200):
                h.send_header(f"X-Filler-{i}", "x" * 1000)
        h.send_header("ETag", etag)
        h.send_header("Content-Type", media_type)
        h.send_header("Content-Length", str(total - start))
        if h.command == "HEAD":
            h.send_header("Docker-Content-Digest", digest(data))
        h.end_headers()
        if h.command == "HEAD":
            return
        try:
            if fault and fault.stall:
                h.wfile.write(data[start:start + 10])
                h.wfile.flush()
                self.stopping.wait(60)
            elif fault and fault.drip:
                for b in data[start:]:
                    h.wfile.write(bytes([b]))
                    h.wfile.flush()
                    if self.stopping.wait(fault.drip):
                        return
            elif fault and fault.truncate is not None:
                h.wfile.write(data[start:start + fault.truncate])
                h.close_connection = True
                h.connection.shutdown(socket.SHUT_RDWR)
            else:
                h.wfile.write(data[start:])
        except OSError:
            pass


def scripted(names, tag="1", **kw):
    """A registry of small images with a catalogue of two names a page, and lists of tags."""
    r = FakeRegistry(**kw)
    find, base = r._find, layer(entry("etc/os-release", b"ID=alpine\nVERSION_ID=3.10.0\n"))

    def look(path):
        if path.endswith("/tags/list"):
            name = path[len("/v2/"):-len("/tags/list")]
            held = sorted({t for n, t in r.manifests if n == name and not t.startswith("sha256:")})
            return (json.dumps({"name": name, "tags": held}).encode(), "application/json") if held else (None, None)
        return find(path)
    r._find = look
    send = r.serve

    def serve(h):
        path, _, query = h.path.partition("?")
        if path == "/v2/_catalog" and not r._denied(h) and not r._fault_for(h.command, path):
            r.requests.append((h.command, h.path, dict(h.headers), b""))
            every = sorted({n for n, _ in r.manifests})
            asked = dict(p.split("=") for p in query.split("&"))
            rest = [n for n in every if n > asked.get("last", "")]
            headers = {"Link": f'</v2/_catalog?last={rest[1]}&n=2>; rel="next"'} if len(rest) > 2 else {}
            return r._send(h, 200, json.dumps({"repositories": rest[:2]}).encode(), headers)
        return send(h)
    r.serve = serve
    for n, name in enumerate(names):
        r.add_image(name, tag, [base, layer(entry(f"n{n}", name.encode()))])
    return r


def as_quay(r, private, refusal=400):
    """Has a scripted registry answer as Quay does (its endpoints/v2: catalog.py, v2auth.py, auth/registry_jwt_auth.py): who wants the catalogue is
    not asked, and without a token it is an empty one; the token service knows no scope but that of a repository; challenges of the whole
    registry name none. `private`: what the robot alone is shown. `refusal`: how the service answers to a scope it does not give."""
    serve = r.serve

    def look(h):
        path, _, text = h.path.partition("?")
        scopes = urllib.parse.parse_qs(text).get("scope", [])
        if path == "/token" and any(not s.startswith("repository:") or not s.split(":")[1] for s in scopes):
            r.requests.append((h.command, h.path, dict(h.headers), b""))
            return r._send(h, refusal, b'{"errors":[{"code":"INVALID_REQUEST","message":"Unable to decode repository and actions"}]}', {})
        if path == "/v2/" and not h.headers.get("Authorization"):
            return r._send(h, 401, b"true", {"WWW-Authenticate": f'Bearer realm="{r.url}/token",service="fake"'})
        if path == "/v2/_catalog":
            shown = private if h.headers.get("Authorization") == "Bearer sesame" else []
            return r._send(h, 200, json.dumps({"repositories": shown}).encode(), {})
        return serve(h)
    r.serve = look
    return r


def with_projects(r, kind, credential, pages=2, folder=""):
    """`folder`: of GitLab's relative URL. Has a scripted registry offer a product's own API instead of the catalogue, as its documentation shows it: Harbor's
    api/v2.0/swagger.yaml, GitLab's doc/api/container_registry.md, Quay's listRepos. `credential`: the header it wants, or None."""
    serve = r.serve
    r.asked = []

    def names(under=""):
        return sorted({n for n, _ in r.manifests if n.startswith(under)})

    def page(h, query, items, size, link):
        number, size = int(query.get("page", ["1"])[0]), min(pages, int(query.get(size, ["10"])[0]))
        rest = items[(number - 1) * size:]
        path, _, text = h.path.partition("?")
        headers = {"X-Total-Count" if kind == "harbor" else "X-Total": str(len(items)), "Content-Type": "application/json"}
        if len(rest) > size:
            headers["Link"] = link(path, re.sub(r"([?&]|^)page=\d+", rf"\g<1>page={number + 1}", text))
        r._send(h, 200, json.dumps(rest[:size]).encode(), headers)

    def harbor(h, path, query):
        m = re.fullmatch(r"/api/v2\.0/projects(?:/([^/]+)/repositories)?", path)
        if not m:
            return False

        def link(p, q):
            return f'<{p}?{q}>; rel="next"'
        project = m[1]
        if not project:
            page(h, query, [{"project_id": i, "name": p, "metadata": {"public": "false"}} for i, p in
                            enumerate(sorted({n.split("/")[0] for n in names()}))], "page_size", link)
        elif not names(project + "/"):
            r._send(h, 404, json.dumps({"errors": [{"code": "NOT_FOUND", "message": f"project {project} not found"}]}).encode(), {})
        else:
            page(h, query, [{"id": i, "name": n, "artifact_count": 1} for i, n in enumerate(names(project + "/"))], "page_size", link)
        return True

    def gitlab(h, path, query):
        m = re.fullmatch(r"/api/v4/(groups|projects)(?:/([^/]+)/registry/repositories)?", path)
        if not m:
            return False
        of = urllib.parse.unquote(m[2] or "")
        projects = sorted({"/".join(n.split("/")[:2]) for n in names()})

        def link(p, q):
            return f'<{r.url}{p}?{q}>; rel="next", <{r.url}{p}?page=1>; rel="first"'
        if not of:
            page(h, query, [{"id": i, "path_with_namespace": p.title(), "container_registry_enabled": True} for i, p in enumerate(projects)] +
                 [{"id": 99, "path_with_namespace": "team/docs", "container_registry_enabled": False}], "per_page", link)
        elif (m[1] == "groups" and not any(p.startswith(of.lower() + "/") for p in projects)) or (m[1] == "projects" and of.lower() not in projects):
            r._send(h, 404, b'{"message":"404 Not Found"}', {})
        else:
            page(h, query, [{"id": i, "name": "", "path": n, "project_id": 9, "location": f"{r.host}/{n}"}
                            for i, n in enumerate(n for n in names(of.lower()) if n == of.lower() or n.startswith(of.lower() + "/"))], "per_page", link)
        return True

    def quay(h, path, query):
        if path != "/api/v1/repository":
            return False
        if "namespace" not in query:
            r._send(h, 400, b'{"error_message":"a namespace, starred or public is needed"}', {})
            return True
        all_ = [n for n in names(query["namespace"][0] + "/")]
        start = int(base64.b64decode(query["next_page"][0])) if "next_page" in query else 0
        answer = {"repositories": [{"namespace": n.split("/")[0], "name": n.split("/", 1)[1], "description": None, "is_public": True,
                                    "kind": "image", "state": "NORMAL"} for n in all_[start:start + pages]]}
        if len(all_) > start + pages:
            answer["next_page"] = base64.b64encode(str(start + pages).encode()).decode()
        r._send(h, 200, json.dumps(answer).encode(), {})
        return True

    def look(h):
        path, _, text = h.path.partition("?")
        if path == "/v2/_catalog":
            return r._send(h, 401 if kind == "harbor" else 404, b'{"errors":[{"code":"UNAUTHORIZED","message":"not for you"}]}', {})
        if path.startswith(folder + "/api/"):
            path = path[len(folder):]
            r.asked.append(h.path)
            fault = r._fault_for(h.command, path)
            if fault:
                return r._send(h, fault.status, fault.body, fault.headers)
            if credential and h.headers.get("Authorization") != credential:
                return r._send(h, 401, b'{"message":"401 Unauthorized"}', {})
            if {"harbor": harbor, "gitlab": gitlab, "quay": quay}[kind](h, path, urllib.parse.parse_qs(text)):
                return None
        return serve(h)
    r.serve = look
    return r
