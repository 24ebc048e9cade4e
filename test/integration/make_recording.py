#!/usr/bin/python3
"""Makes test/rules/recorded.records anew: what the kernel tells of one container of dockerd's in which somebody misbehaves.

    python3 test/integration/make_recording.py      as root; needs ../shared's alpine image and a build

test/unit/test_replay.c replays it and names the rules that must tell of it."""
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from conftest import BUILD, SHARED, SOURCE
from containers import RunningEngine
from services import Process

SECONDS = 14

# Harmless, and each of it what some rule asks for; the names in /tmp are hostile to whoever writes or reads them.
ACTIONS = r"""
cat /etc/shadow >/dev/null
cp /bin/busybox /tmp/dropped; /tmp/dropped true
chmod u+s /tmp/dropped
mkdir /tmp/.hid; ln -s /etc/shadow /tmp/l
odd="/tmp/$(printf 'a\nb\033[31m\377\342\200\256c')"
cp /bin/busybox "$odd"; "$odd" true "$(printf 'x\ny\377')"
echo '* * * * * x' >>/etc/crontabs/root
(nc -w1 127.0.0.1 9; wget -q -O- http://127.0.0.1:9/x) 2>/dev/null
sh -c 'id; uname -a; whoami' >/dev/null
rm -f /root/.ash_history /tmp/l; mv /tmp/.hid /tmp/hid
find / -name id_rsa -maxdepth 2
cat /proc/1/environ >/dev/null
echo dGVzdA== | base64 -d >/dev/null
(sh -c 'sleep 1; true' &)
sleep 300
"""


def main():
    records = SOURCE / "test" / "rules" / "recorded.records"
    rules = sorted((SOURCE / "content" / "rules").glob("*.yaml"))
    with tempfile.TemporaryDirectory(prefix="skep-record-") as folder:
        folder = pathlib.Path(folder)
        with RunningEngine(folder / "e") as engine:
            engine.load(SHARED / "data" / "rootfs" / "alpine-310-docker-save.tar.gz")
            log = folder / "log"
            recorder = Process([BUILD / "test" / "integration" / "watch_record", str(SECONDS), engine.host,
                                engine.folder / "data", records, *rules], log)
            with recorder:
                recorder.wait_for(lambda: "recording" in log.read_text(), 60)
                engine.run("shop", command=("sh", "-c", ACTIONS))
                time.sleep(4)
                line = f"docker -H {engine.host} exec -it shop sh -c 'exit 0'"
                subprocess.run(["script", "-qec", line, "/dev/null"], stdin=subprocess.DEVNULL, capture_output=True,
                               timeout=60, check=True)
                recorder.child.wait(60)
            engine.remove("shop")
    print(f"{records}: {os.path.getsize(records)} bytes")


if __name__ == "__main__":
    sys.exit(main())
