"""Generation on ordinary processors: kernels for steps of few rows."""
