"""Training of models: one loop that knows no model, objectives that know no loop, recipes that are files."""
