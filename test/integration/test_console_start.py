"""A console that cannot begin says what is wrong, by the option's name, and what to do next; in the reader's language where it is `skep`."""
import datetime
import os
import pathlib
import re
import signal
import socket
import subprocess

import pytest

from agents import until
from conftest import BUILD
from consoles import Console
from fleet import psql
from services import need, need_root

USAGE, INTERNAL, TARGET = 2, 3, 4  # exit_code.def


def refused(skep, tmp_path, *args, state="state"):
    """@return exit status and the one error it ends with; the same in Chinese must be Chinese, and skep-console end by the same status."""
    args = ["console", "run", "--state", tmp_path / state, "--listen=127.0.0.1:0", *args]
    p = skep.run(*args, timeout=60)
    lines = p.err.splitlines()
    assert p.returncode != 0 and p.err.count("error: ") == 1 and not p.out, p.err
    zh = skep.run("--lang", "zh", *args, timeout=60)
    assert zh.returncode == p.returncode and any("\u4e00" <= c <= "\u9fff" for c in zh.err.split("错误", 1)[1]), zh.err
    alone = subprocess.run([BUILD / "bin" / "skep-console", *map(str, args[2:])], env=skep.env, capture_output=True, text=True, timeout=60,
                           stdin=subprocess.DEVNULL)
    assert alone.returncode == p.returncode, alone
    return p.returncode, lines[-1]


def with_place(url, **parts):
    """The same server by another user, another database or another port."""
    user, rest = url.removeprefix("postgresql://").split("@")
    place, database = rest.split("/")
    port = parts.get("port", place.split(":")[1])
    return f"postgresql://{parts.get('user', user)}@127.0.0.1:{port}/{parts.get('database', database)}"


def test_a_database_that_cannot_be_had(skep, tmp_path, postgres_server):
    url = postgres_server.new_database()
    name = url.rpartition("/")[2]
    for user in ("guest", "locked", "few"):
        psql(url, f"CREATE ROLE {name}_{user} {'NOLOGIN' if user == 'locked' else 'LOGIN'}", ())
    psql(url, f"ALTER ROLE {name}_few CONNECTION LIMIT 2", ())
    few = postgres_server.new_database()
    psql(url, f"ALTER DATABASE {few.rpartition('/')[2]} OWNER TO {name}_few", ())
    fixed = postgres_server.new_database()
    psql(url, f"ALTER DATABASE {fixed.rpartition('/')[2]} SET default_transaction_read_only = on", ())
    closed = socket.socket()  # nobody listens there, and nobody else can
    closed.bind(("127.0.0.1", 0))
    for database, status, advice in (
            (with_place(url, port=closed.getsockname()[1]), TARGET, "see that its server runs and can be reached from here: "),
            (with_place(url, database="absent"), TARGET, "make the user and the database it names (createuser, createdb), or name others: "),
            (with_place(url, user="absent"), TARGET, "make the user and the database it names (createuser, createdb), or name others: "),
            (with_place(url, user=f"{name}_locked"), TARGET, "see that its server lets this user in from here, and by which password: "),
            (with_place(url, user=f"{name}_guest"), INTERNAL, "its user must own the database (ALTER DATABASE ... OWNER TO ...), and its server take changes: "),
            (fixed, INTERNAL, "its user must own the database (ALTER DATABASE ... OWNER TO ...), and its server take changes: "),
            (with_place(few, user=f"{name}_few"), INTERNAL, "see that its server takes more connections (max_connections): ")):
        got, said = refused(skep, tmp_path, "--database", database)
        assert got == status and said.startswith(f"skep: error: --database: {advice}"), said
    closed.close()
    # Where advice was followed it begins.
    psql(url, f"ALTER ROLE {name}_few CONNECTION LIMIT -1", ())
    with Console(tmp_path, database=with_place(few, user=f"{name}_few")) as console:
        assert console.client().get("/readyz").status == 200


