"""Pages in `docs/models/`, written from figures by a command; typed by hand are those in the text of the card alone."""
