"""How good word vectors are: analogies, word similarity, synonyms."""
