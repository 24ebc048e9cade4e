"""The database that ships: sound, current with the format, small enough, and of use on its own."""
from conftest import SOURCE

SNAPSHOT = SOURCE / "content/vulndb/vulndb.skdb.zst"


def test_it_is_small_enough():
    assert SNAPSHOT.stat().st_size <= 15_000_000


def test_this_program_reads_it(skep):
    assert "every block and record is sound" in skep.run("db", "verify", SNAPSHOT, check=0).out


def test_every_source_tells_how_old_it_is(skep):
    status = skep.run("db", "status", "--db", SNAPSHOT, check=0).out
    sources = status.split("SOURCE", 1)[1].split("NAMESPACE", 1)[0].splitlines()[1:]
    undated = [line for line in sources if line.strip() and line.split()[1] == "-"]
    assert len([s for s in sources if s.strip()]) >= 10
    assert not undated


def test_it_joins_what_several_sources_say(skep):
    found = skep.run("db", "search", "CVE-2022-0778", "--db", SNAPSHOT, check=0).out
    assert "CVSS 7.5" in found and "EPSS" in found and "RUSTSEC-2022-0014" in found
    assert "almalinux:8" in found and "debian:11" in found
