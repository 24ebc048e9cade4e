"""Alerts in groups by the API, and decisions about a whole group, on each engine."""
import time

import pytest

from pretended_agent import alert
from test_api import admin, console, told  # noqa: F401, as fixtures: of a console of this file's own
from test_api_sorting import PRIORITIES, both_ways, is_in_order, paged


@pytest.mark.parametrize("sort", ["", *both_ways("alerts", "last")])
def test_groups_of_alerts_come_sorted_page_by_page(admin, told, sort):
    """Each is what adding up its alerts comes to, and its value as a filter lists them."""
    for by, query in (("rule", ""), ("rule", "state=open"), ("rule", "q=severity>=medium"), ("priority", "rule=Rule 0&rule=Rule 2"), ("tag", ""), ("tag", "tag=shell"),
                      ("image", "since=2020-01-01T00:00:00Z"), ("workload", ""), ("container", ""), ("container", "q=severity>=medium"), ("container", "state=open")):
        query = query.replace(" ", "%20").replace(">", "%3E")
        path = f"/api/v1/alerts/groups?by={by}&{query}" + (f"&sort={sort}" if sort else "")
        groups = paged(admin, path, limit=2)
        whole = admin.get(path).json()
        assert [g["value"] for g in whole["items"]] == [g["value"] for g in groups] and whole["total"] == len(groups) > 0, path
        assert whole["cut"] is False and whole["alerts"] == len(paged(admin, f"/api/v1/alerts?{query}", 1000))
        key = (sort or "-alerts").lstrip("-")
        assert is_in_order([g[key] for g in groups], sort or "-alerts"), path
        for group in groups:
            value = group["value"].replace(" ", "%20")
            alerts = paged(admin, f"/api/v1/alerts?{query}&{by}={value}", 1000)
            assert (group["alerts"], group["open"]) == (len(alerts), len([a for a in alerts if a["state"] == "open"])), path
            assert group["events"] == sum(a["count"] for a in alerts)
            assert group["priority"] == max((a["priority"] for a in alerts), key=PRIORITIES.index)
            assert group["first"][:19] == alerts[-1]["time"][:19] and group["last"][:19] == alerts[0]["time"][:19]
        if by == "container":
            assert {g["name"] for g in groups} == {"web"} and len(groups[0]["value"]) == 64
        if by != "tag":
            assert sum(g["alerts"] for g in groups) + whole["without"] == whole["alerts"]
    nowhere = admin.get("/api/v1/alerts/groups?by=namespace").json()
    assert nowhere["items"] == [] and nowhere["without"] == nowhere["alerts"] > 0
    assert admin.get("/api/v1/alerts/groups?by=colour").status == 400
    assert admin.get("/api/v1/alerts/groups?by=state").status == 400
    assert admin.get("/api/v1/alerts/groups?cursor=5").status == 400


def test_a_group_is_decided_as_it_was_seen(console, admin, told):
    """All alerts a filter matches at once: as many as were shown, none that came later, none of another, written down."""
    rule = "Rule of a flood"
    told.tell([("alert", alert(time.time() - 300 + i, rule=rule, priority="Notice", count=1 + i % 5)) for i in range(50)])
    others = admin.get("/api/v1/alerts/groups?by=rule").json()["items"]

    def group(**query):
        found = admin.get("/api/v1/alerts/groups?by=rule&rule=" + rule.replace(" ", "%20") + "".join(f"&{k}={v}" for k, v in query.items())).json()
        return (found["items"][0], found["asOf"]) if found["items"] else (None, found["asOf"])
    seen, as_of = group(state="open")
    assert seen["alerts"] == seen["open"] == 50 and seen["events"] == 150
    told.tell([("alert", alert(time.time() - 400, rule=rule, priority="Notice"))])
    body = {"filter": {"rule": [rule], "state": ["open"]}, "before": as_of, "expected": 50, "state": "false-positive", "note": "a test of ours"}

    def decide(**but):
        return admin.ask("POST", "/api/v1/alerts/triage", {k: v for k, v in {**body, **but}.items() if v is not None})
    assert decide(expected=49).status == 409 and group(state="open")[0]["open"] == 51
    for wrong in ({"expected": None}, {"before": None}, {"ids": ["1"]}, {"filter": None}, {"filter": {"rule": []}}, {"filter": {"q": "severity >="}},
                  {"filter": {"colour": ["red"]}}, {"state": "gone"}):
        assert decide(**wrong).status == 400, wrong
    assert decide(filter={"rule": [rule], "q": "proc.name = zsh"}).json() == {"changed": 0, "more": False}
    answer = decide()
    assert answer.json() == {"changed": 50, "more": False}, answer
    assert decide().json() == {"changed": 0, "more": False}
    left, _ = group(state="open")
    assert (left["alerts"], left["events"], left["open"]) == (1, 1, 1) and group()[0]["alerts"] == 51
    assert group(state="false-positive")[0]["events"] == 150
    first = admin.get("/api/v1/alerts?state=false-positive&limit=1&rule=" + rule.replace(" ", "%20")).json()["items"][0]
    assert admin.get(f"/api/v1/alerts/{first['id']}").json()["history"][0]["note"] == "a test of ours"
    entry = next(e for e in admin.get("/api/v1/audit?limit=9").json()["items"] if (e["after"] or {}).get("changed") == 50)
    assert entry["after"]["filter"] == body["filter"] and entry["after"]["state"] == "false-positive" and entry["action"].endswith("/alerts/triage")
    after = {g["value"]: g for g in admin.get("/api/v1/alerts/groups?by=rule").json()["items"]}
    assert all(after[g["value"]] == g for g in others if g["value"] != rule)
    # Who may decide and not look finds out nothing by deciding.
    admin.ask("POST", "/api/v1/roles", {"name": "blind", "permissions": ["alerts.triage"]})
    admin.ask("POST", "/api/v1/users", {"name": "blind", "password": "First-horse-7-battery", "roles": ["blind"]})
    blind = console.client().sign_in("blind", "First-horse-7-battery", new="Second-horse-8-battery")
    assert blind.ask("POST", "/api/v1/alerts/triage", {**body, "filter": {}, "before": "2100-01-01T00:00:00Z"}).json() == {"changed": 0, "more": False}
