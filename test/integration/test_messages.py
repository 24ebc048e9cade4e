"""Errors and log lines have a Chinese wording with the same conversions."""
import subprocess
import sys


def test_messages_have_their_chinese_wording(source_dir):
    p = subprocess.run([sys.executable, source_dir / "tool/check-messages"], capture_output=True, text=True, timeout=60)
    assert p.returncode == 0, p.stdout
