"""Registries the console watches: Debian's docker-registry behind Basic authentication and TLS, and a scripted one for its faults."""
import base64
import datetime
import json
import os
import pathlib
import signal
import subprocess
import time

import pytest

from agents import until
from consoles import Console
from fake_registry import Fault, as_quay, scripted, with_projects
from fleet import administrator, change
from images import OCI_CONFIG, OCI_INDEX, OCI_MANIFEST, entry, layer
from services import Image, Registry, need

SECRET = f"hunter2-is-secret-{os.getpid()}"  # of these tests alone: all processes are looked through for it
APK = b"P:musl\nV:1.1.22-r2\nA:x86_64\n\n"


@pytest.fixture
def console(tmp_path, new_database):
    with Console(tmp_path, database=new_database()) as c:
        yield c


@pytest.fixture
def admin(console):
    return administrator(console)


def add(client, host, **more):
    body = {"name": "hub", "kind": "docker-registry", "address": host, "interval": 0} | more
    a = client.ask("POST", "/api/v1/registries", body)
    assert a.status == 201, a
    return a.json()["id"]


def get(client, number):
    a = client.get(f"/api/v1/registries/{number}")
    assert a.status == 200, a
    return a.json()


def finished(client, number, after=None):
    """The registry once a run has ended, another than the one that ended at `after`."""
    def look():
        p = get(client, number)
        return p if p["progress"]["state"] == "idle" and p["progress"]["ended"] and p["progress"]["ended"] != after else None
    p = until(look, 90)
    assert p, get(client, number)
    return p


def run(client, number):
    after = get(client, number)["progress"]["ended"]
    assert client.ask("POST", f"/api/v1/registries/{number}/scan").status == 202
    return finished(client, number, after)


def tags(client, number, query=""):
    a = client.get(f"/api/v1/registries/{number}/tags{query}")
    assert a.status == 200, a
    return {f"{t['repository']}:{t['tag']}": t for t in a.json()["items"]}


