"""Signing in by a real slapd: StartTLS and LDAPS with the certificate checked, groups to roles, and what must not work."""
import json
import socket
import subprocess
import threading

import pytest

from conftest import BUILD
from services import Certificates, Process, free_port, listening, need

BASE = "dc=example,dc=com"
CONFIG = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
moduleload memberof
pidfile {folder}/slapd.pid
TLSCACertificateFile {ca}
TLSCertificateFile {cert}
TLSCertificateKeyFile {key}
security simple_bind={ssf}
database mdb
suffix "{base}"
directory {folder}/data
rootdn "cn=root,{base}"
rootpw rootpw
overlay memberof
referral ldap://127.0.0.1:1/
access to attrs=userPassword by anonymous auth by * none
access to * by dn.exact="cn=skep,{base}" read by * none
"""
PEOPLE = f"""
dn: {BASE}
objectClass: dcObject
objectClass: organization
o: Example
dc: example

dn: cn=skep,{BASE}
objectClass: organizationalRole
objectClass: simpleSecurityObject
cn: skep
userPassword: service-secret

dn: ou=people,{BASE}
objectClass: organizationalUnit
ou: people

dn: uid=alice,ou=people,{BASE}
objectClass: inetOrgPerson
uid: alice
cn: Alice Liddell
sn: Liddell
userPassword: alice-secret
memberOf: cn=seclab,ou=groups,{BASE}

dn: uid=bob,ou=people,{BASE}
objectClass: inetOrgPerson
uid: bob
cn: Bob
sn: B
userPassword: bob-secret

dn: uid=admin,ou=people,{BASE}
objectClass: inetOrgPerson
uid: admin
cn: not ours
sn: A
userPassword: admin-secret

dn: cn=twin,ou=people,{BASE}
objectClass: inetOrgPerson
uid: twin
cn: twin
sn: 1
userPassword: twin-secret

dn: cn=twin2,ou=people,{BASE}
objectClass: inetOrgPerson
uid: twin
cn: twin2
sn: 2
userPassword: twin-secret

dn: ou=groups,{BASE}
objectClass: organizationalUnit
ou: groups

dn: cn=seclab,ou=groups,{BASE}
objectClass: groupOfNames
cn: seclab
member: uid=alice,ou=people,{BASE}
member: uid=admin,ou=people,{BASE}
member: cn=twin,ou=people,{BASE}

