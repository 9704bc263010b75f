"""Rules and words of the Tagger v2.12 API; nothing here does I/O beyond reading the data file beside the taxonomy's."""
