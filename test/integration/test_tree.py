"""The tree keeps its own rules."""
import subprocess
import sys


def test_includes_only_go_down(source_dir):
    p = subprocess.run([sys.executable, source_dir / "tool" / "check-layers"], capture_output=True, text=True)
    assert p.returncode == 0, p.stdout + p.stderr


def test_the_layer_check_finds_what_is_planted(source_dir):
    p = subprocess.run([sys.executable, source_dir / "tool" / "check-layers", "--self-test"],
                       capture_output=True, text=True)
    assert p.returncode == 0, p.stdout + p.stderr


def test_every_decoder_has_a_fuzz_target(source_dir):
    p = subprocess.run([sys.executable, source_dir / "tool" / "check-fuzz"], capture_output=True, text=True)
    assert p.returncode == 0, p.stdout + p.stderr


def test_the_check_of_decoders_finds_what_is_planted(source_dir):
    p = subprocess.run([sys.executable, source_dir / "tool" / "check-fuzz", "--self-test"], capture_output=True, text=True)
    assert p.returncode == 0, p.stdout + p.stderr


def test_no_name_is_defined_twice(build_dir):
    """Of two functions of one name in two libraries a program gets whichever comes first, and nobody says so."""
    libraries = sorted((build_dir / "src").rglob("*.a"))
    assert libraries
    said = subprocess.run(["nm", "-A", "--defined-only", "-g", *libraries], capture_output=True, text=True, check=True).stdout
    places = {}
    for line in said.splitlines():
        words = line.split()
        if len(words) == 3 and words[1] in ("T", "D", "B", "R"):
            places.setdefault(words[2], []).append(words[0])
    assert len(places) > 1000
    assert {n: p for n, p in places.items() if len(p) > 1} == {}