dn: cn=others,ou=groups,{BASE}
objectClass: groupOfNames
cn: others
member: uid=bob,ou=people,{BASE}
"""


class Directory:
    def __init__(self, folder, ssf=1):
        need("slapd", "slapadd", "openssl")
        self.folder = folder
        (folder / "data").mkdir(parents=True)
        self.certificates = Certificates(folder)
        self.plain, self.tls = free_port(), free_port()
        conf = folder / "slapd.conf"
        conf.write_text(CONFIG.format(folder=folder, base=BASE, ssf=ssf, ca=self.certificates.ca, cert=self.certificates.cert,
                                      key=self.certificates.key))
        ldif = folder / "people.ldif"
        ldif.write_text(PEOPLE.lstrip())
        subprocess.run(["slapadd", "-f", conf, "-l", ldif], check=True, capture_output=True)
        places = " ".join(f"ldap://{a}:{self.plain} ldaps://{a}:{self.tls}" for a in ("127.0.0.1", "127.0.0.2"))
        self.process = Process(["slapd", "-d", "0", "-f", str(conf), "-h", places], folder / "log")


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    d = Directory(tmp_path_factory.mktemp("slapd"))
    with d.process:
        d.process.wait_for(lambda: listening(d.plain, d.tls))
        yield d


class Access:
    """A store of its own, and what access_probe says."""

    def __init__(self, folder, directory, **settings):
        self.folder = folder
        (folder / "store").mkdir()
        secret = folder / "secret"
        secret.write_text("service-secret\n")
        self.ldap = {"url": f"ldaps://127.0.0.1:{directory.tls}", "ca": str(directory.certificates.ca), "base": f"ou=people,{BASE}",
                     "bindDn": f"cn=skep,{BASE}", "bindPasswordFile": str(secret), "timeout": 5, **settings}
        self.roles = {"security-operator": [f"cn=seclab,ou=groups,{BASE}"]}

    def sign_in(self, name, password):
        config = self.folder / "sign-in.yaml"
        config.write_text(json.dumps({"ldap": {k: v for k, v in self.ldap.items() if v is not None}, "roles": self.roles}))
        p = subprocess.run([BUILD / "test/integration/access_probe", self.folder / "store", config, "name", name, password],
                           capture_output=True, text=True, timeout=60, check=True)
        said = json.loads(p.stdout)
        for secret in ("service-secret", "alice-secret", password):
            assert len(secret) < 5 or secret not in p.stdout + p.stderr
        return said


@pytest.fixture
def access(tmp_path, directory):
    return lambda **settings: Access(tmp_path, directory, **settings)


@pytest.mark.parametrize("scheme", ["ldaps", "starttls"])
def test_a_member_signs_in_and_holds_the_role_of_the_group(access, directory, scheme):
    a = access()
    if scheme == "starttls":
        a.ldap["url"] = f"ldap://127.0.0.1:{directory.plain}"
    said = a.sign_in("Alice", "alice-secret")
    assert said.get("error") is None, said
    assert said["name"] == "alice" and said["display"] == "Alice Liddell" and said["source"] == "ldap"
    assert len(said["subject"]) == 36
    assert "alerts.triage" in said["permissions"] and "users.write" not in said["permissions"]
    # The same person again is the same user, with what the groups say now.
    a.roles = {"security-operator": [], "auditor": [f"CN=SecLab,ou=groups,{BASE}"]}
    assert "audit.read" in a.sign_in("alice", "alice-secret")["permissions"]


def test_groups_are_also_found_by_looking_for_them(access):
    a = access(memberAttribute="description", groupBase=f"ou=groups,{BASE}")
    assert "alerts.triage" in a.sign_in("alice", "alice-secret")["permissions"]


@pytest.mark.parametrize("name, password", [
    ("alice", "Wr0ng-secret"), ("alice", ""), ("nobody", "alice-secret"), ("*", "alice-secret"), ("ali*", "alice-secret"),
    ("alice)(uid=*", "alice-secret"), ("twin", "twin-secret"), ("bob", "bob-secret"), (f"uid=alice,ou=people,{BASE}", "alice-secret"),
    ("alice\\2a", "alice-secret"), ("", "alice-secret")])
def test_nobody_else_gets_in(access, name, password):
    said = access().sign_in(name, password)
    assert said["error"] == "EACCES" and said["message"] == "the name or the password is wrong"


@pytest.mark.parametrize("wrong", ["ca", "name"])
@pytest.mark.parametrize("scheme", ["ldaps", "starttls"])
def test_a_certificate_that_is_not_trusted_is_refused(access, directory, tmp_path, wrong, scheme):
    host = "127.0.0.1" if wrong == "ca" else "127.0.0.2"  # nobody certified the second
    url = f"ldaps://{host}:{directory.tls}" if scheme == "ldaps" else f"ldap://{host}:{directory.plain}"
    other = tmp_path / "other"
    other.mkdir()
    a = access(url=url, **({"ca": str(Certificates(other).ca)} if wrong == "ca" else {}))
    said = a.sign_in("alice", "alice-secret")
    assert said["error"] == "EPROTO" and "certificate" in said["message"], said


def test_nothing_is_sent_in_the_clear_unless_asked_for(access, directory):
    a = access(url=f"ldap://127.0.0.1:{directory.plain}", clear=True)
    said = a.sign_in("alice", "alice-secret")
    assert said["error"] in ("EPROTO", "EPERM", "EACCES"), said  # slapd itself wants TLS
    a.ldap.update(url=f"http://127.0.0.1:{directory.plain}")
    assert a.sign_in("alice", "alice-secret")["error"] == "EINVAL"


def test_a_wrong_service_account_and_a_wrong_base_are_told_apart_from_wrong_passwords(access):
    a = access(bindDn=f"cn=nobody,{BASE}")
    assert a.sign_in("alice", "alice-secret")["error"] == "EPERM"
    a.ldap.update(bindDn=f"cn=skep,{BASE}", base=f"ou=nowhere,{BASE}")
    assert a.sign_in("alice", "alice-secret")["error"] in ("EINVAL", "EPROTO")


def test_a_referral_is_not_followed(access):
    """slapd answers what is outside its tree with its default referral."""
    said = access(base="ou=people,dc=elsewhere,dc=org").sign_in("alice", "alice-secret")
    assert said["error"] == "EPROTO" and "referral" in said["message"]


def test_a_directory_that_is_away_or_hangs_costs_a_few_seconds(access, directory):
    a = access(url=f"ldaps://127.0.0.1:{free_port()}")
    assert a.sign_in("alice", "alice-secret")["error"] == "EHOSTUNREACH"
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        held = []
        threading.Thread(target=lambda: held.append(silent.accept()), daemon=True).start()
        a.ldap.update(url=f"ldap://127.0.0.1:{silent.getsockname()[1]}", timeout=1)
        assert a.sign_in("alice", "alice-secret")["error"] == "ETIMEDOUT"


def test_a_running_console_asks_the_directory(tmp_path, directory):
    """In the confinement it works in, with what it may read there."""
    from consoles import Console

    secret = tmp_path / "ldap" / "secret"
    secret.parent.mkdir()
    secret.write_text("service-secret\n")
    config = tmp_path / "ldap" / "sign-in.yaml"
    config.write_text(f"""
