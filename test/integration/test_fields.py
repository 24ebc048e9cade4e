"""Every field of events has the value it should have: one table, real containers, a running agent.

A row is a kind of event that the script of a real container brings about, and what each field says of it. What no row names is an error: a
field that rules can speak of and nobody has seen a value of.
"""
import json
import pathlib
import re
import subprocess

import pytest

from agents import until, whole_lines
from containers import RunningEngine
from services import Process, need_root

POD = {"io.kubernetes.pod.name": "shop-5d4f8c7b9c-x7k2p", "io.kubernetes.pod.namespace": "prod",
       "io.kubernetes.pod.uid": "0f3c2b1a-1111-2222-3333-444455556666"}
SPEC = {"spec": {"containers": [{"name": "app", "livenessProbe": {"exec": {"command": ["cat", "/tmp/alive"]}},
                                 "readinessProbe": {"exec": {"command": ["sh", "-c", "cat /tmp/ready; true"]}}}]}}

# What the subject does. Actions are told apart by words rules look for.
SCRIPT = r"""
cp /bin/busybox /tmp/busybox; chmod 4755 /tmp/busybox; cd /tmp; mkdir -p a/b
printf '#!/bin/sh\ntrue\n' >made-here; chmod +x made-here; ./made-here <busybox
sh -c 'echo no mark; ./busybox cat mark-exec x </dev/null >/tmp/out 2>&1; true'
(cd a/b; : >../mark-written; cat /etc/passwd >/dev/null; : </tmp/a/mark-written)
: >mark-old; mv mark-old a/../a/mark-new; ln a/mark-new mark-hard; ln -s ../mark-text mark-soft; chmod 4755 mark-hard; rm mark-hard
cat /no/mark-missing 2>/dev/null
nc -l -p 4444 </etc/hostname >/dev/null &
until cat /proc/net/tcp /proc/net/tcp6 | grep -q ':115C 0*:0000 0A'; do sleep 0.1; done; echo hello-mark | nc 127.0.0.1 4444 >/dev/null; wait $!
nc -z 127.0.0.1 4445
/mnt/talk
while :; do sleep 0.2; : >/tmp/w; mv /tmp/w /tmp/w2; rm /tmp/w2; done
"""
NUMBER, TIME, TRUE, FALSE = r"\d+", r"\d.*", "true", "false"
ADDRESS = r"127\.0\.0\.1"
BOTH = rf"\({ADDRESS},{ADDRESS}\)"

