"""Recipes as files: what they hold, what they take over from another, and how their fields are changed."""

from potstill.recipes.ablations import merge_ablations
from potstill.recipes.extending import list_fields
from potstill.recipes.overrides import Overrides, list_overrides, override_fields, set_field
from potstill.recipes.parsing import parse_values
from potstill.recipes.reading import RecipeFile, read_recipe_file, read_shipped_recipe, shipped_recipes
from potstill.recipes.shorthands import Shorthands
from potstill.recipes.writing import to_toml

__all__ = [
    "Overrides",
    "RecipeFile",
    "Shorthands",
    "list_fields",
    "list_overrides",
    "merge_ablations",
    "override_fields",
    "parse_values",
    "read_recipe_file",
    "read_shipped_recipe",
    "set_field",
    "shipped_recipes",
    "to_toml",
]