def test_docker_registry(console, admin, image, shared, tmp_path):
    with Registry(tmp_path / "registry", "me", SECRET) as hub:
        first = hub.push_image("team/app", "1", image)
        hub.push_image("team/app", "latest", image)
        hub.push_image("prod/app", "1", image)
        other = Image.from_rootfs(shared / "rootfs" / "alpine-minirootfs-3.9.6-x86_64.tar.gz", "arm64")
        entries = [{**hub.push_image("multi", None, each), "platform": {"os": "linux", "architecture": arch}}
                   for each, arch in ((image, "amd64"), (other, "arm64"))]
        hub.push_manifest("multi", "1", {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries})

        # Without its authority the certificate is refused, in a sentence; without the password, too.
        number = add(admin, hub.host, user="me", password=SECRET, requestsPerSecond=100)
        p = finished(admin, number)
        assert p["progress"]["trouble"] == "denied" and "certificate" in p["progress"]["detail"], p
        settings = {"name": "hub", "kind": "docker-registry", "address": hub.host, "interval": 0, "user": "me",
                    "requestsPerSecond": 100, "password": "***", "ca": pathlib.Path(hub.certificates.ca).read_text(), "platforms": ["linux/amd64", "linux/arm64", "linux/s390x"],
                    "stage": "test", "stages": [{"pattern": "prod/**", "stage": "production"}]}
        wrong = admin.ask("PUT", f"/api/v1/registries/{number}", settings | {"password": "no"})
        assert wrong.status == 200, wrong
        p = finished(admin, number, p["progress"]["ended"])
        assert p["progress"]["trouble"] == "denied" and "certificate" not in p["progress"]["detail"], p
        a = admin.ask("PUT", f"/api/v1/registries/{number}", settings | {"password": SECRET})
        assert a.status == 200 and a.json()["hasPassword"], a
        p = finished(admin, number, p["progress"]["ended"])
        g = p["progress"]
        assert "trouble" not in g, g
        assert (g["repositories"], g["tags"], g["images"], g["scanned"], g["waiting"], g["failed"]) == (3, 4, 2, 2, 0, 0), g

        have = tags(admin, number)
        assert set(have) == {"team/app:1", "team/app:latest", "prod/app:1", "multi:1"}
        assert have["team/app:1"]["digest"] == first["digest"] and have["prod/app:1"]["stage"] == "production"
        by = {i["platform"]: i for i in have["multi:1"]["images"]}
        assert set(by) == {"linux/amd64", "linux/arm64", "linux/s390x"} and "no" in by["linux/s390x"]["error"]
        same = have["team/app:1"]["images"][0]["image"]
        assert by["linux/amd64"]["image"] == same != by["linux/arm64"]["image"]

        # It is an image as all others are: named, staged, with packages.
        i = admin.get(f"/api/v1/images/{same}").json()["image"]
        assert f"{hub.host}/team/app:latest" in i["references"] and i["stages"] == ["test", "production"], i
        packages = admin.get(f"/api/v1/images/{same}/packages?limit=1000").json()["items"]
        assert len(packages) > 10
        only = admin.get("/api/v1/images?stage=production").json()["items"]
        assert [x["digest"] for x in only] == [same]
        assert admin.get("/api/v1/images?stage=base").json()["items"] == []

        # A tag moves, another goes.
        hub.push_image("team/app", "latest", other)
        p = run(admin, number)
        moved = tags(admin, number, "?q=team%20latest")["team/app:latest"]
        assert moved["moves"] == 1 and moved["digest"] != first["digest"]
        names, cursor = [], ""
        while cursor is not None:
            page = admin.get(f"/api/v1/registries/{number}/tags?limit=1&sort=-changed{cursor}").json()
            names += [f"{t['repository']}:{t['tag']}" for t in page["items"]]
            cursor = page["next"] and "&cursor=" + page["next"]
        assert names == ["team/app:latest", "team/app:1", "prod/app:1", "multi:1"]
        history = admin.get(f"/api/v1/registries/{number}/history?repository=team/app&tag=latest").json()["items"]
        assert [(m.get("before"), m.get("after")) for m in history] == [(first["digest"], moved["digest"]), (None, first["digest"])]

        # Secrets: in no answer, no log line, no audit entry, and not on disk.
        seen = [json.dumps(p), admin.get("/api/v1/registries").body.decode(), console.said(),
                admin.get("/api/v1/audit?limit=1000").body.decode()]
        assert not any(SECRET in text for text in seen)
        assert "registries" in seen[-1]
        assert not any(SECRET.encode() in f.read_bytes() for f in console.state.rglob("*") if f.is_file())
        assert SECRET not in subprocess.run(["ps", "axww", "-o", "args"], capture_output=True, text=True).stdout

        assert admin.ask("DELETE", f"/api/v1/registries/{number}").status == 204
        assert admin.get(f"/api/v1/images/{same}").json()["image"]["stages"] == []


