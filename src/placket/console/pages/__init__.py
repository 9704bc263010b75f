"""One module a page: its paths (``GET``, ``POST``) and what stands on it."""
