"""Version orders against the tools they come from, pair by pair, on random, hostile and real versions.

Who judges how many pairs, in one process each:
  deb   1,500,000  libdpkg (a test program built here; the very code of dpkg --compare-versions), 150 more by dpkg
                   itself; over a million of them are versions to dpkg, the others both refuse
  rpm   1,010,000  rpm's own rpm.ver of python3-rpm: parse and compare of [epoch:]version[-release]
  apk     200,000  libapk 2.14 of the shared Alpine root file system
  semver, gem, pacman 200,000, pep440, composer, maven 100,000, by node-semver, RubyGems, libalpm, packaging, Composer and
          Maven 3.8 (fewer where the module says why), each where it is installed
go and nuget have no oracle in Debian; they share semver's code.
Set SKEP_ORACLE_PAIRS for another number and SKEP_ORACLE_SEED for other pairs; SKEP_BLESS=1 records some of the tools'
answers in test/golden/version_orders.tsv, which the unit test holds the keys to where a tool is not installed.
"""
import os
import random
import re
import subprocess
import tarfile

import pytest

from conftest import SHARED, SOURCE

SEED = int(os.environ.get("SKEP_ORACLE_SEED", "20261120"))


def pairs_wanted(default):
    return int(os.environ.get("SKEP_ORACLE_PAIRS", default))


def generator(rng, pieces, real):
    """An endless supply of versions: of random pieces, and real ones with a piece put in, taken out or doubled."""
    count = len(pieces)
    random_float = rng.random

    def piece():
        return pieces[int(random_float() * count)]

    def made():
        return "".join([piece() for _ in range(1 + int(random_float() * 7))])

    def mutated():
        v = real[int(random_float() * len(real))]
        at = int(random_float() * (len(v) + 1))
        kind = int(random_float() * 4)
        if kind == 0:
            return v
        if kind == 1:
            return v[:at] + piece() + v[at:]
        if kind == 2:
            return v[:at] + v[at + 1:]
        return v[:at] + piece() + v[at + 1:]

    while True:
        yield made() if not real or random_float() < 0.5 else mutated()


