"""Ordinary workloads in real containers: the rules that ship raise nothing at WARNING or above.

Programs come from this host's /usr, mounted read-only, or from Debian's own image where the workload changes it.
"""
import shutil
import subprocess
import time

import pytest

from containers import RunningEngine
from rule_stage import Agent, Docker, debian
from services import need, need_root

IMAGE = "skep-quiet:1"
HOST = ["-v", "/usr:/usr:ro", "-v", "/etc/alternatives:/etc/alternatives:ro"]
INTERVAL = 2
LOUD = {"EMERGENCY", "ALERT", "CRITICAL", "ERROR", "WARNING"}
POSTGRES = "/usr/lib/postgresql/15/bin"

NGINX = """set -e
mkdir -p /srv/web /var/log/nginx /var/lib/nginx && echo hello >/srv/web/index.html
cat >/srv/nginx.conf <<X
worker_processes 2; pid /srv/nginx.pid; error_log /var/log/nginx/error.log;
events { worker_connections 256; }
http { access_log /var/log/nginx/access.log; server { listen 127.0.0.1:8080; root /srv/web; } }
X
/usr/sbin/nginx -c /srv/nginx.conf
i=0; while [ $i -lt 40 ]; do curl -fs http://127.0.0.1:8080/ >/dev/null; i=$((i+1)); done
/usr/sbin/nginx -c /srv/nginx.conf -s reload; sleep 1
mv /var/log/nginx/access.log /var/log/nginx/access.log.1; /usr/sbin/nginx -c /srv/nginx.conf -s reopen
curl -fs http://127.0.0.1:8080/; /usr/sbin/nginx -c /srv/nginx.conf -s quit"""

REDIS = """set -e
mkdir -p /data; cd /data
redis-server --daemonize yes --save 1 1 --appendonly yes --logfile /data/log >/dev/null
until redis-cli ping >/dev/null 2>&1; do sleep 0.1; done
redis-benchmark -q -n 20000 -c 20 -t set,get,lpush; redis-cli bgsave; redis-cli bgrewriteaof; sleep 1
redis-cli info server | head -3; redis-cli shutdown"""

POSTGRES_SCRIPT = f"""set -e
export PATH={POSTGRES}:$PATH PGHOST=/tmp
initdb -D /data/db -A trust -U me >/dev/null
pg_ctl -D /data/db -o '-k /tmp -h 127.0.0.1' -l /data/log -w start
psql -U me -d postgres -c 'create table t (n int); insert into t select generate_series(1, 10000); analyze t'
pgbench -i -U me postgres >/dev/null 2>&1; pgbench -U me -c 4 -t 50 postgres
pg_dump -U me postgres | head -3; psql -U me -d postgres -c 'vacuum'
pg_ctl -D /data/db -w stop"""

COMPILER = """set -e
mkdir /srv/p; cd /srv/p
printf '#include <stdio.h>\\nint twice(int);\\nint main(void) { printf("%d\\\\n", twice(21)); return 0; }\\n' >main.c
printf 'int twice(int n) { return 2 * n; }\\n' >twice.c
printf 'all: prog\\nprog: main.o twice.o\\n\\tgcc -o $@ $^\\ncheck: prog\\n\\t./prog\\nclean:\\n\\trm -f *.o prog\\n' >Makefile
make -j2 CC=gcc; make check; make clean; make -j2 CC=gcc CFLAGS=-O2"""

NODE = """set -e
mkdir -p /srv/app; cd /srv/app
echo '{"name":"app","version":"1.0.0","scripts":{"build":"node build.js","test":"node app.js"}}' >package.json
echo 'require("fs").writeFileSync("/srv/app/built.json", JSON.stringify({ok: 1}))' >build.js
cat >app.js <<X
const http = require("http"), fs = require("fs"), zlib = require("zlib");
const s = http.createServer((q, a) => a.end(zlib.gzipSync(fs.readFileSync("built.json"))));
s.listen(0, "127.0.0.1", () => http.get({ port: s.address().port }, a => { a.resume(); a.on("end", () => s.close()); }));
X
npm run build --offline; npm test --offline"""

PYTHON = """set -e
mkdir -p /srv/py/pkg; cd /srv/py; echo 'def f(): return 1' >pkg/__init__.py
cat >main.py <<X
import json, sqlite3, subprocess, tempfile, threading, urllib.request, http.server, pkg, multiprocessing
db = sqlite3.connect("/srv/py/data.db"); db.execute("create table t (a)"); db.execute("insert into t values (1)"); db.commit()
s = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
threading.Thread(target=s.serve_forever, daemon=True).start()
for i in range(20):
    urllib.request.urlopen(f"http://127.0.0.1:{s.server_port}/main.py").read()
with tempfile.TemporaryDirectory() as d:
    open(d + "/x.json", "w").write(json.dumps({"a": 1}))
print(subprocess.run(["date"], capture_output=True).returncode, sum(multiprocessing.Pool(2).map(abs, range(10))))
X
/usr/bin/python3 main.py; /usr/bin/python3 -m compileall -q pkg"""

