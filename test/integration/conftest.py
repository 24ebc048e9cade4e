"""What every integration test shares: the programs under test, the shared data, and temporary state of its own."""
import json
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

SOURCE = pathlib.Path(os.environ.get("SKEP_SOURCE_DIR", pathlib.Path(__file__).parents[2])).resolve()
SHARED = pathlib.Path(os.environ.get("SKEP_SHARED_DIR", SOURCE.parent / "shared")).resolve()
sys.path.insert(0, str(SOURCE / "test" / "vm"))
BUILD = pathlib.Path(os.environ.get("SKEP_BUILD_DIR", SOURCE / "build")).resolve()


# All rules under emulated kernels take minutes, thousands of containers half an hour: `make check-long` tries them.
collect_ignore = [] if os.environ.get("SKEP_LONG") else ["test_rules_vm.py", "test_load_long.py", "test_ldap_ad.py", "test_old_agents.py"]


class Skep:
    """Runs build/bin/skep with a cache, a database folder and a home of its own."""

    def __init__(self, home):
        self.binary = os.environ.get("SKEP_BIN", str(BUILD / "bin" / "skep"))
        self.home = home
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("SKEP_", "XDG_", "LC_", "DOCKER_"))}
        self.env.update(HOME=str(home), XDG_CACHE_HOME=str(home / "cache"), XDG_DATA_HOME=str(home / "data"),
                        XDG_CONFIG_HOME=str(home / "config"), LANG="C.UTF-8")

    def run(self, *args, env=None, timeout=300, check=None, **kw):
        """One run; `check` names the exit codes that are fine (None: any)."""
        p = subprocess.run([self.binary, *map(str, args)], env={**self.env, **(env or {})}, capture_output=True,
                           timeout=timeout, stdin=subprocess.DEVNULL, **kw)
        p.out, p.err = p.stdout.decode("utf-8", "replace"), p.stderr.decode("utf-8", "replace")
        if check is not None:
            codes = check if isinstance(check, (tuple, list, set)) else (check,)
            assert p.returncode in codes, f"exit {p.returncode}, want {codes}\n{p.args}\n{p.err[-3000:]}{p.out[-2000:]}"
        return p

    def report(self, *args, check=(0, 5, 6), **kw):
        """The JSON report of a scan command; 5: the database knows nothing of the distribution."""
        return json.loads(self.run(*args, "-f", "json", check=check, **kw).stdout)


@pytest.fixture
def skep(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    return Skep(home)


@pytest.fixture(scope="module")
def module_skep(tmp_path_factory):
    return Skep(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="session")
def shared():
    if not (SHARED / "data").is_dir():
        pytest.skip("shared data is not beside the source tree")
    return SHARED / "data"


@pytest.fixture(scope="session")
def archive(shared):
    """A real image as `docker save` wrote it."""
    return shared / "rootfs" / "alpine-310-docker-save.tar.gz"


@pytest.fixture(scope="session")
def database(tmp_path_factory, shared):
    """A database built from the shared feeds by `skep db build`, once for all tests."""
    home = tmp_path_factory.mktemp("db-home")
    path = home / "test.skdb"
    feeds = [f"--from={archive}" for archive in sorted((shared / "vulndb").iterdir()) if "fixtures" not in archive.name]
    Skep(home).run("db", "build", *feeds, "--output", path, check=0, timeout=900)
    return path


@pytest.fixture(scope="session")
def image(archive):
    """The same, in pieces a registry can be given."""
    from services import Image
    return Image.from_docker_save(archive)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    from services import Certificates, need
    need("openssl")
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture
def console(tmp_path, new_database):
    """One for each test, on SQLite and on PostgreSQL."""
    from consoles import Console
    folder = tmp_path / "console"
    folder.mkdir()
    with Console(folder, database=new_database()) as c:
        yield c


@pytest.fixture(scope="session")
def source_dir():
    return SOURCE


@pytest.fixture(scope="session")
def build_dir():
    return BUILD


@pytest.fixture(scope="session")
def postgres_server():
    """One for all tests that do nothing to it but make databases."""
    from postgres import Postgres
    server = Postgres(memory=True)
    yield server
    server.end()


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def new_database(request):
    """Makes what a console is to be given as its database: None for SQLite in its own folder, or the URL of an empty one. What uses
    it runs on both."""
    return request.getfixturevalue("postgres_server").new_database if request.param == "postgres" else lambda: None


@pytest.fixture(scope="session", params=["6.1", "6.12"])
def vm_kernel(request):
    """Each of Debian's cloud kernels in turn; see test/vm/vm.py."""
    import kernels
    if not shutil.which("qemu-system-x86_64"):
        pytest.skip("qemu-system-x86_64 is not installed")
    try:
        return kernels.get(request.param)
    except kernels.Unavailable as e:
        pytest.skip(f"no {request.param} kernel: {e}")
