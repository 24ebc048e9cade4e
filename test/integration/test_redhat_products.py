"""Red Hat: the content sets of an image decide which of the vendor's claims are about its packages."""
import io
import json
import subprocess
import tarfile

import pytest

import images
import rpm_root

SAMPLES = "pkg/vulnsrc/redhat-csaf/testdata/vuln-list-redhat/"
OVAL = "pkg/vulnsrc/redhat-oval/testdata/happy/vuln-list-redhat/"
BASEOS, APPSTREAM = "rhel-9-for-x86_64-baseos-rpms", "rhel-9-for-x86_64-appstream-rpms"
EUS, E4S = "rhel-9-for-x86_64-baseos-eus-rpms__9_DOT_2", "rhel-9-for-x86_64-baseos-e4s-rpms__9_DOT_0"
RHEL = "cpe:/o:redhat:enterprise_linux:9"
REPOSITORIES = {BASEOS: RHEL + "::baseos", APPSTREAM: "cpe:/a:redhat:enterprise_linux:9::appstream",
                EUS: "cpe:/o:redhat:rhel_eus:9.2::baseos", E4S: "cpe:/o:redhat:rhel_e4s:9.0::baseos",
                "rhel-9-for-x86_64-baseos-source-rpms": RHEL + "::baseos"}
BUILD = "ubi9-container-9.0-7-x86_64"


def vex(cve, *fixes, unfixed=()):
    """A VEX document: (CPE, name-version-release) are fixed, (CPE, name) are not."""
    products, branches, relations, fixed, affected = set(), [], [], [], []

    def relate(cpe, component, purl, into):
        if cpe not in products:
            products.add(cpe)
            branches.append({"product": {"product_id": cpe, "product_identification_helper": {"cpe": cpe}}})
        branches.append({"product": {"product_id": component, "product_identification_helper": {"purl": purl}}})
        relations.append({"product_reference": component, "relates_to_product_reference": cpe,
                          "full_product_name": {"product_id": f"{cpe}:{component}"}})
        into.append(f"{cpe}:{component}")

    for cpe, nvr in fixes:
        name, version = nvr.split("-", 1)
        for arch in "x86_64", "s390x":
            relate(cpe, f"{nvr}.{arch}", f"pkg:rpm/redhat/{name}@{version}?arch={arch}", fixed)
    for cpe, name in unfixed:
        relate(cpe, name, f"pkg:rpm/redhat/{name}", affected)
    return json.dumps({"document": {"csaf_version": "2.0", "tracking": {"id": cve}},
                       "product_tree": {"branches": [{"branches": branches}], "relationships": relations},
                       "vulnerabilities": [{"cve": cve, "product_status": {"fixed": fixed, "known_affected": affected}}]})


OURS = {
    # The samples have pam 1.5.1-21.el9_5 for the main stream.
    "eus.json": vex("CVE-2024-10041", (REPOSITORIES[EUS], "pam-1.5.1-14.el9_2.1")),
    "latest.json": vex("CVE-2099-0001", (RHEL + "::baseos", "pam-1.5.1-16.el9"), (RHEL + "::baseos", "pam-1.5.1-18.el9")),
    "crb.json": vex("CVE-2099-0002", ("cpe:/a:redhat:enterprise_linux:9::crb", "pam-1.5.1-99.el9")),
    "unfixed.json": vex("CVE-2099-0003", unfixed=[(RHEL, "pam")]),
    "e4s.json": vex("CVE-2099-0004", (REPOSITORIES[E4S], "pam-1.5.1-14.el9_0.9")),
    "openssl.json": vex("CVE-2099-0006", (RHEL + "::baseos", "openssl-3.0.7-20.el9"), (REPOSITORIES[EUS], "openssl-3.0.7-9.el9_2")),
    "layered.json": vex("CVE-2099-0005", ("cpe:/a:redhat:openshift:4.16::el9", "pam-1.5.1-99.el9")),
}


def unpacked(shared, folder, prefix):
    raw = subprocess.run(["zstd", "-dcq", shared / "vulndb/trivy-db-format-fixtures.tar.zst"], capture_output=True, check=True)
    with tarfile.open(fileobj=io.BytesIO(raw.stdout)) as t:
        for m in t.getmembers():
            name = m.name.removeprefix("./")
            if m.isfile() and name.startswith(prefix):
                images.as_folder({name.removeprefix(prefix): t.extractfile(m).read()}, folder)
    return folder


@pytest.fixture(scope="module")
def samples(shared, tmp_path_factory):
    return unpacked(shared, tmp_path_factory.mktemp("samples"), SAMPLES)


