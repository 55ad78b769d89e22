"""Texts to vectors: packed execution without padding, pooling, windows, words."""
