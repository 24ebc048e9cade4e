"""A console full of what is many, long, failing, over, foreign and hostile: for pages that were only seen empty."""
import time

from fleet import change
from pretended_agent import PretendedAgent, alert, stats

LONG = "extraordinarily-long-name-that-nobody-would-type-but-machines-make-" + "0123456789abcdef" * 2
CJK = "生产环境华东二区核心交易系统"
RTL = "مستودع-الصور-للإنتاج"
HOSTILE = "<img src=x onerror=alert(1)>'\"; DROP TABLE users;--"
NAMES = [CJK, RTL, LONG, HOSTILE, "z" * 60, "a b  c", "ﬀ🐝́é"]
RULE = """- rule: %s
  desc: tried on what is stored
  condition: evt.type = execve and proc.name = "%s"
  output: "%%proc.name %%container.name"
  priority: %s
"""


def day(n):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + n * 86400))


def made(client, path, body):
    answer = client.ask("POST", f"/api/v1/{path}", body)
    assert answer.status in (200, 201, 202), (path, body, answer)
    return answer.json()


def add_registries(console, client):
    """Of every kind; disabled, never run, failing in all the ways a registry fails, and some with many tags."""
    kinds = [k["name"] for k in client.get("/api/v1/registry-kinds").json()["items"]]
    names = NAMES[:6] + [f"mirror-{n:02}" for n in range(34)]
    ids = [made(client, "registries", {"name": name[:128], "kind": kinds[n % len(kinds)], "address": f"r{n}.registry.example:5000", "enabled": False,
                                       "repositories": ["shop/web"] if kinds[n % len(kinds)] in ("ghcr", "docker-hub", "ecr", "gcr") else ["shop/*", "!shop/old-*"], "interval": [0, 300, 86400, 2592000][n % 4], "user": f"robot${name}"[:60],
                                       "password": "secret-7"})["id"] for n, name in enumerate(names)]
    now = int(time.time()) * 10**9
    ends = [("", ""), ("denied", "the registry denies access to 'shop/web' (HTTP 401)"), ("unreachable", "cannot connect to r2.registry.example: Connection refused"),
            ("too-many-requests", "429 " + "x" * 300), ("partly", ""), ("timed-out", HOSTILE)]
    for n, each in enumerate(ids):
        trouble, detail = ends[n % 6]
        if n % 7:
            change(console, "UPDATE registry SET ended_ns = ?, began_ns = ?, enabled = ?, repositories = ?, tags = ?, digests = ?, skipped = ?, trouble = ?, detail = ? WHERE id = ?",
                   now - n * 3600 * 10**9, now - n * 3700 * 10**9, 0, n * n, n ** 4, n ** 3, n % 3, trouble, detail, int(each))
    for n in range(300):
        change(console, "INSERT INTO registry_tag (registry, repository, tag, digest, stage, run, first_ns, seen_ns, changed_ns, gone_ns, why) VALUES (?, ?, ?, ?, ?, 0, ?, ?, ?, ?, ?)",
               int(ids[1]), f"shop/{NAMES[n % 6]}"[:200], f"1.{n}-{LONG if n % 50 == 3 else 'slim'}", "sha256:" + f"{n:064x}", n % 4, now, now, now - n * 10**12,
               now if n % 11 == 5 else 0, "manifest of 'shop/web' is malformed: line 3" if n % 13 == 2 else "")
    return ids


def add_intelligence(console, client):
    """Lists by hand and by feed: long, expired, partly not understood, failing."""
    addresses = "\n".join(f"198.51.{n // 250}.{n % 250}" for n in range(5000))
    for n in range(12):
        made(client, "intelligence", {"name": f"list_{n}" if n else "l" * 48, "kind": ["ip", "domain", "hash"][n % 3], "source": NAMES[n % len(NAMES)],
                                      "text": [addresses, "evil.example\nno domain at all!!\nworse.example", "ab" * 32 + "\n# a remark"][n % 3],
                                      **({"expires": day(30 - n)} if n % 4 == 1 else {})})
    for n in range(4):
        made(client, "intelligence", {"name": f"feed_{n}", "kind": "domain", "source": NAMES[n], "feed": {"url": f"https://127.0.0.1:{9 + n}/{'very-long-path/' * 20}", "minutes": 10080,
                                                                                                           "authorization": "Bearer secret-7"}})
    long_ago = int(time.time() - 5 * 86400) * 10**9
    change(console, "UPDATE intelligence SET expires_ns = ? WHERE name = 'list_5'", long_ago)
    change(console, "UPDATE intelligence_feed SET tried_ns = ?, why = ?", long_ago, "127.0.0.1:9 does not answer")


def add_receivers(console, client):
    """Of several kinds; failing, waiting, disabled, never used."""
    for n, name in enumerate([*NAMES[:6], "team chat", "pager", "archive"]):
        kind, settings = [("webhook", {"url": f"https://127.0.0.1:9/{LONG}"}), ("syslog", {"url": "udp://127.0.0.1:9"}), ("slack", {"url": "https://127.0.0.1:9/hook"})][n % 3]
        each = made(client, "notifications", {"name": name[:128], "kind": kind, "enabled": n % 4 != 3, "settings": settings,
                                              "filter": "priority in (emergency, alert, critical) and container.name contains 'shop'" if n % 2 else ""})
        change(console, "INSERT INTO receiver_state (receiver, replica, sent, failed, waiting, dropped, sent_ns, why) VALUES (?, 'r', ?, ?, ?, ?, ?, ?)",
               int(each["id"]), n * 123457, n * 7, n % 5 * 1000, n % 3 * 44, int(time.time() - n * 86400) * 10**9 if n else 0,
               "127.0.0.1:9 does not answer" if n % 3 == 1 else HOSTILE if n == 3 else "")


