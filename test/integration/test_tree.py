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