@pytest.mark.parametrize("given", ["postgres//me@db.example/skep", "host=db.example dbname=skep", "postgresql:me@db.example/skep", "mysql://db.example/skep", "@empty"])
def test_what_names_no_database_is_no_folder(skep, tmp_path, given):
    """It was one: a console on SQLite, where its operator meant PostgreSQL."""
    (tmp_path / "empty").write_text("")
    given = given.replace("@", f"@{tmp_path}/") if given == "@empty" else given
    before = set(tmp_path.iterdir())
    status, said = refused(skep, tmp_path, "--database", given)
    assert status == USAGE and "--database: give postgresql://USER@HOST:PORT/DATABASE, or for SQLite a folder's path" in said, said
    assert set(tmp_path.iterdir()) == before


def test_no_database_is_sqlite_in_its_folder(tmp_path):
    with Console(tmp_path, "--database", "") as console:
        assert (console.state / "skep.db").exists()


def pair(tmp_path, name, *more):
    need("openssl")
    files = tmp_path / f"{name}.pem", tmp_path / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}",
                    "-out", files[0], "-keyout", files[1], *more], check=True, capture_output=True)
    return files


def test_certificates_that_are_none(skep, tmp_path):
    cert, key = pair(tmp_path, "one")
    _, other = pair(tmp_path, "other")
    sealed = tmp_path / "sealed.key"
    subprocess.run(["openssl", "pkey", "-aes128", "-passout", "pass:x", "-in", key, "-out", sealed], check=True, capture_output=True)
    for args, wrong in ((["--tls-cert", cert], f"--tls-cert '{cert}': no key without a password is in it: name its file by --tls-key"),
                        (["--tls-cert", key], f"--tls-cert '{key}': this is no certificate in PEM"),
                        (["--tls-cert", cert, "--tls-key", other], f"--tls-key '{other}': this is not the key of the certificate in '{cert}'"),
                        (["--tls-cert", cert, "--tls-key", sealed], f"--tls-key '{sealed}': this is no private key in PEM without a password"),
                        (["--tls-cert", cert, "--tls-key", cert], f"--tls-key '{cert}': this is no private key in PEM without a password")):
        assert refused(skep, tmp_path, *args) == (USAGE, f"skep: error: {wrong}")
    both = tmp_path / "both.pem"
    # A bundle with what each certificate says in words before it is longer than certificates are.
    both.write_text("x\n" * 50_000 + cert.read_text() + "x\n" * 50_000 + key.read_text())
    with Console(tmp_path, "--tls-cert", both) as console:
        assert "browsers and agents refuse it" not in console.said()


def test_a_certificate_that_ended_is_told(tmp_path):
    """It is served, as its operator wants, and those who will be refused are told why beforehand."""
    need("openssl")
    _, key = pair(tmp_path, "one")
    now = datetime.datetime.now(datetime.timezone.utc)
    for name, begins, ends, said in (("ended", -20, -10, "ended at "), ("soon", 10, 20, "is good from ")):
        folder = tmp_path / name
        folder.mkdir()
        cert = folder / "c.pem"
        (folder / "index").write_text("")
        (folder / "serial").write_text("01\n")
        (folder / "ca.cnf").write_text(f"[ca]\ndefault_ca=d\n[d]\ndatabase={folder}/index\nserial={folder}/serial\nnew_certs_dir={folder}\n"
                                       "default_md=sha256\npolicy=p\n[p]\ncommonName=supplied\n")
        subprocess.run(["openssl", "req", "-new", "-key", key, "-subj", "/CN=localhost", "-out", folder / "c.csr"], check=True, capture_output=True)
        times = [(now + datetime.timedelta(days=d)).strftime("%Y%m%d%H%M%SZ") for d in (begins, ends)]
        subprocess.run(["openssl", "ca", "-batch", "-selfsign", "-config", folder / "ca.cnf", "-keyfile", key, "-in", folder / "c.csr", "-out", cert,
                        "-notext", "-startdate", times[0], "-enddate", times[1]], check=True, capture_output=True)
        with Console(folder, "--tls-cert", cert, "--tls-key", key) as console:
            assert f"the certificate in '{cert}' {said}" in console.said() and console.client().get("/healthz").status == 200


