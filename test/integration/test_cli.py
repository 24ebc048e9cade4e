"""The command line itself: options, configuration, help, completion, exit codes."""
import os
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import time

import pytest

from services import need, need_root


def commands(skep):
    """Every command that does something, as man lists them."""
    text = skep.run("help", "--format", "man", check=0).out
    return [m.replace("-", " ") for m in re.findall(r"^\.BR skep-(\S+) \(1\)$", text, re.M)]


def test_version_is_an_option_everywhere(skep):
    said = skep.run("version", check=0).out
    assert skep.run("--version", check=0).out == said
    assert skep.run("image", "--version", check=0).out == said


def test_unknown_words_are_usage_errors_with_a_suggestion(skep):
    p = skep.run("verison", check=2)
    assert "did you mean 'version'" in p.err and not p.out
    p = skep.run("version", "--jsno", check=2)
    assert "did you mean '--json'" in p.err
    p = skep.run("config", "sohw", check=2)
    assert "did you mean 'config show'" in p.err
    # Where nothing is like it, the help that lists what there is.
    assert "see `skep agent --help`" in skep.run("agent", "begin", check=2).err
    assert "see `skep help`" in skep.run("nonesuch", check=2).err


@pytest.mark.parametrize("option, english, chinese", [
    (["monitor", "--count", "x"], "'x' is not a whole number", "“x”不是整数"),
    (["agent", "run", "--ring-size", "x"], "'x' is not a size such as 512MiB", "“x”不是大小，例如 512MiB"),
    (["agent", "run", "--usage-interval", "x"], "'x' is not a duration such as", "“x”不是时长，例如"),
    (["image", "--fail-on", "x", "app.tar"], "'x' is not understood; use none, or a list of critical", "无法理解“x”；请用 none，或 critical"),
    (["image", "--severity", "x", "app.tar"], "'x' is not understood; use a list of critical", "无法理解“x”；请用 critical"),
    (["image", "--zzzzzz"], "unknown option '--zzzzzz'; --help lists", "未知选项“--zzzzzz”；--help 列出"),
])
def test_what_a_value_must_be_is_told_in_both_languages(skep, option, english, chinese):
    assert english in skep.run(*option, check=2).err
    assert chinese in skep.run("--lang", "zh", *option, check=2).err


def test_where_no_agent_runs_says_how_to_start_one(skep, tmp_path):
    p = skep.run("agent", "top", "--control", tmp_path / "none.sock", check=4)
    assert "cannot reach an agent at" in p.err and "`sudo skep agent run` starts one" in p.err


@pytest.mark.parametrize("lang, said, lost", [("en", "without root's rights", "lost: "), ("zh", "没有 root 权限", "损失：")])
def test_doctor_says_when_it_lacks_the_agents_rights(skep, lang, said, lost):
    need_root()
    need("setpriv")
    command = [skep.binary, "--lang", lang, "agent", "doctor"]
    p = subprocess.run(["setpriv", "--inh-caps=-all", "--bounding-set=-all", *command], env=skep.env, capture_output=True, text=True)
    assert p.returncode == 4 and said in p.stdout and lost in p.stdout, p
    # Names of mechanisms stand below each other, whatever the verdict is called.
    begins = [m[0] for m in re.finditer(r"^(yes|no|可用|不可用) +", p.stdout, re.M)]
    assert len(begins) > 7 and {sum(1 + (ord(c) > 0x3000) for c in b) for b in begins} == {7}, p.stdout
    assert said not in skep.run("--lang", lang, "agent", "doctor").out


