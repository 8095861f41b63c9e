"""`python -m hwcli`: the same as the `hwcli` script."""

from hwcli.cli import script

if __name__ == "__main__":
    raise SystemExit(script())
