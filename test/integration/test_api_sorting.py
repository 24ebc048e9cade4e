"""Lists of the API in every order they have, page by page: each thing once, in its place."""
import time

import pytest

from fleet import change
from pretended_agent import PretendedAgent, alert, stats
from test_api import admin, console, told  # noqa: F401, as fixtures: of a console of this file's own


def paged(client, path, limit=2):
    """All of a list, page by page."""
    found, cursor = [], ""
    while True:
        answer = client.get(f"{path}{'&' if '?' in path else '?'}limit={limit}{cursor}")
        assert answer.status == 200, answer
        found += answer.json()["items"]
        if not answer.json()["next"]:
            return found
        cursor = "&cursor=" + answer.json()["next"]


def is_in_order(values, sort):
    return values == sorted(values, reverse=sort.startswith("-"))


PRIORITIES = ["debug", "informational", "notice", "warning", "error", "critical", "alert", "emergency"]


def both_ways(*keys):
    return [way + key for key in keys for way in ("", "-")]


KINDS = ["host", "container", "image", "pod", "process", "port", "package", "user", "volume", "network"]


@pytest.fixture(scope="module")
def many_assets(console, told):
    """Of each kind several, some of one name, some with a risk, some gone."""
    for n, kind in enumerate(KINDS):
        for i in range(3):
            change(console, "INSERT INTO asset (id, kind, agent, name, host, cluster, namespace, image, image_id, labels, state, risk, first_ns, last_ns, gone_ns, doc) "
                            "VALUES (?, ?, '', ?, '', '', '', '', '', '', '', ?, ?, ?, 0, '{}')",
                   f"{kind}:sorted-{i}", n, "twin" if i < 2 else f"one-{n}", 17 * i if n < 3 else -1, 10**9 * (i + 1), 10**9 * (9 - i))


@pytest.mark.parametrize("sort", both_ways("kind", "risk"))
def test_assets_come_sorted_by_kind_and_worst_first(admin, many_assets, sort):
    found = paged(admin, f"/api/v1/assets?sort={sort}", limit=3)
    assert len({a["id"] for a in found}) == len(found) == len(admin.get("/api/v1/assets?limit=1000").json()["items"]) > 30
    if sort.endswith("kind"):
        assert is_in_order([(KINDS.index(a["kind"]), a["name"].encode(), a["id"].encode()) for a in found], sort)
    else:
        risks = [a.get("risk", -1) for a in found]
        assert is_in_order(risks, sort) and len(set(risks)) > 2  # those that were put there are reckoned anew at times
        assert found[0 if sort[0] == "-" else -1]["risk"] == max(risks)
    assert admin.get(f"/api/v1/assets?sort={sort}&cursor=5").status == 400


@pytest.mark.parametrize("sort", both_ways("name", "firstSeen", "lastSeen"))
def test_assets_come_sorted_page_by_page(admin, told, sort):
    found = paged(admin, f"/api/v1/assets?sort={sort}")
    whole = admin.get("/api/v1/assets?limit=1000").json()["items"]
    assert sorted(a["id"] for a in found) == sorted(a["id"] for a in whole) and len(found) > 3
    assert is_in_order([a[sort.lstrip("-")].encode() for a in found], sort)
    assert admin.get("/api/v1/assets?sort=colour").status == 400


@pytest.mark.parametrize("sort", ["", *both_ways("time", "priority")])
def test_alerts_come_sorted_page_by_page(admin, told, sort):
    path = "/api/v1/alerts?rule=Rule%200&rule=Rule%201&rule=Rule%202"
    whole = admin.get(path + "&limit=1000").json()["items"]
    found = paged(admin, f"{path}&sort={sort}" if sort else path, limit=7)
    assert len(found) == 30 and sorted(a["id"] for a in found) == sorted(a["id"] for a in whole)
    ids = [int(a["id"]) for a in found]
    if sort.endswith("priority"):
        assert is_in_order([PRIORITIES.index(a["priority"]) for a in found], sort)
        for priority in PRIORITIES:
            assert is_in_order([int(a["id"]) for a in found if a["priority"] == priority], "-")
        urgent = paged(admin, f"{path}&sort={sort}&priority=critical&priority=notice", limit=7)
        assert [a["id"] for a in urgent] == [a["id"] for a in found if a["priority"] in ("critical", "notice")]
    else:
        assert is_in_order(ids, sort or "-time")
    assert admin.get(f"{path}&sort=-priority&cursor=5").status == 400
    assert admin.get(f"{path}&sort=colour").status == 400