def test_what_is_no_image(admin, image, tmp_path):
    """On Debian's docker-registry: a chart, a signature (with an image's configuration), an index with attestations, zstd layers, and
    a platform that is wanted later. What is no image is told as that once, and not asked for again."""
    need("zstd")
    with Registry(tmp_path / "registry") as hub:
        chart = {"schemaVersion": 2, "mediaType": OCI_MANIFEST,
                 "config": {"mediaType": "application/vnd.cncf.helm.config.v1+json", "digest": hub.push_blob("chart", b"{}"), "size": 2},
                 "layers": [{"mediaType": "application/vnd.cncf.helm.chart.content.v1.tar+gzip", "digest": hub.push_blob("chart", b"x"), "size": 1}]}
        hub.push_manifest("chart", "1", chart)
        hub.push_image("deep/in/folders/app", "z", image, "zstd")
        amd = {**hub.push_image("multi", None, image), "platform": {"os": "linux", "architecture": "amd64"}}
        other = Image(json.dumps({**json.loads(image.config), "architecture": "arm64"}).encode(), image.layers)
        arm = {**hub.push_image("multi", None, other), "platform": {"os": "linux", "architecture": "arm64"}}
        signature = {"schemaVersion": 2, "mediaType": OCI_MANIFEST,
                     "config": {"mediaType": OCI_CONFIG, "digest": hub.push_blob("multi", b'{"rootfs":{}}'), "size": 13},
                     "layers": [{"mediaType": "application/vnd.dev.cosign.simplesigning.v1+json",
                                 "digest": hub.push_blob("multi", b"{ }"), "size": 3}]}
        hub.push_manifest("multi", amd["digest"].replace(":", "-") + ".sig", signature)
        attestation = {**hub.push_manifest("multi", None, signature), "platform": {"os": "unknown", "architecture": "unknown"},
                       "annotations": {"vnd.docker.reference.type": "attestation-manifest"}}
        hub.push_manifest("multi", "1", {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [amd, arm, attestation]})

        settings = {"name": "hub", "kind": "docker-registry", "address": hub.host, "interval": 0, "requestsPerSecond": 100}
        number = add(admin, hub.host, requestsPerSecond=100)
        g = finished(admin, number)["progress"]
        assert "trouble" not in g and (g["tags"], g["images"], g["scanned"], g["failed"]) == (4, 1, 1, 0), g
        have = tags(admin, number)
        assert "vnd.cncf.helm" in have["chart:1"]["images"][0]["error"]
        assert "cosign" in next(t for name, t in have.items() if name.endswith(".sig"))["images"][0]["error"]
        assert [i["platform"] for i in have["multi:1"]["images"]] == ["linux/amd64"]
        assert have["multi:1"]["images"][0]["image"] == have["deep/in/folders/app:z"]["images"][0]["image"]
        assert run(admin, number)["progress"]["newDigests"] == 0

        # A platform more is read of what was known before; filters reach into folders by ** alone.
        p = run_with(admin, number, settings | {"platforms": ["linux/amd64", "linux/arm64", "linux/s390x"]})["progress"]
        assert "trouble" not in p and p["images"] == p["scanned"] == 2, p
        by = {i["platform"]: i for i in tags(admin, number)["multi:1"]["images"]}
        assert set(by) == {"linux/amd64", "linux/arm64", "linux/s390x"} and "linux/arm64" in by["linux/s390x"]["error"]
        assert run(admin, number)["progress"]["newDigests"] == 0
        for pattern, wanted in (("deep/*", set()), ("deep/**", {"deep/in/folders/app:z"}), ("**/app", {"deep/in/folders/app:z"})):
            run_with(admin, number, settings | {"repositories": [pattern]})
            assert set(tags(admin, number)) == wanted, pattern


def test_pages_tokens_filters(admin):
    names = ["a", "b", "c/d", "secret/x", "z"]
    with scripted(names, token=("bob", "tok")) as hub:
        number = add(admin, hub.host, user="bob", password="tok", repositories=["**", "!secret/**"], tags=["1"],
                     requestsPerSecond=100)
        p = finished(admin, number)
        assert "trouble" not in p["progress"] and p["progress"]["scanned"] == 4, p
        assert set(tags(admin, number)) == {"a:1", "b:1", "c/d:1", "z:1"}
        asked = [path for _, path, _, _ in hub.requests]
        assert sum(path.startswith("/v2/_catalog") for path in asked) >= 3
        assert not any("/secret/" in path for path in asked)
        # Known digests are not fetched, and no image is read, a second time.
        del hub.requests[:]
        run(admin, number)
        again = [path for method, path, _, _ in hub.requests if method == "GET" and ("/blobs/" in path or "/manifests/" in path)]
        assert again == []
        # A deleted tag is gone, and comes back.
        del hub.manifests["z", "1"]
        run(admin, number)
        assert "z:1" not in tags(admin, number) and "z:1" in tags(admin, number, "?gone=true")


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@pytest.mark.parametrize("kind,user,credential", [
    ("harbor", "robot$lister", basic("robot$lister", "tok")), ("gitlab", "me", "Bearer tok"), ("quay", "$oauthtoken", "Bearer tok")])