@pytest.fixture
def database(skep, samples, tmp_path):
    feeds = {f"csaf-vex/{n}": text.encode() for n, text in OURS.items()}
    published = {"data": {name: {"cpes": [cpe], "repo_relative_urls": []} for name, cpe in REPOSITORIES.items()}}
    feeds["published/repository-to-cpe.json"] = json.dumps(published).encode()
    feeds["published/nvr-to-cpe.json"] = json.dumps({BUILD: [REPOSITORIES[E4S]]}).encode()
    images.as_folder(feeds, tmp_path / "feeds")
    skep.run("db", "build", "--from", samples, "--from", tmp_path / "feeds", "-o", tmp_path / "rhel.skdb", check=0)
    return tmp_path / "rhel.skdb"


def manifest(*sets):
    return {"root/buildinfo/content_manifests/ubi9-container-9.2-1.json": json.dumps({"content_sets": sets}).encode()}


@pytest.fixture
def judge(skep, database, tmp_path):
    """(CVE to version to update to, report) of a system with pam of this release and these content sets."""
    runs = iter(range(100))

    def of(release, *sets, more=None, db=None):
        root = rpm_root.folder(tmp_path, f"root{next(runs)}", "9.2", f"pam-1.5.1-{release}.x86_64",
                               more={**(manifest(*sets) if sets else {}), **(more or {})})
        report = skep.report("rootfs", root, "--db", db or database, check=0)
        assert [p["name"] for p in report["packages"]] == ["pam"]
        return {f["vulnerability"]: f.get("fixedVersion", "") for f in report["findings"]}, report
    return of


MAIN = {"CVE-2024-10041": "1.5.1-21.el9_5", "CVE-2099-0001": "1.5.1-18.el9", "CVE-2099-0003": ""}


def gaps(report, kind="stand-in"):
    return [g["place"] for g in report["gaps"] if g["kind"] == kind]


def test_the_main_stream(judge):
    found, report = judge("8.el9", BASEOS, APPSTREAM, "rhel-9-for-x86_64-baseos-source-rpms")
    assert found == MAIN and not gaps(report)
    by = {f["vulnerability"]: f["evidence"] for f in report["findings"]}
    assert by["CVE-2024-10041"]["product"] == RHEL + "::baseos"
    assert by["CVE-2024-10041"]["repository"] == BASEOS
    # Both fixes of CVE-2099-0001 count until the later one is installed.
    assert "CVE-2099-0001" in judge("16.el9", BASEOS)[0] and "CVE-2099-0001" not in judge("18.el9", BASEOS)[0]


def test_a_channel_it_has_nothing_of(judge):
    found, _ = judge("8.el9", APPSTREAM)
    assert found == {"CVE-2099-0003": ""}


def test_an_extended_stream(judge):
    found, report = judge("8.el9", EUS)
    assert found == {**MAIN, "CVE-2024-10041": "1.5.1-14.el9_2.1"} and not gaps(report)
    evidence = [f["evidence"] for f in report["findings"] if f["vulnerability"] == "CVE-2024-10041"]
    assert evidence[0]["product"] == REPOSITORIES[EUS] and evidence[0]["repository"] == EUS
    # Mended in the stream, not in the main one.
    assert "CVE-2024-10041" not in judge("14.el9_2.1", EUS)[0]
    assert judge("14.el9_2.1", BASEOS)[0]["CVE-2024-10041"] == "1.5.1-21.el9_5"
    assert judge("8.el9", E4S)[0]["CVE-2099-0004"] == "1.5.1-14.el9_0.9"


def test_without_content_sets_what_every_system_has(judge):
    found, report = judge("8.el9")
    assert found == MAIN and not gaps(report)
    assert all("repository" not in f["evidence"] for f in report["findings"])
    # Lists of other things lie beside manifests.
    beside = {"root/buildinfo/content_manifests/sbom-purl.json": b'["pkg:rpm/redhat/pam"]'}
    assert judge("8.el9", more=beside)[0] == MAIN


def test_the_build_of_an_image_without_content_sets(judge):
    """The database maps this build to E4S 9.0. A manifest beside the Dockerfile outweighs it."""
    dockerfile = {"root/buildinfo/Dockerfile-ubi9-9.0-7": b'FROM x\nENV NAME=ubi9\nLABEL com.redhat.component="$NAME-container" \\\n'
                                                          b'      architecture="x86_64"\n'}
    found, report = judge("8.el9", more=dockerfile)
    assert found["CVE-2099-0004"] == "1.5.1-14.el9_0.9" and not gaps(report)
    assert "nvr:" + BUILD in {f["evidence"].get("repository") for f in report["findings"]}
    assert judge("8.el9", BASEOS, more=dockerfile)[0] == MAIN
    other = {"root/buildinfo/Dockerfile-other-1-1": next(iter(dockerfile.values()))}
    found, report = judge("8.el9", more=other)
    assert found == MAIN and gaps(report) == ["nvr:ubi9-container-1-1-x86_64"]