@pytest.fixture(scope="module")
def agents(console, admin, told, tmp_path_factory):
    """Five more agents that differ in all lists are sorted by. None falls silent while a slow machine looks at them."""
    assert admin.ask("PATCH", "/api/v1/settings", {"agentSilentSeconds": 86400}).status == 200
    token = admin.ask("POST", "/api/v1/agents/tokens", {"uses": 5}).json()["token"]
    folder = tmp_path_factory.mktemp("agents")
    for n in range(5):
        agent = PretendedAgent(console, folder, token, name=f"worker-{4 - n}", version=f"0.{9 + n % 3}.0")
        for at in (1, 2) if n else ():
            agent.tell([("stats", stats(at * 10_000, losses=n * 7 % 5, memory=(n * 3 % 5 + 1) << 20, cpu_ms=at * 100 * n))])


@pytest.mark.parametrize("sort", both_ways("name", "lastSeen", "version", "losses", "alertsLost", "memory", "cpu"))
def test_agents_come_sorted_page_by_page(admin, agents, sort):
    key = sort.lstrip("-")
    found = paged(admin, f"/api/v1/agents?sort={sort}")
    assert len({a["id"] for a in found}) == len(found) == admin.get("/api/v1/agents").json()["total"] == 6
    if key == "version":
        assert is_in_order([[int(n) for n in a[key].split(".")] for a in found], sort)
    elif key == "lastSeen":
        # they all report now, and so are equal
        assert [a["name"] for a in found] == sorted(a["name"] for a in found)
    else:
        assert is_in_order([a.get(key, -1) for a in found], sort), [a.get(key) for a in found]
        assert len({a.get(key) for a in found}) > 2 or key == "alertsLost"
    assert admin.get("/api/v1/agents?sort=colour").status == 400