def test_projects_instead_of_a_catalogue(admin, kind, user, credential):
    """Who may not read the catalogue has the registry's own API list what it may: all, or a project's by the patterns."""
    names = ["team/app", "team/app/worker", "team/lib", "other/x", "other/y"]
    with scripted(names, token=(user, "tok")) as hub:
        with_projects(hub, kind, credential)
        settings = {"name": "hub", "kind": kind, "address": hub.host, "interval": 0, "user": user, "requestsPerSecond": 100}
        number = add(admin, hub.host, **(settings | {"password": "tok", "repositories": ["team/**", "!team/lib"]}))
        p = finished(admin, number)
        assert "trouble" not in p["progress"], p
        assert set(tags(admin, number)) == {"team/app:1", "team/app/worker:1"}
        assert hub.asked and not any("other" in path for path in hub.asked)
        # Without patterns: all the projects; Quay has no list of them and says so.
        ended = p["progress"]["ended"]
        assert admin.ask("PUT", f"/api/v1/registries/{number}", settings).status == 200
        p = finished(admin, number, ended)
        if kind == "quay":
            assert "namespace" in p["progress"]["detail"], p
        else:
            assert "trouble" not in p["progress"], p
            assert set(tags(admin, number)) == {f"{n}:1" for n in names}
        # A project that is not there, or not to be read, is told, and nothing is taken for deleted; the others are listed.
        ended = p["progress"]["ended"]
        a = admin.ask("PUT", f"/api/v1/registries/{number}", settings | {"repositories": ["team/**", "gone/**", "other/x"]})
        assert a.status == 200, a
        p = finished(admin, number, ended)
        if kind != "quay":  # which answers with an empty list
            assert p["progress"]["trouble"] == "partly" and "gone" in p["progress"]["detail"], p
        assert {"team/app:1", "team/lib:1", "other/x:1"} <= set(tags(admin, number))
        # A wrong token is denied, and told as that; too many requests are waited for.
        hub.fault("GET", "/api/", Fault(status=429, headers={"Retry-After": "1"}, times=1))
        began = time.monotonic()
        assert "trouble" not in run_with(admin, number, settings | {"repositories": ["team/**"]})["progress"]
        assert time.monotonic() - began >= 1
        p = run_with(admin, number, settings | {"password": "wrong", "repositories": ["**"] if kind != "quay" else ["team/*"]})
        assert p["progress"]["trouble"] in ("denied", "partly"), p
        assert "wrong" not in json.dumps(p)


def test_gitlab_in_a_folder_of_its_host(admin):
    """Its relative URL: what the token service's address says before /jwt/auth."""
    with scripted(["team/app"], token=("me", "tok")) as hub:
        hub.token_path = "/git/jwt/auth"
        with_projects(hub, "gitlab", "Bearer tok", folder="/git")
        number = add(admin, hub.host, kind="gitlab", user="me", password="tok", requestsPerSecond=100)
        p = finished(admin, number)["progress"]
        assert "trouble" not in p and hub.asked and all(path.startswith("/git/api/v4/") for path in hub.asked), (p, hub.asked)
        assert set(tags(admin, number)) == {"team/app:1"}


def run_with(client, number, settings):
    ended = get(client, number)["progress"]["ended"]
    a = client.ask("PUT", f"/api/v1/registries/{number}", settings)
    assert a.status == 200, a
    return finished(client, number, ended)


def sign_ins(hub):
    """What a token service was asked for that is not of one repository."""
    return [path for _, path, _, _ in hub.requests if path.startswith("/token") and "scope=repository" not in path]


