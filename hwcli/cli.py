"""The `hwcli` program: four commands, one error tree, and the only place that exits."""

from collections.abc import Sequence
from typing import Annotated

import typer

import hwcli
from hwcli import console
from hwcli.commands.eval import eval_
from hwcli.commands.ingest import ingest
from hwcli.commands.ocr import ocr
from hwcli.commands.train import train
from hwcli.errors import EXIT_INTERRUPTED, HwcliError

EPILOG = """Examples:

hwcli ingest multi-script

hwcli train lenet --device cuda

hwcli eval --topk 1,2,5

hwcli ocr photos/ --topk 5 | jq -r .text
"""

app = typer.Typer(
    name="hwcli",
    help="Datasets of handwritten characters, classifiers for them, and batch OCR of photos.",
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    no_args_is_help=True,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"hwcli {hwcli.__version__}")
        raise typer.Exit


@app.callback()
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


app.command("ingest")(ingest)
app.command("train")(train)
app.command("eval")(eval_)
app.command("ocr")(ocr)


def main(argv: Sequence[str] | None = None) -> int:
    """Run `hwcli` on `argv` (default: the process's own arguments); return the exit code."""
    try:
        app(args=list(argv) if argv is not None else None, prog_name="hwcli")
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
