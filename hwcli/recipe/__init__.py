"""Recipes: where a dataset's images come from and what is made of them, as data and never code."""

from hwcli.recipe.load import load_recipe, shipped, unverified
from hwcli.recipe.model import (
    SCHEMA,
    Balance,
    Format,
    LabelRule,
    Part,
    Recipe,
    Source,
    SplitBy,
    SplitName,
    Splitting,
)

__all__ = [
    "SCHEMA",
    "Balance",
    "Format",
    "LabelRule",
    "Part",
    "Recipe",
    "Source",
    "SplitBy",
    "SplitName",
    "Splitting",
    "load_recipe",
    "shipped",
    "unverified",
]