@pytest.mark.parametrize("refusal", [400, 401, 403])
def test_quay_robots_have_the_catalogue(admin, refusal):
    """Its token service knows no scope for the catalogue; others know one and refuse it to good credentials."""
    with as_quay(scripted(["team/a", "team/b"], token=("team+robot", "tok")), ["team/a", "team/b"], refusal) as hub:
        settings = {"name": "hub", "kind": "quay", "address": hub.host, "interval": 0, "user": "team+robot", "requestsPerSecond": 100}
        number = add(admin, hub.host, **(settings | {"password": "tok"}))
        assert "trouble" not in finished(admin, number)["progress"]
        assert set(tags(admin, number)) == {"team/a:1", "team/b:1"}
        assert not any(path.startswith("/api/") for _, path, _, _ in hub.requests)
        asked = sign_ins(hub)
        assert asked and ["scope=registry%3Acatalog" in path for path in asked] == [False, True] * (len(asked) // 2), asked
        del hub.requests[:]
        # A wrong password is denied: what anybody is shown, nothing, is not taken for all there is.
        p = run_with(admin, number, settings | {"password": "wrong"})
        assert p["progress"]["trouble"] == "denied" and "wrong" not in p["progress"]["detail"], p
        assert set(tags(admin, number)) == {"team/a:1", "team/b:1"}
        # It is tried once: registries lock out who does not stop.
        assert len(sign_ins(hub)) == 1, hub.requests


@pytest.mark.parametrize("link", ["</v2/_catalog?last=a b>", "</v2/_catalog?last=" + "x" * 9000 + ">", "</v2/_catalog>"], ids=["blank", "long", "nowhere"])
def test_a_list_that_cannot_be_read_to_its_end(admin, link):
    """What follows the page that cannot be asked for is not taken for deleted, and the run says why."""
    with scripted(["a", "b", "c", "d"]) as hub:
        number = add(admin, hub.host, requestsPerSecond=100)
        assert finished(admin, number)["progress"]["tags"] == 4
        hub.fault("GET", "/v2/_catalog", Fault(status=200, body=b'{"repositories":["a"]}', headers={"Link": link + '; rel="next"'}))
        p = run(admin, number)["progress"]
        assert p["trouble"] == "bad-answer" and "goes on at an address" in p["detail"], p
        assert set(tags(admin, number)) == {"a:1", "b:1", "c:1", "d:1"}


def test_kinds_say_what_they_want(admin):
    """Which can list their repositories and which have to be told them; and on Docker Hub a name is where every client looks for it."""
    kinds = {k["name"]: k for k in admin.get("/api/v1/registry-kinds").json()["items"]}
    assert {name for name, k in kinds.items() if not k["lists"]} == {"ghcr", "docker-hub"}
    for name, k in kinds.items():
        a = admin.ask("POST", "/api/v1/registries", {"name": name, "kind": name, "address": "localhost:1", "interval": 0,
                                                     "repositories": [] if k["lists"] else ["nginx", "me/app", "!old"]})
        assert a.status == 201 and k["example"], (k, a)
        if name == "docker-hub":
            assert a.json()["repositories"] == ["library/nginx", "me/app", "!old"]


@pytest.mark.parametrize("kind,user,flow", [
    ("ecr", "AWS", "basic"), ("acr", "00000000-0000-0000-0000-000000000000", "token"), ("gcr", "_json_key", "token"),
    ("gcr", "oauth2accesstoken", "token"), ("gitlab", "gitlab+deploy-token-1", "token"), ("artifactory", "me@example.com", "basic")])
def test_clouds_sign_in(admin, kind, user, flow):
    """The forms of names and passwords clouds give out: colons, line ends and blanks in a key included."""
    password = '{\n  "type": "service_account",\n  "private_key": "-----BEGIN"\n}' if user == "_json_key" else "eyJ:" + "x" * 2400
    with scripted(["p/app"], **{flow: (user, password)}) as hub:
        named = {"repositories": ["p/app"]} if kind == "gitlab" else {}
        number = add(admin, hub.host, kind=kind, user=user, password=password, requestsPerSecond=100, **named)
        p = finished(admin, number)
        assert "trouble" not in p["progress"] and p["progress"]["scanned"] == 1, p


def test_metadata_services_are_out_of_reach(tmp_path):
    """Whoever sets up a registry, and what a registry leads to, decides not about link-local addresses; the operator does."""
    for name in ("kept", "let"):
        (tmp_path / name).mkdir()
    with scripted(["a"]) as hub:
        elsewhere = hub.host.replace("127.0.0.1", "0.0.0.0")  # this host by an address that is refused
        with Console(tmp_path / "kept") as console:
            admin = administrator(console)
            for n, address in enumerate(["169.254.169.254", "[fe80::1]:5000", elsewhere]):
                number = add(admin, address, name=f"r{n}", insecure=True)
                p = finished(admin, number)["progress"]
                assert p["trouble"] == "denied" and "may not be connected to" in p["detail"], p
            assert hub.requests == []
            hub.fault("GET", "/v2/a/blobs/", Fault(redirect="http://169.254.169.254/latest/meta-data/"))
            number = add(admin, hub.host)
            assert finished(admin, number)["progress"]["failed"] == 1
            error = tags(admin, number)["a:1"]["images"][0]["error"]
            assert "169.254.169.254" in error and "may not be connected to" in error
        with Console(tmp_path / "let", "--notify-allow", "0.0.0.0/8") as console:
            admin = administrator(console)
            p = finished(admin, add(admin, elsewhere, insecure=True))["progress"]
            assert p.get("trouble") != "denied" and p["tags"] == 1, p


def test_base_images(admin):
    """An image on a tag of the stage base: what is built on it says so, and says otherwise once it is none; nothing is read again."""
    os_layer = layer(entry("etc/os-release", b"ID=alpine\nVERSION_ID=3.10.0\n"), entry("lib/apk/db/installed", APK))
    app_layer = layer(entry("app/run", b"#!/bin/sh\n"))
    with scripted([]) as hub:
        hub.add_image("base/os", "3", [os_layer])
        hub.add_image("shop", "1", [os_layer, app_layer])
        settings = {"name": "hub", "kind": "docker-registry", "address": hub.host, "interval": 0, "requestsPerSecond": 100}
        number = add(admin, hub.host, requestsPerSecond=100)
        finished(admin, number)
        have = tags(admin, number)
        base, shop = (have[name]["images"][0]["image"] for name in ("base/os:3", "shop:1"))

        def look(image):
            detail = admin.get(f"/api/v1/images/{image}").json()
            packages = admin.get(f"/api/v1/images/{image}/packages").json()["items"]
            assert packages and all(p["owner"] == detail["layerList"][p["layer"]]["owner"] for p in packages)
            return [x["owner"] for x in detail["layerList"]], detail.get("baseImage")
        assert look(shop) == (["unknown", "unknown"], None)

        def staged(pattern):
            del hub.requests[:]
            ended = get(admin, number)["progress"]["ended"]
            a = admin.ask("PUT", f"/api/v1/registries/{number}", settings | {"stages": [{"pattern": pattern, "stage": "base"}]})
            assert a.status == 200, a
            seen = look(shop)  # at once
            finished(admin, number, ended)
            assert not any("/blobs/" in path for _, path, _, _ in hub.requests)
            assert look(shop) == seen
            return seen
        name = f"{hub.host}/base/os:3"
        assert staged("base/**") == (["base", "application"], {"digest": base, "layers": 1, "names": [{"reference": name, "current": True}]})
        assert look(base) == (["base"], None)
        # The base image is made anew: what stands on the old one still does.
        hub.add_image("base/os", "3", [layer(entry("etc/os-release", b"ID=alpine\nVERSION_ID=3.11.0\n"))])
        run(admin, number)
        assert look(shop) == (["base", "application"], {"digest": base, "layers": 1, "names": [{"reference": name, "current": False}]})
        assert staged("elsewhere/**") == (["unknown", "unknown"], None)


def test_layers_nobody_used_for_long_are_removed(console, admin):
    old = console.state / "layers/ab" / ("cd" * 31)
    old.parent.mkdir(parents=True)
    old.write_bytes(b"x")
    os.utime(old, (time.time() - 100 * 86400,) * 2)
    with scripted([]) as hub:
        hub.add_image("base/os", "3", [layer(entry("etc/os-release", b"ID=alpine\nVERSION_ID=3.10.0\n"))])
        finished(admin, add(admin, hub.host, requestsPerSecond=100))
    assert until(lambda: not old.exists(), 90)
    assert [p for p in (console.state / "layers").rglob("*") if p.is_file()]


def test_too_many_requests_are_waited_for(admin):
    with scripted(["a", "b"]) as hub:
        hub.fault("HEAD", "/v2/a/manifests/", Fault(status=429, headers={"Retry-After": "2"}, times=1))
        began = time.monotonic()
        number = add(admin, hub.host)
        p = finished(admin, number)
        assert time.monotonic() - began >= 2 and "trouble" not in p["progress"] and p["progress"]["scanned"] == 2, p
        hub.fault("HEAD", "/v2/a/manifests/", Fault(status=429, headers={"Retry-After": "7200"}))
        del hub.requests[:]
        p = run(admin, number)
        assert p["progress"]["trouble"] == "too-many-requests" and p["progress"]["next"], p
        assert sum(method == "HEAD" for method, _, _, _ in hub.requests) == 1
        assert set(tags(admin, number)) == {"a:1", "b:1"}


def test_denied_and_vanished(admin, shared, tmp_path):
    small = Image.from_rootfs(shared / "rootfs" / "alpine-minirootfs-3.9.6-x86_64.tar.gz", "amd64")
    with Registry(tmp_path / "registry", "me", "right") as hub:
        for name in ("a", "b", "c", "d"):
            hub.push_image(name, "1", small)
        ca = pathlib.Path(hub.certificates.ca).read_text()
        number = add(admin, hub.host, user="me", password="wrong", ca=ca)
        p = finished(admin, number)
        assert p["progress"]["trouble"] == "denied" and "wrong" not in p["progress"]["detail"], p
        a = admin.ask("PUT", f"/api/v1/registries/{number}",
                      {"name": "hub", "kind": "docker-registry", "address": hub.host, "interval": 0, "user": "me",
                       "password": "right", "requestsPerSecond": 1, "ca": ca})
        assert a.status == 200, a
        # It vanishes while it is read: what was found stays, nothing is taken for deleted.
        assert until(lambda: get(admin, number)["progress"]["tags"], 90)
    p = finished(admin, number, p["progress"]["ended"])
    assert p["progress"]["trouble"] in ("unreachable", "timed-out"), p
    assert "a:1" in tags(admin, number)


def test_runs_come_by_themselves(console, admin, image, tmp_path):
    """By the interval: when it is over, without anybody asking, and what was pushed meanwhile is found."""
    with Registry(tmp_path / "registry") as hub:
        hub.push_image("app", "1", image)
        number = add(admin, hub.host, interval=300)
        p = finished(admin, number)["progress"]
        began, ended, due = (datetime.datetime.fromisoformat(p[k][:26]) for k in ("began", "ended", "next"))
        assert datetime.timedelta(seconds=295) <= due - ended <= datetime.timedelta(seconds=305), p
        hub.push_image("app", "2", image)
        change(console, "UPDATE registry SET next_ns = 1 WHERE id = ?", int(number))
        p = finished(admin, number, p["ended"])["progress"]
        assert set(tags(admin, number)) == {"app:1", "app:2"} and datetime.datetime.fromisoformat(p["began"][:26]) > began, p
        assert datetime.datetime.fromisoformat(p["next"][:26]) > due


def test_cancel(admin):
    with scripted([f"r{n:02}" for n in range(40)]) as hub:
        number = add(admin, hub.host, requestsPerSecond=5)
        assert until(lambda: get(admin, number)["progress"]["tags"] > 1, 90)
        assert admin.ask("POST", f"/api/v1/registries/{number}/cancel").status == 202
        p = finished(admin, number)
        assert p["progress"]["trouble"] == "cancelled" and p["progress"]["tags"] < 40, p


def test_nothing_waits_for_a_turn(admin):
    """What is asked for begins at once, and an image when the one before is done. The shortest of some times: others may use this machine, too."""
    with scripted([f"r{n:02}" for n in range(8)]) as hub:
        serve, came = hub.serve, []

        def timed(h):
            came.append((time.monotonic(), h.command, h.path))
            return serve(h)
        hub.serve = timed
        number = add(admin, hub.host, requestsPerSecond=100)
        assert finished(admin, number)["progress"]["scanned"] == 8
        # Of each image its own layer is read, by the scanner alone; the first were read while the list still came.
        own = {json.loads(data)["layers"][1]["digest"] for data, _ in hub.manifests.values()}
        read = [at for at, method, path in came if method == "GET" and path.rpartition("/")[2] in own][-5:]
        assert len(read) == 5 and min(b - a for a, b in zip(read, read[1:])) < 0.25, read

        def delay():
            del came[:]
            began = time.monotonic()
            run(admin, number)
            return came[0][0] - began
        assert min(delay() for _ in range(3)) < 0.5


def test_killed_in_the_middle(tmp_path, new_database):
    with scripted([f"r{n:02}" for n in range(8)]) as hub, Console(tmp_path, database=new_database()) as console:
        admin = administrator(console)
        number = add(admin, hub.host, requestsPerSecond=8)
        assert until(lambda: get(admin, number)["progress"]["scanned"], 90)
        console.end(signal.SIGKILL)
        # Its processes went with it.
        assert until(lambda: not subprocess.run(["pgrep", "-f", str(console.state)], capture_output=True).stdout, 20)
        blobs = [path for _, path, _, _ in hub.requests if "/blobs/" in path]
        console.start()
        admin = administrator(console)
        p = finished(admin, number)
        assert "trouble" not in p["progress"] and p["progress"]["scanned"] == 8 and p["progress"]["waiting"] == 0, p
        after = [path for _, path, _, _ in hub.requests if "/blobs/" in path][len(blobs):]
        # What was read is not read again; but for the one that was being read.
        assert len(set(after) & set(blobs)) <= 3


def test_what_is_refused(admin):
    for change, word in (
            ({"kind": "nonsense"}, "kind"), ({"address": "https://x/"}, "address"), ({"address": "x/y"}, "address"),
            ({"kind": "ghcr"}, "catalogue"), ({"kind": "ghcr", "repositories": ["a/*"]}, "catalogue"),
            ({"repositories": ["UPPER"]}, "UPPER"), ({"platforms": ["amd64"]}, "platform"), ({"interval": 5}, "interval"),
            ({"ca": "no pem"}, "PEM"), ({"name": " "}, "name")):
        body = {"name": "x", "kind": "docker-registry", "address": "localhost:1"} | change
        a = admin.ask("POST", "/api/v1/registries", body)
        assert a.status == 400 and word in a.body.decode(), (change, a)
        chinese = admin.ask("POST", "/api/v1/registries", body, headers={"Accept-Language": "zh"})
        assert any(ord(c) > 0x4e00 for c in chinese.json()["detail"]), (change, chinese)


def test_who_may(console, admin):
    number = add(admin, "localhost:1")
    made = admin.ask("POST", "/api/v1/users", {"name": "reader", "roles": ["read-only"]})
    assert made.status == 201, made
    reader = console.client().sign_in("reader", made.json()["password"], new="Things-to-look-at-42")
    assert reader.get("/api/v1/registries").status == 200
    assert reader.ask("POST", f"/api/v1/registries/{number}/scan").status == 403
    assert reader.ask("DELETE", f"/api/v1/registries/{number}").status == 403
    assert reader.ask("POST", "/api/v1/registries", {"name": "y", "kind": "quay", "address": "h"}).status == 403
    assert admin.get("/api/v1/registries/999").status == 404
