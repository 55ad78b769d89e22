"""Having and using word vectors: files, neighbours, arithmetic, sentences, maps."""
