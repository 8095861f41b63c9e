"""Somebody's own images without a recipe: looked at, and a recipe drafted from what was found."""

from hwcli.own.draft import comments, draft
from hwcli.own.findings import Findings, Layout
from hwcli.own.labels import LabelWish, parse_labels
from hwcli.own.look import look
from hwcli.own.report import lines

__all__ = [
    "Findings",
    "LabelWish",
    "Layout",
    "comments",
    "draft",
    "lines",
    "look",
    "parse_labels",
]
