"""Words as counts: vocabulary, co-occurrence, PPMI, TF-IDF, BM25."""
