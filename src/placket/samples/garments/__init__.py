"""How each kind of garment is cut and sewn: one module a family, one function a kind."""