def add_people(console, client):
    """Users of all sources and states, roles, and keys that ended."""
    allowed = [p["name"] for p in client.get("/api/v1/permissions").json()["items"]]
    bounded = [p["name"] for p in client.get("/api/v1/permissions").json()["items"] if p["reach"] == "places"]
    for n, name in enumerate([*NAMES[:4], "night shift", "contractors"]):
        made(client, "roles", {"name": name[:60], "permissions": (bounded if n % 2 else allowed)[:1 + n * 4], "description": NAMES[-1 - n % 3] * 2,
                               "scope": [f"namespace={CJK}, cluster in ({LONG}, prod), image!=registry.example/lab-*"] if n % 2 else [], "groups": [f"cn={LONG},ou=people,dc=example,dc=org"] if n % 3 == 1 else []})
    for n in range(6):
        made(client, "users", {"name": ["wang.wei", "layla", "very.long." + "x" * 50, "o.hara", "anna", "root2"][n], "displayName": NAMES[n][:200],
                               "password": "First-horse-7-battery", "roles": [["auditor"], ["read-only", "developer", CJK], [LONG[:60]], ["security-operator"], ["read-only"], ["administrator"]][n]})
    now = int(time.time()) * 10**9
    for n in range(150):
        change(console, "INSERT INTO users (name, display, source, subject, password, former, totp, totp_on, totp_step, must_change, disabled, created_ns, password_ns, signed_in_ns) "
                        "VALUES (?, ?, ?, ?, '', '', '', ?, 0, ?, ?, ?, ?, ?)", f"person{n:03}@corp.example", f"{NAMES[n % 7]} {n}", ["ldap", "oidc", "local"][n % 3], f"subject-{n}",
               n % 2, int(n % 9 == 2), int(n % 5 == 1), now - n * 10**15, now, now - n * 10**13 if n % 4 else 0)
    for n in range(5):
        made(client, "tokens", {"name": NAMES[n][:60], "permissions": allowed[: 1 + n * 5], **({"expires": day(n + 1)} if n % 2 == 0 else {})})
    change(console, "UPDATE api_tokens SET expires_ns = ? WHERE expires_ns > 0 AND id % 2 = 1", now - 86400 * 10**9)


def add_agents(console, client, folder):
    """Healthy, silent, ended, revoked, of other versions and clocks, with losses and none; and many more that only joined."""
    token = made(client, "agents/tokens", {"uses": 8})["token"]
    agents = [PretendedAgent(console, folder, token, name=name, version=version) for name, version in
              (("node-1", "0.1.0"), (f"ip-10-0-0-1.{LONG}.internal", "0.0.9"), (CJK, "0.1.0"), ("silent-1", "0.1.0"), ("ended-1", "0.1.0"), ("revoked-1", "0.1.0"), ("late-clock", "0.1.0"))]
    for n, agent in enumerate(agents):
        agent.ahead = -7300 if n == 6 else None
        for at in (1, 2):
            agent.tell([("stats", stats(at * 10_000, losses=[0, 12345678, 0, 3][n % 4], memory=(n + 1) * 37 << 20, cpu_ms=at * 70 * n))])
    now = int(time.time()) * 10**9
    change(console, "UPDATE agent SET seen_ns = ?, silent = 1 WHERE name = 'silent-1'", now - 3 * 86400 * 10**9)
    change(console, "UPDATE agent SET ended = 1 WHERE name = 'ended-1'")
    assert client.ask("POST", f"/api/v1/agents/{agents[5].id}/revoke").status == 204
    for n in range(120):
        change(console, "INSERT INTO agent (id, name, machine_id, kernel, os, version, address, labels, stats, scan, state, ended, silent, enrolled_ns, seen_ns, certificate_to_s, lost) "
                        "VALUES (?, ?, ?, '6.1.0', 'Debian 12', '0.1.0', ?, ?, '', '', 0, 0, ?, ?, ?, ?, 0)", f"a-many-{n}", f"worker-{n:03}", f"m{n}", f"2001:db8:1234:5678:9abc:def0:{n:x}:1",
               f"zone={NAMES[n % 3]}"[:60].replace(",", ""), int(n % 3 == 0), now, now - (n * 40) * 10**9, int(time.time()) + (86400 * (n - 10)))
    began = time.time() - 3600
    agents[0].tell([("host", {"id": "host", "name": "node-1", "os": "Debian 12", "time": day(0)})] +
                   [("container", {"id": f"{n:064x}", "name": NAMES[n % 7], "image": f"registry.example/{LONG}:1", "imageId": "sha256:" + f"{n:064x}", "state": "running", "user": "root",
                                   "privileged": n % 3 == 0, "metadataKnown": True, "runtime": "podman", "rootHostUid": 1000 if n % 2 else 0, "time": day(0)}) for n in range(20)])
    agents[0].tell([("alert", alert(began + n, rule=NAMES[n % 7], priority=["Critical", "Warning", "Notice"][n % 3], message=f"{NAMES[n % 7]} {HOSTILE}", messageZh=f"{CJK} {RTL}"))
                    for n in range(60)])


def add_rules(client):
    for n, name in enumerate([CJK, "shop.yaml", LONG]):
        made(client, "rule-files", {"name": name, "enabled": n != 1, "text": "".join(RULE % (f"{each[:40].replace(':', '')} {n}", "bash", "WARNING") for each in (CJK, "shell", LONG))})


def fill(console, folder):
    """@return an administrator of a console that has it all"""
    client = console.admin()
    add_agents(console, client, folder)
    for add in (add_registries, add_intelligence, add_receivers, add_people):
        add(console, client)
    add_rules(client)
    return client
