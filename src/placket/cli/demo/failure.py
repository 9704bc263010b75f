"""How the demo ends early."""


class DemoFailed(Exception):
    """What went wrong, for a person to read."""