# event: (condition, {field: pattern of the whole value})
ROWS = {
    "exec": ('evt.type = execve and proc.args contains mark-exec', {
        "evt.num": r"[1-9]\d*", "evt.count": "1", "evt.time": r"\d\d:\d\d:\d\d\.\d{9}", "evt.time.s": r"\d\d:\d\d:\d\d",
        "evt.time.iso8601": r"20\d\d-.*(Z|\+0000)", "evt.datetime": r"20\d\d-.*", "evt.datetime.s": r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d", "evt.rawtime": r"\d{19}",
        "evt.rawtime.s": r"\d{10}", "evt.rawtime.ns": r"\d{1,9}", "syscall.type": "execve", "evt.dir": "<",
        "evt.type": "execve", "evt.category": "process", "evt.cpu": NUMBER, "evt.hostname": r"\S+", "evt.source": "syscall",
        "evt.args": r".*exe=\./busybox.*", "evt.info": r".*exe=\./busybox.*", "evt.arg[exe]": r"\./busybox",
        "evt.rawarg[exe]": r"\./busybox", "evt.res": "SUCCESS", "evt.rawres": "0", "evt.failed": FALSE,
        "evt.is_io_uring": FALSE, "evt.is_truncated": FALSE, "evt.is_replayed": FALSE, "evt.is_racy": FALSE,
        "proc.pid": NUMBER, "proc.ppid": NUMBER, "proc.apid[1]": NUMBER, "proc.vpid": NUMBER, "proc.pvpid": NUMBER,
        "proc.name": "busybox", "proc.pname": "sh", "proc.aname[1]": "sh", "proc.exe": r"\./busybox", "proc.pexe": "sh",
        "proc.aexe[2]": "sh", "proc.exepath": "/tmp/busybox", "proc.pexepath": "/bin/busybox", "proc.aexepath[2]": "/bin/busybox",
        "proc.cmdline": "busybox cat mark-exec x", "proc.pcmdline": "sh -c echo no mark; .*", "proc.acmdline[1]": "sh -c echo.*",
        "proc.exeline": r"\./busybox cat mark-exec x", "proc.args": "cat mark-exec x", "proc.nargs": "3", "proc.cmdnargs": "3",
        "proc.cmdlenargs": "15", "proc.env": ".*TEAM=blue.*", "proc.env[TEAM]": "blue", "proc.aenv[1]": ".*TEAM=blue.*", "proc.aenv": r"\([^,]*TEAM=blue[^,]*,[^,]*TEAM=blue.*",
        "proc.cwd": "/tmp/", "proc.sid": NUMBER, "proc.sname": r"\S+", "proc.sexepath": "/.*", "proc.pgid": NUMBER,
        "proc.sid.exe": "sh", "proc.sid.exepath": "/bin/busybox", "proc.pgid.name": "sh", "proc.pgid.exe": "sh", "proc.pgid.exepath": "/bin/busybox",
        "proc.vpgid.name": "sh", "proc.vpgid.exe": "sh", "proc.vpgid.exepath": "/bin/busybox",
        "proc.vpgid": "1", "proc.vsid": "1", "proc.is_sid_leader": FALSE, "proc.is_pgid_leader": FALSE,
        "proc.is_vpgid_leader": FALSE, "proc.is_vsid_leader": FALSE, "proc.tty": "0", "proc.loginshellid": NUMBER,
        "proc.nthreads": "1", "proc.nchilds": "0", "proc.duration": NUMBER, "proc.ppid.duration": NUMBER, "proc.pid.ts": TIME,
        "proc.ppid.ts": TIME, "proc.is_exe_writable": TRUE, "proc.is_exe_upper_layer": TRUE, "proc.is_exe_lower_layer": FALSE,
        "proc.is_stdin_network": FALSE, "proc.is_stdin_upper_layer": FALSE, "proc.is_script": FALSE, "proc.is_script_upper_layer": FALSE,
        "proc.is_exe_from_memfd": FALSE, "proc.is_exe_deleted": FALSE, "proc.is_setuid": TRUE, "proc.exe_ino": NUMBER,
        "proc.md5": "[0-9a-f]{32}", "proc.sha1": "[0-9a-f]{40}", "proc.sha256": "[0-9a-f]{64}", "proc.sha512": "[0-9a-f]{128}",
        "proc.exe_ino.ctime": TIME, "proc.exe_ino.mtime": TIME, "proc.exe_ino.ctime_duration_proc_start": NUMBER,
        "proc.exe_ino.ctime_duration_pidns_start": NUMBER, "proc.stdin.type": "file", "proc.stdin.name": "/dev/null",
        "proc.stdout.type": "file", "proc.stdout.name": "/tmp/out", "proc.stderr.type": "file", "proc.stderr.name": "/tmp/out",
        "proc.is_container_entry": FALSE, "proc.is_container_healthcheck": FALSE, "proc.is_container_liveness_probe": FALSE,
        "proc.is_container_readiness_probe": FALSE, "thread.tid": NUMBER, "thread.ismain": TRUE,
        "thread.cap_effective": ".*CAP_CHOWN.*", "thread.cap_permitted": ".*CAP_CHOWN.*", "thread.cap_inheritable": ".*",
        "thread.cgroups": "/.*", "user.uid": "0", "user.name": "root", "user.homedir": "/root", "user.shell": "/bin/ash",
        "user.ruid": "0", "user.loginuid": r"-?\d+", "user.loginname": r"\S+", "group.gid": "0", "group.name": "root",
        "container.id": "[0-9a-f]{12}", "container.full_id": "[0-9a-f]{64}", "container.name": "fields-subject",
        "container.image": "alpine:3.10", "container.image.id": "sha256:[0-9a-f]{64}",
        "container.image.repository": "docker.io/library/alpine", "container.image.tag": "3.10", "container.type": "docker",
        "container.privileged": FALSE, "container.user": "0:0", "container.caps": ".*CAP_CHOWN.*", "container.mounts": ".*:/mnt:ro:false:.*",
        "container.mount[0]": ".*:/mnt:ro:false:.*", "container.mount.source[/mnt]": "/.*", "container.mount.dest[0]": "/mnt",
        "container.mount.mode[0]": "ro", "container.mount.rdwr[0]": FALSE, "container.mount.propagation[0]": r"r?(private|slave)",
        "container.labels": ".*team:blue.*", "container.label[team]": "blue", "container.start_ts": TIME,
        "container.duration": NUMBER, "container.host_pid": FALSE, "container.host_network": FALSE, "container.host_ipc": FALSE,
        "container.hostname": "box", "container.healthcheck": "/bin/sh -c true healthy-mark",
        "container.liveness_probe": "cat /tmp/alive", "container.readiness_probe": "sh -c cat /tmp/ready; true",
        "k8s.ns.name": "prod", "k8s.pod.name": "shop-5d4f8c7b9c-x7k2p", "k8s.pod.id": "0f3c2b1a-.*", "k8s.pod.uid": "0f3c2b1a-.*",
        "k8s.pod.sandbox_id": "[0-9a-f]{12}", "k8s.pod.full_sandbox_id": "[0-9a-f]{64}", "k8s.pod.labels": ".*app:shop.*", "k8s.pod.label[app]": "shop",
        "k8s.pod.owner": "ReplicaSet/shop-5d4f8c7b9c", "k8s.rs.name": "shop-5d4f8c7b9c", "k8s.deployment.name": "shop",
        "k8s.container.name": "app"}),
    "script": ('evt.type = execve and proc.name = made-here', {
        "proc.is_stdin_upper_layer": TRUE, "proc.is_script": TRUE, "proc.is_script_upper_layer": TRUE, "proc.is_exe_upper_layer": FALSE, "proc.exepath": "/bin/busybox"}),
    "script opened": ('evt.type in (open, openat) and fd.name endswith made-here and evt.is_open_read = true', {
        "evt.is_open_script": TRUE, "fd.is_upper_layer": TRUE, "fd.nameraw": "./made-here"}),
    "opened to write": ('evt.type in (open, openat) and fd.name endswith mark-written and evt.is_open_write = true', {
        "fd.name": "/tmp/a/mark-written", "fd.nameraw": r"\.\./mark-written", "fd.directory": "/tmp/a", "fd.filename": "mark-written",
        "fd.containername": "[0-9a-f]{12}:/tmp/a/mark-written", "fd.containerdirectory": "[0-9a-f]{12}:/tmp/a", "fd.num": NUMBER,
        "fd.type": "file", "fd.typechar": "f", "fd.ino": r"[1-9]\d*", "fd.dev": NUMBER, "fd.dev.major": NUMBER,
        "fd.dev.minor": NUMBER, "fs.path.name": "/tmp/a/mark-written", "fs.path.nameraw": r"\.\./mark-written",
        "fs.path.written": "/tmp/a/mark-written",
        "evt.is_open_write": TRUE, "evt.is_open_read": FALSE, "evt.is_open_create": TRUE, "evt.is_open_exec": FALSE,
        "evt.is_open_created": TRUE, "evt.is_open_script": FALSE, "fd.is_upper_layer": TRUE, "fd.is_lower_layer": FALSE,
        "evt.arg[flags]": r".*O_CREAT.*\|O_F_CREATED\|FD_UPPER_LAYER", "evt.arg[name]": "/tmp/a/mark-written", "evt.arg[mode]": ".*S_IRUSR.*",
        "evt.arg[fd]": "<f>/tmp/a/mark-written", "fd.name_changed": FALSE, "proc.cwd": "/tmp/a/b/", "proc.nthreads": "1",
        "proc.name": "sh"}),
    "opened to read": ('evt.type in (open, openat) and fd.name = /etc/passwd and proc.args contains /etc/passwd', {
        "evt.is_open_created": FALSE, "fd.is_upper_layer": FALSE, "fd.is_lower_layer": TRUE, "evt.arg[flags]": r".*\|FD_LOWER_LAYER"}),
    "renamed": ('evt.type in (rename, renameat, renameat2) and evt.args contains mark-new', {
        "fs.path.source": "/tmp/mark-old", "fs.path.sourceraw": "mark-old", "fs.path.target": "/tmp/a/mark-new",
        "fs.path.written": "/tmp/a/mark-new",
        "fs.path.targetraw": r"a/\.\./a/mark-new", "evt.arg[oldpath]": "/tmp/mark-old", "evt.arg[newpath]": "/tmp/a/mark-new",
        "proc.cwd": "/tmp/", "evt.category": "file"}),
    "linked": ('evt.type in (link, linkat) and evt.args contains mark-hard', {
        "fs.path.source": "/tmp/a/mark-new", "fs.path.target": "/tmp/mark-hard", "fs.path.written": "/tmp/mark-hard"}),
    "pointed": ('evt.type in (symlink, symlinkat) and evt.args contains mark-soft', {
        "evt.arg[target]": r"\.\./mark-text", "evt.arg[linkpath]": "/tmp/mark-soft", "fs.path.target": r"\.\./mark-text",
        "fs.path.source": "/tmp/mark-soft", "fs.path.written": "/tmp/mark-soft"}),
    "made setuid": ('evt.type in (chmod, fchmodat) and evt.arg.mode contains S_ISUID and evt.args contains mark-hard', {
        "evt.arg[filename]": "/tmp/mark-hard", "evt.arg[mode]": ".*S_ISUID.*", "fs.path.name": "/tmp/mark-hard"}),
    "removed": ('evt.type in (unlink, unlinkat) and evt.args contains mark-hard', {"fs.path.name": "/tmp/mark-hard", "evt.is_racy": TRUE}),
    "failed": ('evt.type in (open, openat) and fd.name endswith mark-missing', {
        "evt.res": "ENOENT", "evt.rawres": "-2", "evt.failed": TRUE, "fd.num": "-1", "fd.typechar": "f", "fd.name": "/no/mark-missing",
        "evt.is_open_read": TRUE}),
    "connected": ('evt.type = connect and fd.sport = 4444', {
        "fd.name": rf"({ADDRESS}:\d+->)?{ADDRESS}:4444", "fd.ip": BOTH, "fd.cip": ADDRESS, "fd.sip": ADDRESS, "fd.lip": ADDRESS,
        "fd.rip": ADDRESS, "fd.net": BOTH, "fd.cnet": ADDRESS, "fd.snet": ADDRESS, "fd.lnet": ADDRESS, "fd.rnet": ADDRESS,
        "fd.port": r"\(\d+,4444\)", "fd.cport": r"[1-9]\d+", "fd.sport": "4444", "fd.lport": r"[1-9]\d+", "fd.rport": "4444",
        "fd.cip.name": ADDRESS, "fd.sip.name": ADDRESS, "fd.lip.name": ADDRESS, "fd.rip.name": ADDRESS, "fd.l4proto": "tcp",
        "fd.sockfamily": "ip", "fd.type": "ipv4", "fd.typechar": "4", "fd.is_server": FALSE, "fd.connected": TRUE,
        "fd.name_changed": TRUE, "fd.num": NUMBER, "evt.category": "net", "evt.is_racy": FALSE, "proc.stdin.type": "pipe", "proc.stdin.name": r"pipe:\[\d+\]"}),
    "accepted": ('evt.type in (accept, accept4) and fd.sport = 4444', {"fd.is_server": TRUE, "fd.lport": "4444", "fd.cip": ADDRESS}),
    "sent": ('evt.type = sendto and fd.rport = 4446', {"fd.rip": ADDRESS, "evt.is_racy": TRUE}),
    "asked": ('evt.type = dns and dns.name = mark.example', {"dns.name": r"mark\.example", "dns.type": "A"}),
    "used": ('evt.type = usage and usage.renames > 0', {
        "syscall.type": "<NA>",
        "usage.interval": NUMBER, "usage.cpu": NUMBER, "usage.threads": r"[1-9]\d*", "usage.forks": r"[1-9]\d*", "usage.execs": NUMBER,
        "usage.opens_write": r"[1-9]\d*", "usage.renames": r"[1-9]\d*", "usage.unlinks": r"[1-9]\d*", "usage.connects": NUMBER,
        "usage.connects_failed": NUMBER, "usage.distinct_ports": NUMBER, "usage.distinct_peers": NUMBER, "usage.dns_queries": NUMBER,
        "usage.dns_names": NUMBER, "usage.dns_longest": NUMBER, "container.name": "fields-subject"}),
    "healthy": ('evt.type = execve and proc.cmdline contains healthy-mark', {
        "proc.is_container_entry": TRUE, "proc.is_container_healthcheck": TRUE, "proc.is_container_liveness_probe": FALSE}),
    "alive": ('evt.type = execve and proc.cmdline contains /tmp/alive', {
        "proc.is_container_liveness_probe": TRUE, "proc.is_container_readiness_probe": FALSE, "proc.is_container_entry": TRUE}),
    "ready": ('evt.type in (open, openat) and fd.name = /tmp/ready and proc.name = cat', {
        "proc.is_container_readiness_probe": TRUE, "proc.is_container_entry": FALSE}),
    "entered": ('evt.type = execve and proc.cmdline contains mark-entered', {
        "proc.is_container_entry": TRUE, "proc.is_container_healthcheck": FALSE, "proc.is_container_liveness_probe": FALSE,
        "proc.is_container_readiness_probe": FALSE}),
}
ROWS["received"] = ('evt.type = recvfrom and evt.buffer contains hello-mark', {
    "evt.buffer": "hello-mark.*", "evt.buflen": "10", "fd.l4proto": "udp", "fd.sockfamily": "ip"})
