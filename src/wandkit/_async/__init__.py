"""The async layer, one module per noun; `nox -s generate` makes its sync twin."""
