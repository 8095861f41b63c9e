"""The `hwcli` program: four commands, one error tree, and the only place that exits."""

import gc
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Annotated

import typer

import hwcli
from hwcli import console
from hwcli.errors import EXIT_INTERRUPTED, HwcliError

EPILOG = """Examples:

hwcli ingest multi-script

hwcli train lenet --device cuda

hwcli eval --topk 1,2,5

hwcli ocr photos/ --topk 5 | jq -r .text
"""

_COMMANDS = {"ingest": "ingest", "train": "train", "eval": "eval_", "ocr": "ocr"}
"""Each command, a room of `hwcli.commands`, and its function there."""
_OBJECTS = 10_000
"""Start-up makes so many that stay: to look for garbage among them takes as long as much of it."""


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"hwcli {hwcli.__version__}")
        raise typer.Exit


def _face(
    version: Annotated[
        bool,
        typer.Option("--version", help="Show the version.", callback=_print_version, is_eager=True),
    ] = False,
    quiet: Annotated[bool, typer.Option("-q", "--quiet", help="Only errors on stderr.")] = False,
    verbose: Annotated[
        int, typer.Option("-v", "--verbose", count=True, help="More on stderr; -vv for all.")
    ] = 0,
) -> None:
    console.set_verbosity(-1 if quiet else verbose)


def _app(args: Sequence[str]) -> typer.Typer:
    """The program, with the command that `args` name, or with all where they name none."""
    app = typer.Typer(
        name="hwcli",
        help="Datasets of handwritten characters, classifiers for them, and batch OCR of photos.",
        epilog=EPILOG,
        context_settings={"help_option_names": ["-h", "--help"]},
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        no_args_is_help=True,
    )
    app.callback()(_face)
    first = next((arg for arg in args if not arg.startswith("-")), None)
    for name in (first,) if first in _COMMANDS else _COMMANDS:
        module = import_module(f"hwcli.commands.{name}")
        app.command(name)(getattr(module, _COMMANDS[name]))
    return app


def script() -> int:
    """`main` as a process of its own, which takes what is left in memory with it."""
    gc.set_threshold(_OBJECTS)
    try:
        return main()
    finally:
        gc.freeze()


def main(argv: Sequence[str] | None = None) -> int:
    """Run `hwcli` on `argv` (default: the process's own arguments); return the exit code."""
    args = list(sys.argv[1:] if argv is None else argv)
    try:
        _app(args)(args=args, prog_name="hwcli")
    except HwcliError as error:
        console.complain(error.message, error.hint)
        return error.exit_code
    except console.ClosedPipe:
        return 0
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except SystemExit as exit_:
        return _exit_code(exit_)
    return 0


def _exit_code(exit_: SystemExit) -> int:
    if exit_.code is None:
        return 0
    return exit_.code if isinstance(exit_.code, int) else 1