def test_agents_of_this_version_and_the_one_before_tell_what_they_cost(console, admin, agents, tmp_path):
    """The one before tells of its sensor and uplink alone; of one that was replaced by this one nothing is reckoned across."""
    token = admin.ask("POST", "/api/v1/agents/tokens", {"uses": 1}).json()["token"]
    agent = PretendedAgent(console, tmp_path, token, name="grown")

    def cost():
        got = admin.get(f"/api/v1/agents/{agent.id}").json()
        return got["parts"], got["agent"]["memory"], got["agent"].get("cpu")

    agent.tell([("stats", stats(10_000, memory=5 << 20, cpu_ms=50_000))])
    assert cost() == ([{"part": "sensor", "cpuSeconds": 50, "memory": 5 << 20}, {"part": "uplink", "cpuSeconds": 0, "memory": 0}], 5 << 20, None)
    for at in (20_000, 30_000):
        parts = [{"part": name, "processes": 2, "cpuUserMs": at * n // 100, "cpuSystemMs": 0, "cpuPercent": n, "memoryBytes": n << 20}
                 for n, name in enumerate(("sensor", "scanner"), 1)]
        agent.tell([("stats", {**stats(at, memory=5 << 20), "parts": parts})])
    assert cost() == ([{"part": "sensor", "cpu": 1, "cpuSeconds": 0.3, "memory": 1 << 20, "processes": 2},
                       {"part": "scanner", "cpu": 2, "cpuSeconds": 0.6, "memory": 2 << 20, "processes": 2}], 3 << 20, 3)
    assert admin.ask("POST", f"/api/v1/agents/{agent.id}/revoke").status == 204
    assert admin.ask("DELETE", f"/api/v1/agents/{agent.id}").status == 204


def test_silent_agents_come_first_by_when_they_were_heard(console, admin, agents):
    """The longest silent first; those that report now behind them."""
    for name, ago in (("worker-1", 3600), ("worker-3", 7200)):
        change(console, "UPDATE agent SET seen_ns = ?, silent = 1 WHERE name = ?", time.time_ns() - ago * 10**9, name)
    names = [a["name"] for a in paged(admin, "/api/v1/agents?sort=lastSeen")]
    assert names == ["worker-3", "worker-1", "node-1", "worker-0", "worker-2", "worker-4"]
    assert [a["name"] for a in paged(admin, "/api/v1/agents?sort=-lastSeen")] == names[2:] + ["worker-1", "worker-3"]


@pytest.mark.parametrize("sort", ["", *both_ways("name", "priority", "alerts")])
def test_rules_come_sorted_page_by_page(admin, told, sort):
    shipped = admin.get("/api/v1/rules?limit=1").json()["items"][0]["name"]
    told.tell([("alert", alert(time.time() - 60 + i, rule=shipped)) for i in range(2)])
    found = paged(admin, f"/api/v1/rules?sort={sort}" if sort else "/api/v1/rules", limit=40)
    whole = admin.get("/api/v1/rules?limit=1000").json()["items"]
    assert sorted(r["name"] for r in found) == sorted(r["name"] for r in whole)
    if not sort:
        assert found == whole
    elif sort.endswith("name"):
        assert is_in_order([r["name"] for r in found], sort)
    elif sort.endswith("priority"):
        assert is_in_order([PRIORITIES.index(r["priority"]) for r in found], sort)
    else:
        assert is_in_order([r["alerts24h"] for r in found], sort) and max(r["alerts24h"] for r in found) >= 2


def test_registries_come_sorted_page_by_page(admin):
    for name in ("quay", "harbor", "nexus"):
        made = admin.ask("POST", "/api/v1/registries", {"name": name, "kind": "docker-registry", "address": f"{name}.example:5000", "enabled": False})
        assert made.status == 201, made
    assert [r["name"] for r in paged(admin, "/api/v1/registries")] == ["harbor", "nexus", "quay"]
    assert [r["name"] for r in paged(admin, "/api/v1/registries?sort=-name")] == ["quay", "nexus", "harbor"]
    for sort in both_ways("tags", "images", "scanned", "failed", "ended", "next"):
        assert [r["name"] for r in paged(admin, f"/api/v1/registries?sort={sort}")] == ["harbor", "nexus", "quay"]
    for registry in paged(admin, "/api/v1/registries"):
        assert admin.ask("DELETE", f"/api/v1/registries/{registry['id']}").status == 204


def walked(client, path, between):
    """All of a list, an item a page; `between` happens after the first."""
    first = client.get(f"{path}{'&' if '?' in path else '?'}limit=1").json()
    between()
    found = first["items"]
    while first["next"]:
        first = client.get(f"{path}{'&' if '?' in path else '?'}limit=1&cursor={first['next']}").json()
        found += first["items"]
    return found


def test_packages_of_an_image_are_there_once_though_it_is_scanned_anew(admin, told):
    image = "sha256:" + "5c" * 32

    def scan(*names, paths=("a", "b")):
        packages = [{"type": "npm", "name": name, "version": version, "layer": 0, "path": path}
                    for path in paths for name in names for version in ("2", "1")]
        told.tell([("inventory", {"image": image, "scanned": "2026-11-21T18:00:00Z", "milliseconds": 5, "inventory":
                                  {"kind": "image", "layers": [{"digest": image, "diffId": image}], "packages": packages}})])

    scan("m", "n")
    path = f"/api/v1/images/{image}/packages"
    keys = [(name, version, place) for name in "mn" for version in "12" for place in "ab"]
    for round in range(2):
        found = [(p["name"], p["version"], p["path"]) for p in walked(admin, path, lambda: scan("a", "m", "n", "z"))]
        assert [f for f in found if f[0] in "mn"] and sorted(f for f in found if f[0] in "mn") == keys, found
        assert [f[:2] for f in found] == sorted(f[:2] for f in found) and len(found) == len(set(found)), found
        assert {f[0] for f in found} == ({"m", "n", "z"} if round == 0 else set("amnz"))
    assert admin.get(path + "?q=Z&limit=1").json()["total"] == 4
    assert admin.get(path + "?cursor=2").status == 400


def test_findings_of_an_image_page_by_page(console, admin, told):
    image = "sha256:" + "5d" * 32
    told.tell([("image", {"id": image, "time": "2026-11-21T18:00:00Z", "references": ["hub/f:1"], "bytes": 1000})])

    def put(number, severity, owner=0, fixed=""):
        change(console, "INSERT INTO finding (image, vulnerability, package, version, type, path, fixed, state, severity, score, risk, owner, "
                        "layer, accepted) VALUES (?, ?, 'p', '1', 'deb', '', ?, 0, ?, 5, 5, ?, '', 0)",
               image, f"CVE-2026-{number}", fixed, severity, owner)

    for n in range(3):
        put(f"100{n}", 3, owner=n, fixed="2" if n else "")
    path = f"/api/v1/images/{image}/findings"

    def ids(found):
        return [f["vulnerability"][-4:] for f in found]
    assert ids(walked(admin, path, lambda: (put("0999", 5), put("1003", 1)))) == ["1000", "1001", "1002", "1003"]
    assert ids(paged(admin, path)) == ["0999", "1000", "1001", "1002", "1003"]
    assert ids(paged(admin, path + "?sort=-vulnerability")) == ["1003", "1002", "1001", "1000", "0999"]
    assert ids(paged(admin, path + "?owner=base")) == ["1001"] and ids(paged(admin, path + "?fixable=true")) == ["1001", "1002"]
    assert ids(paged(admin, path + "?severity=medium&q=00")) == ["1000", "1001", "1002"]
    assert admin.get(path + "?cursor=2").status == 400
