"""Pods: containerd's CRI plugin driven as kubelet drives it. What rules see of a pod's containers, probes and owners."""
import json

import pytest

from agents import until
from containers import plain_archive
from services import Process

pytest.importorskip("grpc", reason="needs what python3-grpcio brings")

from cri import Cri  # noqa: E402: needs the module above

UID = "0f3c2b1a-1111-2222-3333-44445555666{}"
POD = "shop-5d4f8c7b9c-x7k2p"
SPEC = {"spec": {"containers": [{"name": "other"}, {"name": "app", "livenessProbe": {"exec": {"command": ["cat", "/tmp/alive"]}},
                                                    "readinessProbe": {"exec": {"command": ["sh", "-c", "cat /etc/hostname; true"]}}}]}}
FIELDS = """container.type container.name container.image.repository k8s.ns.name k8s.pod.name k8s.pod.uid k8s.container.name
k8s.pod.owner k8s.rs.name k8s.deployment.name k8s.pod.label[app] container.liveness_probe container.readiness_probe
container.healthcheck proc.is_container_entry proc.is_container_liveness_probe proc.is_container_readiness_probe
proc.is_container_healthcheck proc.cmdline proc.name""".split()


@pytest.fixture(scope="module")
def told(module_skep, shared, tmp_path_factory):
    """{command line: {field: value}} of each program that began in a pod's container"""
    folder = tmp_path_factory.mktemp("cri")
    (folder / "c").mkdir()
    rules = [{"rule": "began", "desc": "x", "condition": "evt.type = execve and k8s.ns.name = prod", "priority": "NOTICE",
              "output": "@@".join(f"{f}=%{f}" for f in FIELDS)}]
    (folder / "rules.yaml").write_text(json.dumps(rules))
    alerts = folder / "alerts.json"
    with Cri(folder / "c") as cri:
        cri.load(plain_archive(shared / "rootfs" / "alpine-310-docker-save.tar.gz", folder))
        agent = Process([module_skep.binary, "agent", "run", "-f", "none", "-r", str(folder / "rules.yaml"), "--no-engines", "--no-folding",
                         "--alert-file", str(alerts), "--spool", str(folder / "spool")], folder / "agent.log", env=module_skep.env)
        with agent:
            agent.wait_for(lambda: "watching" in (folder / "agent.log").read_text(), 90)
            sandboxes = act(cri)
            assert until(lambda: alerts.exists() and "mark-done" in alerts.read_text()), (folder / "agent.log").read_text()
        for sandbox in sandboxes:
            cri.remove(sandbox)
    found = {}
    for line in alerts.read_text().splitlines():
        values = dict(part.split("=", 1) for part in json.loads(line)["message"].split("@@"))
        found[values["proc.cmdline"]] = values
    return found


def act(cri):
    alpine = "docker.io/library/alpine:3.10"
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": json.dumps(SPEC)}
    applied = cri.pod(POD, UID.format(1), {"app": "shop", "pod-template-hash": "5d4f8c7b9c"}, annotations)
    app = cri.start(applied, "app", alpine, ["sh", "-c", "true mark-first; exec sleep 1000"], UID.format(1), POD)
    cri.execute(app, "cat", "/tmp/alive")
    cri.execute(app, "sh", "-c", "cat /etc/hostname; true")
    cri.execute(app, "sh", "-c", "true mark-entered; true")
    bare = cri.pod("bare", UID.format(2), {}, {})
    other = cri.start(bare, "app", alpine, ["sh", "-c", "exec sleep 1001"], UID.format(2), "bare")
    cri.execute(other, "cat", "/tmp/perhaps")
    shared = cri.pod("shared", UID.format(3), {}, annotations, shared=True)
    first = cri.start(shared, "app", alpine, ["sh", "-c", "true mark-shared; exec sleep 1002"], UID.format(3), "shared")
    cri.execute(first, "cat", "/tmp/alive", "")
    cri.execute(other, "cat", "/tmp/mark-done")
    return applied, bare, shared


def test_the_first_program_of_a_pods_container_is_known(told):
    first = told["sh -c true mark-first; exec sleep 1000"]
    assert {k: first[k] for k in FIELDS[:11]} == {
        "container.type": "containerd", "container.name": "app", "container.image.repository": "docker.io/library/alpine",
        "k8s.ns.name": "prod", "k8s.pod.name": POD, "k8s.pod.uid": UID.format(1), "k8s.container.name": "app",
        "k8s.pod.owner": "ReplicaSet/shop-5d4f8c7b9c", "k8s.rs.name": "shop-5d4f8c7b9c", "k8s.deployment.name": "shop",
        "k8s.pod.label[app]": "shop"}
    assert first["container.liveness_probe"] == "cat /tmp/alive"
    assert first["container.readiness_probe"] == "sh -c cat /etc/hostname; true"
    assert first["container.healthcheck"] == "<NA>" and first["proc.is_container_entry"] == "false"
    assert first["proc.is_container_liveness_probe"] == "false"


@pytest.mark.parametrize("command, entry, liveness, readiness", [
    ("cat /tmp/alive", "true", "true", "false"),
    ("sh -c cat /etc/hostname; true", "true", "false", "true"),
    ("cat /etc/hostname", "false", "false", "true"),
    ("sh -c true mark-entered; true", "true", "false", "false"),
    ("sleep 1000", "false", "false", "false"),
    # Its containers see one another's processes: none of them is the first of its namespace.
    ("sh -c true mark-shared; exec sleep 1002", "false", "false", "false"),
    ("sleep 1002", "false", "false", "false"),
    ("cat /tmp/alive ", "true", "false", "false"),
])
def test_probes_are_told_from_other_programs(told, command, entry, liveness, readiness):
    t = told[command]
    assert (t["proc.is_container_entry"], t["proc.is_container_liveness_probe"], t["proc.is_container_readiness_probe"]) == (
        entry, liveness, readiness)
    assert t["proc.is_container_healthcheck"] == "false"


def test_what_a_pod_does_not_tell_is_unknown(told):
    """A pod made by hand, without kubectl's annotation: nobody here knows its owner or its probes."""
    t = told["cat /tmp/perhaps"]
    for field in ("k8s.pod.owner", "k8s.deployment.name", "container.liveness_probe", "proc.is_container_liveness_probe"):
        assert t[field] == "<unknown>" or t[field] == "<NA>", (field, t[field])
    assert t["k8s.pod.name"] == "bare" and t["proc.is_container_healthcheck"] == "false"