SHELL = """set -e
umask 022; mkdir -p /data/in /data/out
for i in 1 2 3 4 5 6 7 8; do head -c 10000 /dev/urandom | base64 >/data/in/$i.txt; done
find /data/in -name '*.txt' | sort | xargs sha256sum >/data/sums; sha256sum -c --quiet /data/sums
tar -czf /data/out/all.tgz -C /data in; tar -tzf /data/out/all.tgz | wc -l
sed -i 's/a/b/g' /data/in/1.txt; grep -c b /data/in/1.txt; chmod 640 /data/in/2.txt; chown 1000:1000 /data/in/2.txt
cp -a /data/in /data/copy; mv /data/copy/1.txt /data/copy/one.txt; rm -r /data/copy; ln -s in /data/link; date; id; env >/dev/null"""

APT = """set -e
apt-get install -y /pkg/greet.deb; greet; dpkg -s greet | head -2; dpkg -L greet >/dev/null; apt-get purge -y greet; dpkg --audit"""

# name: (programs wanted, run options, script)
WORKLOADS = {
    "apt": ([], None, APT),
    "nginx": (["/usr/sbin/nginx", "/usr/bin/curl"], [], NGINX),
    "redis": (["/usr/bin/redis-server", "/usr/bin/redis-benchmark"], [], REDIS),
    "postgres": ([f"{POSTGRES}/postgres"], ["-u", "www-data", "--tmpfs", "/data:uid=33"], POSTGRES_SCRIPT),
    "compiler": (["/usr/bin/gcc", "/usr/bin/make"], [], COMPILER),
    "node": (["/usr/bin/node", "/usr/bin/npm"], [], NODE),
    "python": (["/usr/bin/python3"], [], PYTHON),
    "shell": ([], [], SHELL),
}


def package(folder):
    """A small Debian package with a maintainer's script."""
    control = folder / "greet" / "DEBIAN"
    control.mkdir(parents=True)
    (control / "control").write_text("Package: greet\nVersion: 1\nArchitecture: all\nMaintainer: test <test@example.org>\n"
                                     "Description: says hello\n")
    (control / "postinst").write_text("#!/bin/sh\nset -e\nmkdir -p /var/lib/greet; chown root:root /var/lib/greet\n")
    (control / "postinst").chmod(0o755)
    program = folder / "greet" / "usr" / "bin" / "greet"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\necho hello\n")
    program.chmod(0o755)
    subprocess.run(["dpkg-deb", "-b", folder / "greet", folder / "greet.deb"], check=True, capture_output=True)


@pytest.fixture(scope="module")
def stage(tmp_path_factory, shared, module_skep):
    need_root()
    need("docker", "tar", "xz", "dpkg-deb")
    folder = tmp_path_factory.mktemp("quiet")
    package(folder)
    with RunningEngine(folder / "e", storage="overlay2") as engine:
        docker = Docker(engine)
        docker.add_image(debian(folder, shared), IMAGE)
        with Agent(module_skep, engine, folder, INTERVAL) as agent:
            yield docker, agent, folder
            alerts = agent.by_container()
            print_table({name: alerts.get(i, []) for name, i in docker.ids.items()})


def is_loud(alert):
    return alert["priority"].upper() in LOUD


def print_table(alerts):
    print("\nworkload    loud  notice  info")
    for name in WORKLOADS:
        mine = alerts.get(name, [])
        notices = sum(a["priority"].upper() == "NOTICE" for a in mine)
        loud = sum(map(is_loud, mine))
        print(f"{name:10} {loud:5} {notices:7} {len(mine) - loud - notices:5}")


@pytest.mark.parametrize("name", WORKLOADS)
def test_raises_nothing_loud(stage, name):
    docker, agent, folder = stage
    programs, options, script = WORKLOADS[name]
    for p in programs:
        if not shutil.which(p):
            pytest.skip(f"{p} is not installed")
    options = ["-v", f"{folder}:/pkg:ro"] if options is None else [*HOST, *options]
    p = docker("run", "--name", name, "--network", "none", *options, IMAGE, "sh", "-c", script)
    container = docker.remove(name)
    assert p.returncode == 0, p.stdout[-1000:] + p.stderr[-2000:]
    time.sleep(INTERVAL + 0.5)
    loud = [(a["ruleId"], a["message"]) for a in agent.by_container().get(container, []) if is_loud(a)]
    assert not loud