def pairs(n, pieces, real, salt):
    """Half of the pairs are of two independent versions, half of one and its neighbour by a small change."""
    rng = random.Random(f"{SEED} {salt}")
    versions = generator(rng, pieces, real)
    out = []
    for _ in range(n // 2):
        out.append((next(versions), next(versions)))
        a = next(versions)
        at = int(rng.random() * (len(a) + 1))
        out.append((a, a[:at] + rng.choice(pieces) + a[at + (rng.random() < 0.5):]))
    return [(a, b) for a, b in out if a and b]


def lines(of):
    return "".join(f"{a}\t{b}\n" for a, b in of).encode()


def ours(build_dir, scheme, of):
    program = build_dir / "test/integration/version_pairs"
    answer = subprocess.run([program, scheme], input=lines(of), stdout=subprocess.PIPE, check=True).stdout.decode()
    assert len(answer) == len(of)
    return answer


GOLDEN = SOURCE / "test/golden/version_orders.tsv"


def record(scheme, of, want):
    """Pairs, evenly spread, which the tool puts in an order, in place of the scheme's lines of before."""
    kept = [line for line in GOLDEN.read_text().splitlines() if line and not line.startswith(scheme + "\t")]
    judged = [f"{scheme}\t{a}\t{w}\t{b}" for (a, b), w in zip(of, want) if w != "!" and (a + b).isascii() and len(a + b) < 60]
    GOLDEN.write_text("\n".join(sorted(kept + judged[::max(1, len(judged) // 150)][:150])) + "\n")


def assert_agree(scheme, of, got, want, may_accept=False):
    """Every answer the same; `may_accept`: a pair the oracle refuses may have an order here."""
    assert len(want) == len(of)
    if got != want:
        wrong = [(a, b, g, w) for (a, b), g, w in zip(of, got, want) if g != w and not (may_accept and w == "!")]
        assert not wrong, f"{len(wrong)} of {len(of)} differ (a, b, ours, theirs): {wrong[:10]}"
    if os.environ.get("SKEP_BLESS") and len(of) > 1000:
        record(scheme, of, want)
    judged = sum(w != "!" for w in want)
    assert judged > len(of) / 20, "the generator makes hardly anything the oracle accepts"
    print(f"{len(of)} pairs, {judged} with an order, {want.count('=')} equal")


def sign(order):
    return "<" if order < 0 else ">" if order > 0 else "="


def real_versions(pattern, *files):
    out = set()
    for f in files:
        path = SHARED / "data" / f
        if path.exists():
            out |= set(re.findall(pattern, path.read_text(errors="replace"), re.M))
    return sorted(out)


DEB_PIECES = list("0123456789") + ["~", "~", "+", "-", ".", ".", ":", "0", "00", "10", "a", "b", "Z", "rc", "~rc1", "+b1",
                                   "+deb11u1", "~bpo10+1", "+dfsg", "-1", "-0", "1:", "0:", "_", "99999999999999999999",
                                   "%", " ", "ubuntu"]


def deb_real():
    return real_versions(r"^Version: (\S+)$", "pkgdb/dpkg/texlive.status", "pkgdb/dpkg/vcpkg.status",
                         "pkgdb/dpkg/debian10-jackson-index/var/lib/dpkg/status") + \
        real_versions(r"\t(\S+)$", *(f"pkgdb/dpkg/debian-{s}--20241202.manifest" for s in ("bookworm", "bullseye", "sid")))


@pytest.fixture(scope="module")
def libdpkg(tmp_path_factory):
    program = tmp_path_factory.mktemp("oracle") / "dpkg"
    built = subprocess.run(["cc", "-O1", "-w", "-DLIBDPKG_VOLATILE_API", "-o", program,
                            SOURCE / "test/integration/oracle_dpkg.c", "-ldpkg", "-lmd"], capture_output=True, text=True)
    if built.returncode:
        pytest.skip("needs libdpkg to compile against (Debian package libdpkg-dev)")
    return program


def test_deb_agrees_with_libdpkg(build_dir, libdpkg):
    of = pairs(pairs_wanted(1_500_000), DEB_PIECES, deb_real(), "deb")
    want = subprocess.run([libdpkg], input=lines(of), stdout=subprocess.PIPE, check=True).stdout.decode()
    assert_agree("deb", of, ours(build_dir, "deb", of), want)


def test_deb_agrees_with_dpkg_itself(build_dir):
    of = pairs(600, DEB_PIECES, deb_real(), "dpkg")
    of = [p for p, o in zip(of, ours(build_dir, "deb", of)) if o != "!" and p[0][0] != "-"][:150]

    def dpkg(a, op, b):
        return subprocess.run(["dpkg", "--compare-versions", a, op, b], stderr=subprocess.DEVNULL).returncode == 0

    want = "".join("<" if dpkg(a, "lt", b) else "=" if dpkg(a, "eq", b) else ">" for a, b in of)
    assert_agree("deb", of, ours(build_dir, "deb", of), want)


RPM_PIECES = list("0123456789") + ["~", "~", "^", "^", "+", "-", ".", ".", ":", "0", "00", "10", "a", "b", "Z", "rc", "~rc1",
                                   "^git", ".el8", "_2", ".module+el8.5", "1:", "0:", "-1", "99999999999999999999", "%", "é"]

RPM_ORACLE = """
import sys, rpm
ver = rpm.ver
out = []
for line in sys.stdin.buffer.read().decode().split("\\n")[:-1]:
    a, b = line.split("\\t")
    x, y = ver(a), ver(b)
    out.append("<" if x < y else ">" if x > y else "=")
print("".join(out), end="")
"""


def rpm_real():
    return real_versions(r"-(\d+:[^\s-]+-[^\s-]+)\.src$", "pkgdb/rhel-manifests/ubi9_httpd-24-2022-05-04-amd64.tsv") + \
        real_versions(r"-([^\s-]+-[^\s-]+)\.src\.rpm$", "pkgdb/rpm-mariner2/expected.tsv")


def test_rpm_agrees_with_rpm(build_dir):
    if subprocess.run(["/usr/bin/python3", "-c", "import rpm; rpm.ver"], capture_output=True).returncode:
        pytest.skip("needs rpm's Python module (Debian package python3-rpm)")
    of = pairs(pairs_wanted(1_010_000), RPM_PIECES, rpm_real(), "rpm")
    # rpm reads an epoch past 32 bits with atol() and keeps what is left of it; we refuse it.
    of = [(a, b) for a, b in of if not re.match(r"\d{10,}:", a) and not re.match(r"\d{10,}:", b)]
    want = subprocess.run(["/usr/bin/python3", "-c", RPM_ORACLE], input=lines(of), stdout=subprocess.PIPE,
                          check=True).stdout.decode()
    assert_agree("rpm", of, ours(build_dir, "rpm", of), want)


APK_PIECES = list("0123456789") + [".", ".", ".0", ".00", ".01", "_", "_rc", "_alpha1", "_beta", "_pre2", "_p1", "_git2023",
                                   "_cvs", "_svn", "_hg", "-r", "-r0", "-r1", "-r10", "a", "b", "z", "12345678901234567",
                                   "123456789012345678"]


@pytest.fixture(scope="module")
def libapk(tmp_path_factory):
    tar = SHARED / "data/rootfs/alpine-minirootfs-3.19.4-x86_64.tar.gz"
    if not tar.exists() or os.uname().machine != "x86_64":
        pytest.skip("needs the shared Alpine 3.19 root file system, on x86-64")
    root = tmp_path_factory.mktemp("alpine")
    with tarfile.open(tar) as t:
        t.extractall(root, [m for m in t if m.name.startswith("./lib/") and (".so" in m.name)])
    lib = root / "lib"
    loader = lib / "ld-musl-x86_64.so.1"
    program = root / "oracle"
    subprocess.run(["cc", "-O1", "-nostdlib", "-nostartfiles", "-fno-stack-protector", "-ffreestanding", "-no-pie",
                    "-o", program, SOURCE / "test/integration/oracle_apk.c", *lib.glob("libapk.so*"), loader,
                    f"-Wl,--dynamic-linker={loader},-rpath,{lib}"], check=True)
    return program


def apk_real(shared):
    out = set()
    for f in sorted((shared / "rootfs").glob("alpine-minirootfs-*.tar.gz")):
        with tarfile.open(f) as t:
            text = t.extractfile(next(m for m in t if m.name.endswith("lib/apk/db/installed"))).read().decode()
        out |= set(re.findall(r"^V:(\S+)$", text, re.M))
    return sorted(out)


def test_apk_agrees_with_libapk(build_dir, shared, libapk):
    of = pairs(pairs_wanted(200_000), APK_PIECES, apk_real(shared), "apk")
    want = subprocess.run([libapk], input=lines(of), stdout=subprocess.PIPE, check=True).stdout.decode()
    assert_agree("apk", of, ours(build_dir, "apk", of), want)


def oracle(command, source, of):
    """The answers of a script that reads the pairs and prints one character each."""
    return subprocess.run([*command, source], input=lines(of), stdout=subprocess.PIPE, check=True).stdout.decode()


def need(*command):
    try:
        ok = subprocess.run(command, capture_output=True).returncode == 0
    except FileNotFoundError:
        ok = False
    if not ok:
        pytest.skip(f"needs what '{' '.join(command)}' runs")


NUMBERS = list("0123456789") + ["0", "00", "01", "10", "1.0", ".0", ".1", ".", "."]
REAL_DOTTED = ["1.0.0", "1.2.3", "0.9.10", "2.0.0-rc.1", "1.10.0-alpha.beta", "4.17.21", "1.0.0-beta.11", "3.2.1-0.3.7",
               "1.0.0+20130313144700", "10.20.30", "1.1.2-prerelease+meta", "1.0.0-alpha-a.b-c", "2.7.2"]

SEMVER_PIECES = NUMBERS + ["-", "-", "+", "+b1", "alpha", "-beta.", "rc", "-rc.1", "x", "A", "v", "=", "1.2.3", "2.0.0-"]
SEMVER_ORACLE = """
const compare = require('/usr/share/nodejs/semver/functions/compare');
const o = [];
for (const l of require('fs').readFileSync(0, 'utf8').split('\\n').slice(0, -1)) {
  const [a, b] = l.split('\\t');
  try { const c = compare(a, b, true); o.push(c < 0 ? '<' : c > 0 ? '>' : '='); } catch (e) { o.push('!'); }
}
process.stdout.write(o.join(''));
"""


def test_semver_agrees_with_node_semver(build_dir):
    need("node", "-e", "require('/usr/share/nodejs/semver/functions/compare')")
    # node-semver counts in doubles; it reads 1.2.34.5 as 1.2.3-4.5, which we refuse; 1.2 and 1 are versions here only.
    of = [p for p in pairs(pairs_wanted(200_000), SEMVER_PIECES, REAL_DOTTED, "semver")
          if not re.search(r"\d{16}|(^|\t)[v= ]*\d+\.\d+\.\d+\.", f"{p[0]}\t{p[1]}")]
    assert_agree("semver", of, ours(build_dir, "semver", of), oracle(["node", "-e"], SEMVER_ORACLE, of), may_accept=True)


PEP440_PIECES = NUMBERS + ["a", "b1", "rc", "c2", "alpha", "preview", "pre", ".post", "-1", "-", "_", "rev", "r3", ".dev", "dev2", "1!",
                           "0!", "+", "+local.1", "+ABC", "v", ".POST4", "-r"]
PEP440_REAL = ["1.0", "1.0.post1", "1.0rc1", "2.0.dev3", "1!1.0", "1.0a1.post2.dev3", "1.0+ubuntu-1", "2021.3.14", "1.0.0b2",
               "0.0.1.dev0", "3.10.0"]
PEP440_ORACLE = """
import sys
from packaging.version import Version, InvalidVersion
out = []
for line in sys.stdin.read().split("\\n")[:-1]:
    a, b = line.split("\\t")
    try:
        x, y = Version(a), Version(b)
        out.append("<" if x < y else ">" if x > y else "=")
    except InvalidVersion:
        out.append("!")
print("".join(out), end="")
"""


def test_pep440_agrees_with_packaging(build_dir):
    need("/usr/bin/python3", "-c", "import packaging.version")
    of = pairs(pairs_wanted(100_000), PEP440_PIECES, PEP440_REAL, "pep440")
    assert_agree("pep440", of, ours(build_dir, "pep440", of), oracle(["/usr/bin/python3", "-c"], PEP440_ORACLE, of))


GEM_PIECES = NUMBERS + ["a", "b", ".a", ".pre", "rc1", ".rc", "beta", "-", "-1", "A", "z.0", ".0.0"]
GEM_REAL = ["1.0.0", "1.0.0.rc1", "2.0.0.beta.2", "1.0.0-x86", "0.1.0.pre", "5.2.4.3", "1.a.0.0.1", "3.0.0.alpha.10"]
GEM_ORACLE = """
o = +""
STDIN.read.each_line(chomp: true) do |l|
  a, b = l.split("\\t")
  begin
    o << "<=>"[(Gem::Version.new(a) <=> Gem::Version.new(b)) + 1]
  rescue ArgumentError
    o << "!"
  end
end
print o
"""


def test_gem_agrees_with_rubygems(build_dir):
    need("ruby", "-e", "Gem::Version")
    of = pairs(pairs_wanted(200_000), GEM_PIECES, GEM_REAL, "gem")
    assert_agree("gem", of, ours(build_dir, "gem", of), oracle(["ruby", "-e"], GEM_ORACLE, of))


COMPOSER_PIECES = NUMBERS + ["-", "-beta", "b2", "-RC1", "RC", "alpha", "a", "-patch1", "p2", "pl", "-dev", "dev", ".x-dev",
                             "2010", "-01", "v", "stable", "_", "+b", "-beta.1.2"]
COMPOSER_REAL = ["1.0.0", "v2.3.4", "1.0.0-beta1", "1.0-RC2", "2.0.x-dev", "1.2.3.4", "20100102", "2010-01-02", "1.0.0-p1", "7.4",
                 "1.0.0-alpha.1", "2010.01.02-dev", "4.4.0-BETA2"]
COMPOSER_ORACLE = r"""
require '/usr/share/php/Composer/Semver/autoload.php';
$p = new Composer\Semver\VersionParser();
foreach (explode("\n", rtrim(stream_get_contents(STDIN), "\n")) as $l) {
  [$a, $b] = explode("\t", $l);
  try { $c = version_compare($p->normalize($a), $p->normalize($b)); echo $c < 0 ? '<' : ($c > 0 ? '>' : '='); }
  catch (UnexpectedValueException $e) { echo '!'; }
}
"""


def test_composer_agrees_with_composer(build_dir):
    need("php", "-r", "require '/usr/share/php/Composer/Semver/autoload.php';")
    of = pairs(pairs_wanted(100_000), COMPOSER_PIECES, COMPOSER_REAL, "composer")
    # Numbers past 64 bits; named branches; dates with two odd groups, which Composer reads from semver 3.4 on, Debian's is 3.3.
    of = [p for p in of if not re.search(r"\d{18}|dev-|(^|[\sv])\d{6,}[.:-]", f"{p[0]}\t{p[1]}")]
    assert_agree("composer", of, ours(build_dir, "composer", of), oracle(["php", "-r"], COMPOSER_ORACLE, of), may_accept=True)


MAVEN_PIECES = NUMBERS + ["-", "-1", ".Final", "-alpha", "-beta-", "a1", "b2", "m3", "rc", "CR", "-SNAPSHOT", "sp", ".RELEASE", "-jre",
                          "-foo", "ga", "-redhat-1"]
MAVEN_REAL = ["1.0", "2.17.1", "4.1.0.Final", "1.0-alpha-1", "31.1-jre", "1.0-SNAPSHOT", "3.0.0-M1", "1.0.0.RC2", "9.4.48.v20220622",
              "1.2.0.Final-redhat-1", "2.0-sp1", "1-1.foo-bar1baz-.1"]
MAVEN_ORACLE = """
import java.io.*; import org.apache.maven.artifact.versioning.ComparableVersion;
public class Oracle { public static void main(String[] x) throws Exception {
  BufferedReader in = new BufferedReader(new InputStreamReader(System.in)); StringBuilder o = new StringBuilder(); String l;
  while ((l = in.readLine()) != null) { String[] p = l.split("\\t", -1);
    int c = new ComparableVersion(p[0]).compareTo(new ComparableVersion(p[1])); o.append(c < 0 ? '<' : c > 0 ? '>' : '='); }
  System.out.print(o); } }
"""


def test_maven_agrees_with_maven(build_dir, tmp_path):
    jar = "/usr/share/java/maven-artifact-3.x.jar"
    need("java", "-version")
    if not os.path.exists(jar):
        pytest.skip("needs Maven's artifact library (Debian package libmaven3-core-java)")
    (tmp_path / "Oracle.java").write_text(MAVEN_ORACLE)
    of = pairs(pairs_wanted(100_000), MAVEN_PIECES, MAVEN_REAL, "maven")
    # Maven's answers make no order for a word in the middle of dots, for empty parts and for lists that begin with a
    # nothing (see version_maven.c).
    odd = re.compile(r"\.(?!final-)[a-z]+[.-]|(^|[.-])[.-]|^[0.]+[a-z-]|(^|[a-z.-])(0+|(ga|final|release))[a-z]|"
                     r"(ga|final|release)[\d.]|(^|[\d-])(ga|final|release)-|[a-z-]0+[.-]", re.I)
    of = [(a, b) for a, b in of if not odd.search(a) and not odd.search(b)]
    command = ["java", "-cp", f"{jar}:/usr/share/java/commons-lang3.jar"]
    assert_agree("maven", of, ours(build_dir, "maven", of), oracle(command, tmp_path / "Oracle.java", of))


PACMAN_PIECES = NUMBERS + ["-", "-1", "a", "rc", "+", "_", "..", "1:", ":", "alpha", "-2.1", "z"]
PACMAN_ORACLE = """
import ctypes, ctypes.util, sys
cmp = ctypes.CDLL(ctypes.util.find_library("alpm")).alpm_pkg_vercmp
out = []
for line in sys.stdin.buffer.read().split(b"\\n")[:-1]:
    a, b = line.split(b"\\t")
    c = cmp(a, b)
    out.append("<" if c < 0 else ">" if c > 0 else "=")
print("".join(out), end="")
"""


def test_pacman_agrees_with_libalpm(build_dir):
    need("/usr/bin/python3", "-c", "import ctypes, ctypes.util; ctypes.CDLL(ctypes.util.find_library('alpm')).alpm_pkg_vercmp")
    of = pairs(pairs_wanted(200_000), PACMAN_PIECES, ["1.0-1", "1:2.3.4-2", "20230101.abc-1", "1.0rc1-1", "1.0.r12.gabc-3"], "pacman")
    # Where a pkgrel is absent on one side only, and for separators that are longer or end a part, libalpm's answers make no order.
    of = [(a, b) for a, b in of if ("-" in a) == ("-" in b) and not re.search(r"[^0-9A-Za-z]([^0-9A-Za-z]|\s)", f"{a}\n{b}\n")]
    assert_agree("pacman", of, ours(build_dir, "pacman", of), oracle(["/usr/bin/python3", "-c"], PACMAN_ORACLE, of))
