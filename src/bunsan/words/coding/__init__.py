"""Coding rules: conditions that give codes to documents, in the format of KH Coder's rule files."""