NEVER = {"evt.latency": "calls are told when they return", "container.info": "deprecated: always empty",
         "container.image.digest": "the image of this test was loaded from a file, not pulled"}  # fields that have no value by design
TALK = """
#include <netinet/in.h>
#include <sys/socket.h>
int main(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(4446) };
	int s = socket(AF_INET, SOCK_DGRAM, 0);
	char b[64];
	static const char question[] = "\\1\\2\\1\\0\\0\\1\\0\\0\\0\\0\\0\\0\\4mark\\7example\\0\\0\\1\\0\\1";

	bind(s, (struct sockaddr *)&a, sizeof(a));
	sendto(s, "hello-mark", 10, 0, (struct sockaddr *)&a, sizeof(a));
	a.sin_port = htons(53);
	sendto(s, question, sizeof(question) - 1, 0, (struct sockaddr *)&a, sizeof(a));
	return recvfrom(s, b, sizeof(b), 0, 0, 0) != 10;
}
"""


def rule(name, condition, fields):
    shown = "@@".join(f"{f}=%{f}" for f in fields)
    return {"rule": name, "desc": name, "condition": f"container.name = fields-subject and {condition}", "output": shown,
            "priority": "NOTICE"}


@pytest.fixture(scope="module")
def stage(module_skep, shared, tmp_path_factory):
    """{row: {field: every value it had}}, and the agent's alerts"""
    need_root()
    folder = tmp_path_factory.mktemp("fields")
    mnt = folder / "mnt"
    mnt.mkdir()
    (folder / "talk.c").write_text(TALK)
    subprocess.run(["gcc", "-static", "-o", mnt / "talk", folder / "talk.c"], check=True)
    (folder / "rules.yaml").write_text(json.dumps([rule(name, *row) for name, row in ROWS.items()]))
    alerts = folder / "alerts.json"
    with RunningEngine(folder / "e", storage="overlay2") as engine:
        engine.load(shared / "rootfs" / "alpine-310-docker-save.tar.gz")
        agent = Process([module_skep.binary, "agent", "run", "-f", "none", "-r", str(folder / "rules.yaml"), "--engine", engine.host,
                         "--engine-data", str(engine.folder / "data"), "--all-rules", "--no-folding", "--usage-interval", "1s",
                         "--alert-file", str(alerts), "--spool", str(folder / "spool")], folder / "agent.log", env=module_skep.env)
        with agent:
            agent.wait_for(lambda: "watching" in (folder / "agent.log").read_text(), 90)
            act(engine, mnt)
            until(lambda: alerts.exists() and {json.loads(a)["rule"] for a in whole_lines(alerts)} >= ROWS.keys())
            engine.remove("fields-subject")
            engine.remove("fields-pod")
    told = {}
    for line in whole_lines(alerts):
        a = json.loads(line)
        if a["rule"] in ROWS:
            told.setdefault(a["rule"], []).append(dict(part.split("=", 1) for part in a["message"].split("@@")))
    return told, (folder / "agent.log").read_text()


