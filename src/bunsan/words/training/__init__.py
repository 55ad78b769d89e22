"""Learning word vectors: corpora of ids, and the kernels that train on them."""
