"""Options that several commands share: same flag, same meaning."""

from typing import Annotated, Literal

import typer

from hwcli import console
from hwcli.errors import UsageError


def _quiet(wanted: bool) -> bool:
    if wanted:
        console.set_verbosity(-1)
    return wanted


def _verbose(times: int) -> int:
    if times:
        console.set_verbosity(times)
    return times


Quiet = Annotated[
    bool, typer.Option("-q", "--quiet", help="Only errors on stderr.", callback=_quiet)
]
Verbose = Annotated[
    int,
    typer.Option(
        "-v", "--verbose", count=True, help="More on stderr; -vv for all.", callback=_verbose
    ),
]
Engine = Annotated[
    Literal["local", "ray"],
    typer.Option(help="ray: by Ray, on many machines; ocr's records then come in any order."),
]
Address = Annotated[
    str | None,
    typer.Option(
        help="The Ray cluster.  [default: a Ray of this machine alone]", metavar="HOST:PORT|auto"
    ),
]


def check_address(engine: str, address: str | None) -> None:
    """Raise UsageError where an address is given and nothing asks for a cluster."""
    if address is not None and engine != "ray":
        raise UsageError("--address is of a Ray cluster", hint="--engine ray works there")
