"""Options that several commands share: same flag, same meaning."""

from typing import Annotated

import typer

from hwcli import console


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