ldap:
  url: ldaps://127.0.0.1:{directory.tls}
  ca: {directory.certificates.ca}
  bindDn: cn=skep,{BASE}
  bindPasswordFile: {secret}
  base: ou=people,{BASE}
roles:
  developer: ["cn=seclab,ou=groups,{BASE}"]
""")
    with Console(tmp_path, "--sign-in", config) as console:
        alice = console.client().sign_in("alice", "alice-secret")
        said = alice.get("/api/v1/session").json()
        assert said["user"]["source"] == "ldap" and said["user"]["roles"] == ["developer"]
        assert "images.read" in said["permissions"] and not said["mustChangePassword"]
        assert console.client().ask("POST", "/api/v1/session", {"name": "alice", "password": "Wr0ng-secret"}).status == 401
        # A local user's name never goes there, whatever the directory says of it.
        assert console.client().ask("POST", "/api/v1/session", {"name": "admin", "password": "admin-secret"}).status == 401
        assert console.admin().get("/api/v1/session").json()["user"]["source"] == "local"
        assert "secret" not in console.said()


def test_a_file_that_is_wrong_says_where(tmp_path, directory):
    for text, told in (("ldap: {url: x}", "'base' is missing"), ("ldap:\n  url: x\n  bas: y\n", "3:8: there is no setting 'bas'"),
                       ("saml: {}", "ldap, oidc or roles is expected"), ("ldap: [", "sign-in.yaml"),
                       ("ldap: {url: x, base: y, filter: '(uid=*)'}", "must hold %s"), ("roles: {nobody: [x]}", "no role 'nobody'")):
        (tmp_path / "sign-in.yaml").write_text(text)
        p = subprocess.run([BUILD / "bin/skep-console", "--state", tmp_path / "state", "--listen", "127.0.0.1:0", "--sign-in",
                            tmp_path / "sign-in.yaml"], capture_output=True, text=True, timeout=60)
        assert p.returncode != 0 and told in p.stdout + p.stderr, (text, p.stdout, p.stderr)
