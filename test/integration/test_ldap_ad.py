"""Signing in by Active Directory: a domain of Samba's, made for the test, on this host's loopback. Long: SKEP_LONG=1, as root, with samba,
samba-dsdb-modules, samba-ad-provision and winbind installed."""
import json
import socket
import subprocess

import pytest

from conftest import BUILD
from services import Certificates, Process, listening, need, need_root

BASE, PASSWORD = "DC=corp,DC=example", "Alice-horse-7-battery"


class Domain:
    """Samba's domain controller, its LDAP alone, everything in a folder."""

    def __init__(self, folder):
        need("samba-tool", "openssl")
        need_root()
        for port in (389, 636):
            with socket.socket() as s:
                s.bind(("127.0.0.1", port))
        self.certificates, self.folder = Certificates(folder), folder / "dc"
        tls = {"tls enabled": "yes", "tls keyfile": self.certificates.key, "tls certfile": self.certificates.cert, "tls cafile": self.certificates.ca}
        self.certificates.key.chmod(0o600)
        self.conf = self.folder / "etc" / "smb.conf"
        subprocess.run(["samba-tool", "domain", "provision", "--realm=CORP.EXAMPLE", "--domain=CORP", "--adminpass=Adm1n-horse-7",
                        "--server-role=dc", "--dns-backend=NONE", "--host-name=dc1", "--host-ip=127.0.0.1", f"--targetdir={self.folder}",
                        "--option=interfaces=127.0.0.1/8", "--option=bind interfaces only=yes", "--option=server services=ldap"],
                       check=True, capture_output=True)
        text = self.conf.read_text()
        self.conf.write_text(text.replace("[global]", "[global]\n" + "".join(f"{k} = {v}\n" for k, v in tls.items()), 1))
        for name, password in (("svc", "Svc-horse-7-battery"), ("alice", PASSWORD), ("bob", "Bob-horse-7-battery"), ("eve", "Eve-horse-7-battery")):
            self.tool("user", "create", name, password, "--given-name", name.title(), "--surname", "Liddell", "--userou=CN=Users")
        for group in ("inner", "outer", "others"):
            self.tool("group", "add", group)
        self.tool("group", "addmembers", "inner", "alice,eve")
        self.tool("group", "addmembers", "outer", "inner")
        self.tool("group", "addmembers", "others", "bob")
        self.tool("user", "disable", "eve")
        self.process = Process(["/usr/sbin/samba", "-i", "-M", "single", "-s", str(self.conf), "--debug-stdout"], folder / "log")

    def tool(self, *args):
        subprocess.run(["samba-tool", *args, "-H", str(self.folder / "private" / "sam.ldb"), "-s", str(self.conf)], check=True, capture_output=True)


@pytest.fixture(scope="module")
def domain(tmp_path_factory):
    d = Domain(tmp_path_factory.mktemp("ad"))
    with d.process:
        d.process.wait_for(lambda: listening(389, 636))
        yield d


@pytest.fixture
def sign_in(domain, tmp_path):
    (tmp_path / "store").mkdir()
    secret = tmp_path / "secret"
    secret.write_text("Svc-horse-7-battery\n")
    config = tmp_path / "sign-in.yaml"

    def ask(name, password, roles=None, **settings):
        ldap = {"url": "ldaps://127.0.0.1:636", "ca": str(domain.certificates.ca), "base": BASE, "bindDn": f"CN=Svc Liddell,CN=Users,{BASE}",
                "bindPasswordFile": str(secret), "filter": "(|(sAMAccountName=%s)(userPrincipalName=%s))", "subjectAttribute": "objectGUID",
                "displayAttribute": "displayName", "groupBase": BASE, "groupFilter": "(member:1.2.840.113556.1.4.1941:=%s)", "timeout": 10, **settings}
        config.write_text(json.dumps({"ldap": {k: v for k, v in ldap.items() if v is not None},
                                      "roles": roles or {"security-operator": [f"CN=outer,CN=Users,{BASE}"]}}))
        p = subprocess.run([BUILD / "test/integration/access_probe", tmp_path / "store", config, "name", name, password],
                           capture_output=True, text=True, timeout=60, check=True)
        assert password not in p.stdout + p.stderr or not password
        return json.loads(p.stdout)
    return ask


@pytest.mark.parametrize("name", ["alice", "ALICE", "alice@corp.example"])
@pytest.mark.parametrize("url", ["ldaps://127.0.0.1:636", "ldap://127.0.0.1:389"])
def test_a_member_of_a_group_in_a_group_signs_in(sign_in, name, url):
    said = sign_in(name, PASSWORD, url=url)
    assert said.get("error") is None, said
    assert said["display"] == "Alice Liddell" and said["source"] == "ldap" and "alerts.triage" in said["permissions"]
    assert len(said["subject"]) == 32, "objectGUID in hexadecimal"


def test_whoever_it_is_called_it_is_one_user(sign_in):
    first, second = sign_in("alice", PASSWORD), sign_in("alice@corp.example", PASSWORD)
    assert first["subject"] == second["subject"]


def test_groups_in_groups_count_only_where_they_are_looked_for(sign_in):
    assert sign_in("alice", PASSWORD, groupBase=None, groupFilter=None).get("error") == "EACCES"
    said = sign_in("alice", PASSWORD, {"auditor": [f"CN=inner,CN=Users,{BASE}"]}, groupBase=None, groupFilter=None)
    assert "audit.read" in said["permissions"]


@pytest.mark.parametrize("name, password", [("alice", "wrong-horse-7"), ("alice", ""), ("bob", "Bob-horse-7-battery"), ("eve", "Eve-horse-7-battery"),
                                            ("nobody", PASSWORD), ("*", PASSWORD), ("alice*", PASSWORD), ("CORP\\alice", PASSWORD)])
def test_nobody_else_gets_in(sign_in, name, password):
    """A wrong password, one in no group of ours, one who is disabled, and those who are nobody."""
    said = sign_in(name, password)
    assert said["error"] == "EACCES" and said["message"] == "the name or the password is wrong", said


def test_the_certificate_is_checked(sign_in, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    said = sign_in("alice", PASSWORD, ca=str(Certificates(other).ca))
    assert said["error"] == "EPROTO" and "certificate" in said["message"], said


def test_active_directory_wants_tls_and_we_send_nothing_without(sign_in):
    said = sign_in("alice", PASSWORD, url="ldap://127.0.0.1:389", clear=True)
    assert said["error"] in ("EPROTO", "EPERM", "EACCES"), said
