"""Ranking documents by BM25: formulas, inverted index, impacts, exact top-k search."""
