"""Subwords: texts as the ids a model was trained on, and places back in the text as it was given.

`opening.open_tokenizer` reads what published models bring, `training.train_tokenizer` makes new
ones. Both give a `tokenizer.Tokenizer`, which gives an `encoding.Encoding` a text.
"""
