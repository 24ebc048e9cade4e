"""rpm databases through the whole scan: a write-ahead log counts, damage is told and costs no more than it must."""
import pytest

FORMATS = ["Packages", "Packages.db", "rpmdb.sqlite"]


def rpm_root(tmp_path, files):
    root = tmp_path / "root"
    (root / "var/lib/rpm").mkdir(parents=True)
    (root / "etc").mkdir()
    (root / "etc/os-release").write_text('ID=almalinux\nVERSION_ID="9.0"\n')
    for name, data in files.items():
        (root / "var/lib/rpm" / name).write_bytes(data)
    return root


def with_log(source_dir, name):
    """The corpus keeps a database and its log in one file, the length of the database in front."""
    data = (source_dir / "test/fuzz/corpus/rpm_sqlite" / name).read_bytes()
    n = int.from_bytes(data[:4], "little")
    return data[4:4 + n], data[4 + n:]


def names(report):
    return sorted(p["name"] for p in report["packages"])


def damage(report):
    return [g for g in report["gaps"] if g["place"].startswith("var/lib/rpm/")]


@pytest.mark.parametrize("name", ["log", "log-uncommitted"])
def test_what_the_log_committed_counts(skep, source_dir, tmp_path, name):
    database, log = with_log(source_dir, name)
    root = rpm_root(tmp_path, {"rpmdb.sqlite": database, "rpmdb.sqlite-wal": log})
    report = skep.report("rootfs", root)
    assert names(report) == ["long", "new"]
    assert not damage(report)


def test_without_its_log_the_database_is_older(skep, source_dir, tmp_path):
    database, _ = with_log(source_dir, "log")
    assert names(skep.report("rootfs", rpm_root(tmp_path, {"rpmdb.sqlite": database}))) == ["long", "tiny"]


def test_a_log_without_its_database_is_told(skep, source_dir, tmp_path):
    _, log = with_log(source_dir, "log")
    report = skep.report("rootfs", rpm_root(tmp_path, {"rpmdb.sqlite-wal": log}), check=6)
    assert [g["place"] for g in damage(report)] == ["var/lib/rpm/rpmdb.sqlite-wal"]


@pytest.mark.parametrize("name", FORMATS)
def test_a_truncated_database(skep, shared, tmp_path, name):
    data = (shared / "pkgdb/rpm-mariner2" / name).read_bytes()
    report = skep.report("rootfs", rpm_root(tmp_path, {name: data[:len(data) * 9 // 10]}), check=6)
    assert 60 < len(report["packages"]) < 129
    assert "damaged" in damage(report)[0]["what"]


@pytest.mark.parametrize("name", FORMATS)
def test_flipped_bits(skep, shared, tmp_path, name):
    data = (shared / "pkgdb/rpm-mariner2" / name).read_bytes()
    data = data.replace(b"Microsoft Corporation", b"Microsoft Corporatioo")
    report = skep.report("rootfs", rpm_root(tmp_path, {name: data}), check=6)
    assert len(report["packages"]) == 129
    assert "digest" in damage(report)[0]["what"] or "checksum" in damage(report)[0]["what"]


@pytest.mark.parametrize("name", FORMATS)
def test_garbage_is_told(skep, tmp_path, name):
    report = skep.report("rootfs", rpm_root(tmp_path, {name: b"\x00garbage" * 1000}), check=6)
    assert not report["packages"]
    assert damage(report)[0]["kind"] == "malformed"
