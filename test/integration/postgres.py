"""A PostgreSQL that tests start for themselves."""
import pathlib
import re
import shutil
import subprocess
import tempfile

import pytest

from services import free_port, need_root

# The newest there is; Debian keeps them outside PATH.
BIN = max(pathlib.Path("/usr/lib/postgresql").glob("*/bin"), key=lambda p: int(p.parent.name), default=None)


MEMORY = pathlib.Path("/dev/shm")
ROOM = 8 << 30


def in_memory():
    """A place there, when there is plenty: a database is a thousand files, and tests make hundreds of them; else None."""
    available = re.search(r"MemAvailable:\s+(\d+) kB", pathlib.Path("/proc/meminfo").read_text())
    roomy = MEMORY.is_mount() and shutil.disk_usage(MEMORY).free > ROOM and available and int(available[1]) << 10 > ROOM
    return MEMORY if roomy else None


class Postgres:
    """A server of its own, as the user postgres, reached by a socket in its folder and by TCP. `durable`: as in earnest, for figures;
    `memory`: its files are in memory, where there is plenty.

    Its folder is not one of pytest's: those are closed to all but root whenever another run of pytest begins."""

    def __init__(self, durable=False, memory=False):
        if not BIN:
            pytest.skip("postgresql is not installed")
        need_root()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="skep-postgres-", dir=in_memory() if memory else None))
        self.settings = "" if durable else " -c fsync=off -c max_wal_size=128MB"
        shutil.chown(self.folder, "postgres", "postgres")
        self.port = free_port()
        self.run("initdb", "-D", self.folder / "data", "-A", "trust", "-U", "me", "-E", "UTF8", "--no-sync")
        self.databases = 0
        self.start()
        self.url = self.new_database()

    def new_database(self):
        """An empty database's URL."""
        self.databases += 1
        name = f"skep{self.databases}"
        self.run("createdb", "-h", "127.0.0.1", "-p", self.port, "-U", "me", "-E", "UTF8", "-T", "template0", name)
        return f"postgresql://me@127.0.0.1:{self.port}/{name}"

    def run(self, program, *args):
        # Not to a pipe: the server would hold it.
        with (self.folder / "said").open("ab") as said:
            p = subprocess.run(["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups", f"{BIN}/{program}", *map(str, args)],
                               stdin=subprocess.DEVNULL, stdout=said, stderr=said, cwd=self.folder)
        assert p.returncode == 0, (self.folder / "said").read_text()[-2000:]

    def start(self):
        self.run("pg_ctl", "-D", self.folder / "data", "-l", self.folder / "log", "-w", "-o",
                 f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1{self.settings}", "start")

    def stop(self):
        self.run("pg_ctl", "-D", self.folder / "data", "-m", "immediate", "-w", "stop")

    def end(self):
        """For good, also where it was stopped before."""
        pid = self.folder / "data" / "postmaster.pid"
        if pid.exists():
            self.stop()
        shutil.rmtree(self.folder)
