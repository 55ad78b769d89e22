"""A collection on disk: segments, storage, learning."""
