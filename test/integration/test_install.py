"""`make install` puts everything where a system looks for it."""
import os
import subprocess


def test_install(tmp_path, build_dir, source_dir):
    p = subprocess.run(["meson", "install", "-C", build_dir, "--no-rebuild", "--destdir", tmp_path],
                       capture_output=True, text=True)
    assert p.returncode == 0, p.stdout + p.stderr
    prefix = tmp_path / "usr" / "local"
    installed = {str(f.relative_to(prefix)) for f in prefix.rglob("*") if f.is_file()}
    for expected in ("bin/skep", "bin/skep-agent", "bin/skep-console", "lib/systemd/system/skep-agent.service",
                     "lib/systemd/system/skep-console.service", "share/man/man1/skep.1", "share/man/man1/skep-image.1",
                     "share/man/man1/skep-config-show.1", "share/bash-completion/completions/skep",
                     "share/zsh/vendor-completions/_skep", "share/fish/vendor_completions.d/skep.fish"):
        assert expected in installed, sorted(installed)
    assert os.access(prefix / "bin" / "skep", os.X_OK)
    # The snapshot is found beside the installed program, not only in the source tree.
    if any((source_dir / "content" / "vulndb").glob("vulndb.skdb*")):
        assert any(f.startswith("share/skep/vulndb/") for f in installed)
        p = subprocess.run([prefix / "bin" / "skep", "db", "status"], capture_output=True, text=True,
                           env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)})
        assert p.returncode == 0, p.stderr