def execute(engine, *command):
    """docker exec, as kubelet's probes come."""
    made = engine.json("POST", "/containers/fields-subject/exec", {"Cmd": command})
    engine.json("POST", f"/exec/{made['Id']}/start", {"Detach": True})


def act(engine, mnt):
    pod = {**POD, "io.kubernetes.docker.type": "podsandbox", "io.kubernetes.container.name": "POD", "app": "shop",
           "pod-template-hash": "5d4f8c7b9c"}
    sandbox = engine.run("fields-pod", Labels=pod)
    engine.run("fields-subject", command=("sh", "-c", SCRIPT), User="0:0", Hostname="box", Env=["TEAM=blue"],
               Labels={**POD, "io.kubernetes.container.name": "app", "io.kubernetes.sandbox.id": sandbox, "team": "blue",
                       "io.kubernetes.container.last-applied-config": json.dumps(SPEC)},
               Healthcheck={"Test": ["CMD-SHELL", "true healthy-mark"], "Interval": 10**9},
               host={"Binds": [f"{mnt}:/mnt:ro"]})
    execute(engine, "touch", "/tmp/ready")
    execute(engine, "cat", "/tmp/alive")
    execute(engine, "sh", "-c", "cat /tmp/ready; true")
    execute(engine, "sh", "-c", "cat /dev/null mark-entered; true")


