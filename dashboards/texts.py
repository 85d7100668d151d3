"""What boards say, in each language, from one catalogue: messages.toml."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from schemas.metrics import Metric


@cache
def messages() -> Mapping[str, Mapping[str, Any]]:
    """Return the catalogue: sections, keys, and under each key a text by language."""
    return tomllib.loads((files("dashboards") / "messages.toml").read_text("utf-8"))


class Texts:
    """The catalogue in one language.

    Args:
        language: en, ru or zh.
        words: what stands for {names} in texts, the same everywhere.
    """

    def __init__(self, language: str, words: Mapping[str, str]) -> None:
        self.language = language
        self._words = words

    def __call__(self, section: str, key: str) -> str:
        """Return a text.

        Raises:
            KeyError: the catalogue has none.
        """
        text: str = messages()[section][key][self.language]
        return text.format_map(self._words)

    def all(self, section: str) -> dict[str, str]:
        """Return all texts of a section by key."""
        return {key: self(section, key) for key in messages()[section]}

    def means(self, metric: Metric) -> str:
        """Return what a number is: English from the dictionary, else its translation."""
        if self.language == "en":
            return metric.means
        return self("metrics", metric.name)

    def about(self, key: str, metric: Metric | None) -> str:
        """Return the description of a panel: its number's definition, and what it is here."""
        parts = [self("about", key)] if key in messages()["about"] else []
        if metric is not None:
            parts += [self.means(metric), f"`{metric.name}` = {metric.formula}"]
        return "\n\n".join(parts)
