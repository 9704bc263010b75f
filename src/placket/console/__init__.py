"""The console: pages to see what Placket finds and to run it, served by Placket itself, without a build step."""

from placket.console.app import Console, create_console
from placket.console.parts import ConsoleParts, ModelCard

__all__ = ["Console", "ConsoleParts", "ModelCard", "create_console"]
