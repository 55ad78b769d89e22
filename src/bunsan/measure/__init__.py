"""Scores and intervals: association measures, confidence intervals, corrections."""
