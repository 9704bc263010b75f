import os

if os.environ.get("PLACKET_PLAIN"):
    # Typer reads it when it is loaded: help and mistakes on the command line without frames.
    os.environ.setdefault("TYPER_USE_RICH", "0")