def test_a_folder_it_may_not_write(skep, tmp_path):
    need_root()
    need("setpriv")
    # Not one that an option names: those are looked at before. As whom nothing belongs to: nobody has the folder where `skep up` ran.
    p = subprocess.run(["setpriv", "--reuid=54321", "--regid=54321", "--clear-groups", skep.binary, "console", "run", "--listen=127.0.0.1:0"],
                       capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL, env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}, cwd="/")
    assert p.returncode in (INTERNAL, TARGET) and p.stderr.startswith("skep: error: --state: name a folder that can be written: "), p.stderr
    assert "/var/lib/skep" in p.stderr


@pytest.mark.parametrize("size_k", [32, 96, 600])
def test_a_full_disk(skep, tmp_path, size_k):
    """Whatever it was at: the secrets, the tables, the first account. With room it begins as if nothing had been."""
    need_root()
    need("mount")
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size_k}k", "none", disk], check=True)
    try:
        status, said = refused(skep, disk)
        assert status == INTERNAL and said.startswith(f"skep: error: make room in '{disk}/state': "), said
        subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)
        with Console(disk) as console:
            admin = console.admin()
            assert admin.get("/api/v1/session").status == 200 and console.client().get("/readyz").status == 200
    finally:
        subprocess.run(["umount", "-l", disk], check=False)


def test_the_units_try_again_what_may_get_better(tmp_path, source_dir, build_dir):
    """A database that is away for long, for as long; wrong usage not at all."""
    for name in ("skep-console", "skep-agent"):
        unit = (source_dir / f"dist/systemd/{name}.service").read_text()
        assert re.search(r"^Restart=on-failure$", unit, re.M) and re.search(rf"^RestartPreventExitStatus={USAGE}$", unit, re.M)
        p = subprocess.run([build_dir / "bin" / name, "--state", "", "--listen", "bad"] if name == "skep-console" else
                           [build_dir / "bin" / name, "--control=", "--metrics", "bad"], capture_output=True, timeout=60)
        assert p.returncode == USAGE, p.stderr
    unit = (source_dir / "dist/systemd/skep-console.service").read_text()
    assert re.search(r"^StartLimitIntervalSec=0$", unit.partition("[Service]")[0], re.M)
    need("systemd-analyze")
    file = tmp_path / "skep-console.service"
    file.write_text(unit.replace("@bindir@", str(build_dir / "bin")))
    p = subprocess.run(["systemd-analyze", "verify", "--man=no", file], capture_output=True, text=True, timeout=60)
    assert p.returncode == 0 and "skep-console.service" not in p.stderr, p.stderr


@pytest.mark.parametrize("listen,warned", [("127.0.0.1:0", False), ("0.0.0.0:0", True)])
def test_a_console_without_tls_that_others_reach_says_so(tmp_path, listen, warned):
    with Console(tmp_path, "--plain", listen=listen) as c:
        assert ("other hosts reach it: passwords go over the network in the clear" in c.said()) == warned, c.said()


def state(pid):
    return re.search(r"^State:\t(\w)", pathlib.Path(f"/proc/{pid}/status").read_text(), re.M)[1]


def test_an_end_asked_of_every_process_at_once_is_no_fault(tmp_path):
    """As systemd and `timeout` ask: the parts may be gone before the console looks."""
    with Console(tmp_path) as c:
        pid = c.process.pid
        os.kill(pid, signal.SIGSTOP)
        assert until(lambda: state(pid) == "T")
        parts = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        assert parts
        for part in map(int, parts):
            os.kill(part, signal.SIGTERM)
        assert until(lambda: all(state(part) == "Z" for part in parts))
        os.kill(pid, signal.SIGTERM)
        os.kill(pid, signal.SIGCONT)
        assert c.process.wait(60) == 0
    assert "start the console anew" not in c.said(), c.said()
