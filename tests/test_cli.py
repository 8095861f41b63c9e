"""The face: start-up, exit codes, streams."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import hwcli as package
from hwcli import errors
from hwcli.errors import HwcliError

HEAVY = (
    "torch",
    "torchvision",
    "cv2",
    "h5py",
    "numpy",
    "onnxruntime",
    "sklearn",
    "matplotlib",
    "PIL",
)
ROOT = Path(__file__).parent.parent


def fresh(code: str, *args: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`code` in an interpreter of its own."""
    return subprocess.run(
        [sys.executable, "-c", code, *args],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        timeout=120,
    )


def loaded_by(*argv: str) -> set[str]:
    code = (
        "import sys, hwcli.cli\n"
        f"hwcli.cli.main({list(argv)!r})\n"
        "print(*sys.modules, file=sys.stderr)"
    )
    run = fresh(code)
    names = set(run.stderr.split())
    assert run.returncode == 0 and "hwcli.cli" in names, run.stderr
    return names


@pytest.mark.parametrize(
    "argv", [("--help",), ("ingest", "-h"), ("train", "-h"), ("eval", "-h"), ("ocr", "-h")]
)
def test_help_loads_nothing_heavy(argv: tuple[str, ...]) -> None:
    assert loaded_by(*argv).isdisjoint(HEAVY)


def test_the_guard_sees_a_heavy_module() -> None:
    assert "numpy" in set(fresh("import sys, numpy; print(*sys.modules)").stdout.split())


def test_ocr_does_not_load_torch(tmp_path: Path) -> None:
    from PIL import Image

    Image.new("L", (40, 40), 255).save(tmp_path / "white.png")
    names = loaded_by("ocr", str(tmp_path / "white.png"))
    assert "onnxruntime" in names
    # what one photo does not need: a second of imports for each of the first, h5py a tenth
    assert names.isdisjoint({"torch", "torchvision", "matplotlib", "sklearn", "scipy", "h5py"})
    assert names.isdisjoint({"hwcli.dataset", "rich", "ray"})


@pytest.mark.parametrize("command", ["ingest", "train", "eval", "ocr"])
def test_help_has_examples(hwcli, command: str) -> None:
    code, out, err = hwcli(command, "-h")
    assert code == 0 and not err
    assert out.count(f"hwcli {command} ") > 2  # the usage line is one


def test_help_in_a_pipe_has_no_escapes() -> None:
    for variable in ("FORCE_COLOR", "GITHUB_ACTIONS", "PY_COLORS"):
        run = fresh("import hwcli.cli; hwcli.cli.main(['ocr', '--help'])", **{variable: "1"})
        assert "\x1b" not in run.stdout, variable


def test_version(hwcli) -> None:
    assert hwcli("--version") == (0, f"hwcli {package.__version__}\n", "")


def test_no_arguments_shows_help(hwcli) -> None:
    assert hwcli().code == 2


def test_unknown_command_is_usage(hwcli) -> None:
    code, out, err = hwcli("orc")
    assert (code, out) == (2, "") and "orc" in err


def test_exit_codes_are_those_of_the_readme() -> None:
    documented = dict(
        re.findall(r"^\| (\d+) \| (?:`(\w+)`)?", (ROOT / "README.md").read_text("utf-8"), re.M)
    )
    own = {str(c.exit_code): c.__name__ for c in HwcliError.__subclasses__()}
    assert {k: v for k, v in documented.items() if v} == own
    assert str(errors.EXIT_INTERRUPTED) in documented and "0" in documented


def test_module_runs_as_the_script_does() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "hwcli", "--version"], capture_output=True, text=True, timeout=60
    )
    assert run.stdout == f"hwcli {package.__version__}\n"


def test_native_output_does_not_reach_stdout() -> None:
    code = (
        "import os\n"
        "from hwcli.console import results\n"
        "with results() as out:\n"
        "    os.write(1, b'native\\n'); print('printed'); out.write('result\\n')\n"
        "print('after')"
    )
    run = fresh(code)
    assert run.stdout == "result\nafter\n"
    assert "native" in run.stderr and "printed" in run.stderr


def test_closed_pipe_ends_quietly(tmp_path: Path) -> None:
    from PIL import Image

    for n in range(60):
        Image.new("L", (30, 30), 255).save(tmp_path / f"{n}.png")
    run = subprocess.run(
        f"'{sys.executable}' -m hwcli ocr '{tmp_path}' --jobs 1 | head -n 1;"
        " exit ${PIPESTATUS[0]}",
        shell=True,
        executable="/bin/bash",
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert json.loads(run.stdout)["schema"] == "hwcli.ocr/1"
    assert (run.returncode, run.stderr) == (0, "")


@pytest.mark.skipif(os.name != "posix", reason="POSIX signals")
def test_ctrl_c_is_130(tmp_path: Path) -> None:
    from PIL import Image

    path = tmp_path / "white.png"
    Image.new("L", (30, 30), 255).save(path)
    names = tmp_path / "names.txt"
    names.write_text(f"{path}\n" * 100_000)
    with names.open() as stdin:
        process = subprocess.Popen(
            [sys.executable, "-m", "hwcli", "ocr", "-", "--jobs", "1"],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert process.stdout
    assert json.loads(process.stdout.readline())["text"] == ""  # it is at work
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == errors.EXIT_INTERRUPTED
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "shell, name", [("bash", "hwcli.bash"), ("zsh", "_hwcli"), ("fish", "hwcli.fish")]
)
def test_completions_equal_a_fresh_render(shell: str, name: str) -> None:
    from typer.completion import get_completion_script

    script = get_completion_script(prog_name="hwcli", complete_var="_HWCLI_COMPLETE", shell=shell)
    assert (ROOT / "completions" / name).read_text("utf-8") == script + "\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux")
def test_full_standard_output_is_one_line(tmp_path: Path) -> None:
    from PIL import Image

    Image.new("L", (30, 30), 255).save(tmp_path / "white.png")
    with Path("/dev/full").open("w") as full:
        run = subprocess.run(
            [sys.executable, "-m", "hwcli", "ocr", str(tmp_path / "white.png")],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=60,
        )
    assert run.returncode == 8
    assert run.stderr.count("\n") == 1 and "standard output cannot be written" in run.stderr