def test_what_the_database_does_not_map_is_told(judge, skep, samples, tmp_path):
    found, report = judge("8.el9", BASEOS, "private-rpms")
    assert found == MAIN and gaps(report) == ["private-rpms"]
    # The samples map one repository, of release 8.
    skep.run("db", "build", "--from", samples, "-o", tmp_path / "few.skdb", check=0)
    found, report = judge("8.el9", BASEOS, db=tmp_path / "few.skdb")
    assert found == {"CVE-2024-10041": "1.5.1-21.el9_5"} and gaps(report) == [BASEOS]
    skep.run("db", "build", "--from", samples / "csaf-vex", "-o", tmp_path / "none.skdb", check=0)
    found, report = judge("8.el9", BASEOS, db=tmp_path / "none.skdb")
    assert found == {"CVE-2024-10041": "1.5.1-21.el9_5"} and gaps(report) == ["content sets"]
    in_chinese = skep.run("rootfs", tmp_path / "root2", "--db", tmp_path / "none.skdb", "--lang", "zh", check=0).out
    assert "：内容集: " in in_chinese and "content sets" not in in_chinese, in_chinese


def test_explain_names_the_repository(skep, database, tmp_path):
    root = rpm_root.folder(tmp_path, "root", "9.2", "pam-1.5.1-8.el9.x86_64", more=manifest(EUS))
    told = skep.run("explain", "CVE-2024-10041", root, "--as", "rootfs", "--db", database, check=0).out
    assert REPOSITORIES[EUS] in told and f"of the repository {EUS}\n" in told
    told = skep.run("explain", "CVE-2099-0003", root, "--as", "rootfs", "--db", database, check=0).out
    assert f"{RHEL}::baseos\n" in told and "assumed for every system" in told


def test_each_layer_has_its_own(skep, database, tmp_path):
    """Packages of the base come from the main stream, those of the layer above from EUS."""
    base = rpm_root.files(tmp_path, "9.2", "pam-1.5.1-14.el9_2.1.x86_64")
    above = rpm_root.database(tmp_path / "above", "pam-1.5.1-14.el9_2.1.x86_64", "openssl-3.0.7-1.el9.x86_64")
    sets = {"root/buildinfo/content_manifests/app-1-1.json": json.dumps({"content_sets": [EUS]}).encode()}
    image = tmp_path / "image.tar"
    image.write_bytes(images.docker_save([images.as_tar({**base, **manifest(BASEOS)}),
                                          images.as_tar({"var/lib/rpm/rpmdb.sqlite": above, **sets})]))
    report = skep.report("image", image, "--db", database, check=0)
    found = {f["vulnerability"]: (f["fixedVersion"], f["evidence"]["repository"]) for f in report["findings"]
             if f.get("fixedVersion")}
    assert found == {"CVE-2024-10041": ("1.5.1-21.el9_5", BASEOS), "CVE-2099-0001": ("1.5.1-18.el9", BASEOS),
                     "CVE-2099-0006": ("3.0.7-9.el9_2", EUS)}


def test_oval_streams_and_architectures(skep, shared, tmp_path):
    """RHSA-2020:5624 is of the main stream, RHSA-2020:9999 of EUS 8.1; its test alone says of which package."""
    feeds = unpacked(shared, tmp_path / "feeds", OVAL)
    eus, appstream = "rhel-8-for-x86_64-appstream-eus-rpms__8_DOT_1", "rhel-8-for-x86_64-appstream-rpms"
    (feeds / "repository-to-cpe.json").write_text(json.dumps({
        eus: ["cpe:/a:redhat:rhel_eus:8.1"], appstream: ["cpe:/a:redhat:enterprise_linux:8::appstream"]}))
    skep.run("db", "build", "--from", feeds, "-o", tmp_path / "oval.skdb", check=0)
    runs = iter(range(100))

    def fix(sets, arch):
        root = rpm_root.folder(tmp_path, f"root{next(runs)}", "8.1", f"thunderbird-68.0-1.el8.{arch}", more=manifest(sets))
        report = skep.report("rootfs", root, "--db", tmp_path / "oval.skdb", check=0)
        return {f["fixedVersion"] for f in report["findings"] if f["vulnerability"] == "CVE-2020-26971"}
    assert fix(appstream, "x86_64") == {"78.6.0-1.el8_3"}
    assert fix(eus, "x86_64") == {"999.el8_3"}
    assert fix(eus, "s390x") == set() and fix(appstream, "i686") == set()
