"""Pages in `docs/models/`, written from figures by a command; no number in them is typed by hand."""
