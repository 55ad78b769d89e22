"""Search by words, by meaning, and by both: what `bunsan.tasks.search` is made of."""
