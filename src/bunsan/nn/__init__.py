"""The Transformer core: one stack from which every system is assembled, and its checkpoints."""