@pytest.mark.parametrize("row", ROWS)
def test_every_field_has_its_value(stage, row):
    told, log = stage
    assert row in told, log
    wrong = {}
    for field, pattern in ROWS[row][1].items():
        values = {t[field] for t in told[row]}
        if not any(re.fullmatch(pattern, v, re.S) for v in values):
            wrong[field] = (pattern, values)
    assert not wrong, told[row][0]


def names_of(skep):
    return re.findall(r"^\| `([a-z0-9_.]+)", skep.run("rule", "fields", "--md", "--lang", "en").out, re.M)


def test_each_says_when_it_is_unknown(skep):
    listed = json.loads(skep.run("rule", "fields", "--json").stdout)
    assert {f["name"] for f in listed} == set(names_of(skep))
    assert all(f["unknownWhen"] and f["unknownWhenZh"] for f in listed)
    when = {f["name"]: f["unknownWhen"] for f in listed}
    assert when["evt.type"] == "never" and "labels" in when["k8s.pod.owner"]
    assert "| UNKNOWN when |" in skep.run("rule", "fields", "--md", "--lang", "en").out


def test_no_field_is_left_out(skep):
    covered = {f.split("[")[0] for _, fields in ROWS.values() for f in fields}
    assert set(names_of(skep)) == covered | NEVER.keys()
