"""Documents in, words out: readers, encodings, sentences, morphological analysis."""
