"""Values and rules of the product; nothing here does I/O beyond reading the data files beside it."""