def test_a_condition_monitor_suspects_is_told(skep):
    need_root()
    p = subprocess.Popen([skep.binary, "--lang", "en", "monitor", "evt.type in (exeve, execve) and proc.args contains monitor-suspects"],
                         env=skep.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        said = ""
        for line in p.stderr:
            said += line
            if line.endswith("ready\n"):
                break
        assert "'exeve' is ever told; did you mean 'execve'?" in said
    finally:
        p.terminate()
        p.communicate(timeout=30)


def test_chinese_help_calls_the_agent_one_name(skep):
    for command in ([], ["up"], ["console"], ["console", "run"], ["agent"], ["agent", "run"], ["agent", "doctor"]):
        said = skep.run("--lang", "zh", "help", "--all", *command, check=0).out
        # Commands and options keep their names; in sentences it is 代理.
        assert not re.search(r"[\u4e00-\u9fff，。；：（] ?agent(?![-./\w])(?! (run|top|containers|doctor))", said), said


def test_a_name_nobody_knows_is_told_to_be_no_file_either(skep):
    p = skep.run("image", "127.0.0.1:1/nosuch.tar", env={"DOCKER_HOST": "unix:///nowhere.sock"}, check=4)
    assert "no file here and no image of an engine is called so: registry 127.0.0.1:1" in p.err, p.err
    assert "本地没有此文件" in skep.run("--lang", "zh", "image", "127.0.0.1:1/nosuch.tar", env={"DOCKER_HOST": "unix:///nowhere.sock"}, check=4).err


def test_a_database_that_is_not_there_is_said_not_to_be(skep, tmp_path):
    assert "No such file or directory" in skep.run("db", "status", "--db", tmp_path / "absent", check=5).err
    assert "没有那个文件或目录" in skep.run("--lang", "zh", "db", "status", "--db", tmp_path / "absent", check=5).err


def test_events_that_are_not_there_are_told(skep, tmp_path):
    events = tmp_path / "events.ndjson"
    events.write_text("\n")
    assert "no event is in" in skep.run("rule", "why", "all", "--events", events, check=4).err
    events.write_text('{"evt.type": "openat"}\n')
    assert "no event is at line 7 of" in skep.run("rule", "why", "all", "--events", events, "--line", 7, check=4).err


def test_the_front_door_explains_itself_before_anything_is_set_up(source_dir, tmp_path):
    """Of a fresh clone: nothing is installed or built, and whoever asks need not be root."""
    shutil.copy2(source_dir / "run", tmp_path)
    p = subprocess.run([tmp_path / "run", "--help"], capture_output=True, text=True, env={"PATH": "/usr/bin:/bin"})
    assert p.returncode == 0 and "sudo ./run" in p.stdout and not p.stderr, p


def test_no_command_shows_help_and_fails(skep):
    p = skep.run(check=2)
    assert "Usage:" in p.err and not p.out
    p = skep.run("config", check=2)
    assert "config show" in p.err and not p.out


def test_options_stand_anywhere(skep):
    plain = skep.run("version", "--json", check=0).out
    assert plain.startswith("{")
    assert skep.run("--json", "version", check=0).out == plain
    assert skep.run("--color", "never", "version", "--json", check=0).out == plain
    assert skep.run("-q", "--lang", "zh", "version", "--json", check=0).out == plain


def test_every_help_is_one_screen_with_examples_first(skep):
    for name in commands(skep):
        for lang in ("en", "zh"):
            text = skep.run(*name.split(), "--help", "--lang", lang, check=0).out
            lines = text.splitlines()
            assert len(lines) <= 40, f"skep {name} --help ({lang}) has {len(lines)} lines"
            for line in lines:
                columns = sum(2 if ord(c) >= 0x2e80 else 1 for c in line)
                assert columns <= 80, f"skep {name} --help ({lang}): {columns} columns: {line}"
            examples, usage = text.find("示例" if lang == "zh" else "Examples"), text.find("用法" if lang == "zh" else "Usage")
            assert 0 < examples < usage, f"skep {name} --help ({lang}) shows no examples first"


def test_every_text_has_a_translation(skep):
    english, chinese = (skep.run("--lang", l, "help", check=0).out for l in ("en", "zh"))
    for line in chinese.splitlines()[1:]:
        if line.startswith("  ") and "skep " not in line:
            assert any(ord(c) >= 0x2e80 for c in line), f"not translated: {line}"
    assert english != chinese
    for name in commands(skep):
        text = skep.run("help", "--all", "--lang", "zh", *name.split(), check=0).out
        for option in re.findall(r"^  (?:-\w, )?--[\w-]+(?: \S+)?\s+(\S.*)$", text, re.M):
            assert any(ord(c) >= 0x2e80 for c in option), f"skep {name}: not translated: {option}"


def test_precedence_flag_environment_project_user(skep, tmp_path):
    home, work = skep.home / "config" / "skep", tmp_path / "work"
    home.mkdir(parents=True)
    work.mkdir()

    def shown(*args, **env):
        text = skep.run("config", "show", "--origin", "version", *args, env=env, cwd=work, check=0).out
        return re.search(r"^color: (.*)$", text, re.M)[1]

    assert shown() == "auto  # default"
    (home / "config.yaml").write_text("color: never\n")
    assert shown() == f"never  # {home}/config.yaml:1"
    (work / ".skep.yaml").write_text("# ours\ncolor: always\n")
    assert shown() == "always  # ./.skep.yaml:2"
    assert shown(SKEP_COLOR="never") == "never  # SKEP_COLOR"
    assert shown("--color", "auto", SKEP_COLOR="never") == "auto  # flag"
    (work / ".skep.yaml").write_text("version:\n  color: never\ncolor: always\n")
    assert shown() == "never  # ./.skep.yaml:2"


@pytest.mark.parametrize("text, complaint", [
    ("lang: en\n\ncolour: never\n", r"bad\.yaml:3:1: unknown key 'colour'; did you mean 'color'"),
    ("version:\n  jsno: true\n", r"bad\.yaml:2:3: unknown key 'jsno'"),
    ("color: purple\n", r"bad\.yaml:1: --color: 'purple' is none of"),
    ("color: [never\n", r"bad\.yaml: YAML line \d+ column \d+"),
    ("- color\n", r"bad\.yaml:1:1: expected"),
])
def test_bad_configuration_is_named_with_its_place(skep, tmp_path, text, complaint):
    bad = tmp_path / "bad.yaml"
    bad.write_text(text)
    p = skep.run("version", "--config", bad, check=2)
    assert re.search(complaint, p.err), p.err
    assert not p.out


def test_missing_named_configuration(skep, tmp_path):
    assert "No such file" in skep.run("version", "--config", tmp_path / "none.yaml", check=2).err


def test_limits(skep):
    assert "layer_entries" in skep.run("help", "limits", check=0).out
    skep.run("version", "--limit", "layer_entries=10", "--limit=layer_bytes=1G", check=0)
    assert "unknown limit" in skep.run("version", "--limit", "layers_entries=10", check=2).err
    assert "no number" in skep.run("version", "--limit", "layer_entries=many", check=2).err


def test_exit_codes_are_explained(skep):
    text = skep.run("help", "exit-codes", check=0).out
    assert [int(n) for n in re.findall(r"^ *(\d+)  ", text, re.M)] == [0, 1, 2, 3, 4, 5, 6, 130]


def test_language_follows_the_locale(skep):
    assert "命令" in skep.run("help", env={"LC_ALL": "zh_CN.UTF-8"}, check=0).out
    assert "Commands" in skep.run("help", env={"LC_ALL": "de_DE.UTF-8"}, check=0).out
    assert "Commands" in skep.run("help", "--lang", "en", env={"LC_ALL": "zh_CN.UTF-8"}, check=0).out


def test_a_full_disk_is_no_success(skep):
    with open("/dev/full", "w") as full:
        p = subprocess.run([skep.binary, "version"], stdout=full, stderr=subprocess.PIPE, env=skep.env)
    assert p.returncode == 3 and b"No space left" in p.stderr


def test_a_closed_pipe_ends_quietly(skep):
    p = subprocess.run(["bash", "-c", f"{skep.binary} help | true; echo ${{PIPESTATUS[0]}}"], capture_output=True,
                       env=skep.env, text=True)
    assert p.stdout.strip() in ("0", "141") and not p.stderr


def test_manual_pages_are_sound_roff(skep, tmp_path):
    if not shutil.which("man"):
        pytest.skip("man is not installed")
    for name in [[], *(n.split() for n in commands(skep))]:
        page = tmp_path / "page.1"
        page.write_text(skep.run("help", "--format", "man", *name, check=0).out)
        p = subprocess.run(["man", "--warnings", "-l", str(page)], capture_output=True, text=True,
                           env={**os.environ, "MANWIDTH": "100", "LC_ALL": "C.UTF-8"})
        assert p.returncode == 0 and not p.stderr, p.stderr
        assert "NAME" in p.stdout


def test_cli_reference_is_current(skep, source_dir):
    made = skep.run("help", "--format", "markdown", check=0).out
    assert (source_dir / "doc" / "cli.md").read_text() == made, "run `make docs`"


def shell_path(skep, tmp_path):
    folder = tmp_path / "path"
    folder.mkdir()
    (folder / "skep").symlink_to(skep.binary)
    return {**skep.env, "PATH": f"{folder}:{skep.env['PATH']}", "TERM": "xterm"}


def need(shell):
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")


def test_bash_completion(skep, tmp_path):
    need("bash")
    env = shell_path(skep, tmp_path)

    def complete(*words):
        script = ('source <(skep completion bash); COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _skep skep;'
                  'printf "%s\\n" "${COMPREPLY[@]}"')
        p = subprocess.run(["bash", "-c", script, "bash", *words], env=env, capture_output=True, text=True)
        assert not p.stderr, p.stderr
        return p.stdout.split()

    assert complete("skep", "vers") == ["version"]
    assert complete("skep", "config", "") == ["show"]
    assert complete("skep", "version", "--js") == ["--json"]
    assert complete("skep", "version", "--color", "=", "al") == ["always"]
    assert complete("skep", "--lang", "zh", "versi") == ["version"]


def test_fish_completion(skep, tmp_path):
    need("fish")
    env = shell_path(skep, tmp_path)

    def complete(line):
        p = subprocess.run(["fish", "--no-config", "-c", f'skep completion fish | source; complete -C "{line}"'], env=env,
                           capture_output=True, text=True)
        assert not p.stderr, p.stderr
        return [l.split("\t")[0] for l in p.stdout.splitlines()]

    assert complete("skep vers") == ["version"]
    assert complete("skep version --js") == ["--json"]
    assert "always" in complete("skep version --color ")


def test_zsh_completion(skep, tmp_path):
    need("zsh")
    env = shell_path(skep, tmp_path)
    env["PS1"] = "READY> "
    pid, terminal = pty.fork()
    if pid == 0:
        os.execvpe("zsh", ["zsh", "-f", "-i"], env)

    def read_until(pattern, seconds=20):
        seen, end = "", time.monotonic() + seconds
        while not re.search(pattern, seen) and time.monotonic() < end:
            if select.select([terminal], [], [], 0.2)[0]:
                seen += os.read(terminal, 65536).decode(errors="replace")
        return seen

    try:
        read_until("READY> ")
        os.write(terminal, b"autoload -Uz compinit && compinit -D -u; source <(skep completion zsh); echo LOA''DED\n")
        assert "LOADED" in read_until("LOADED")
        os.write(terminal, b"skep versi\t--js\t\n")
        seen = read_until(r'"version": "')
        assert '"version": "' in seen, seen
    finally:
        os.write(terminal, b"\x03\x04")
        os.close(terminal)
        os.waitpid(pid, 0)


@pytest.mark.parametrize("signum, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_interruption(skep, signum, code):
    """A registry that takes the connection and says nothing; the user loses patience."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        p = subprocess.Popen([skep.binary, "sbom", f"registry:127.0.0.1:{silent.getsockname()[1]}/image:1",
                              "--insecure-registry", "*"], env=skep.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        connection, _ = silent.accept()
        p.send_signal(signum)
        out, _ = p.communicate(timeout=20)
        connection.close()
    assert p.returncode == code and not out
