"""The published systems, one file each, assembled from the core."""
