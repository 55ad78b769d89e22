"""Analyzers: text in; numbered entries and their places out."""
