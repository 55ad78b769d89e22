"""Generation: one loop for decoders and encoder-decoders, from single calls to a running batch.

`model.LanguageModel` is what a model must offer, `decoding.Decoding` how its next token is chosen,
`running.Running` the batch that requests join and leave, `loop.generate` a call that drives it,
`beams.beam_search` the search, `scoring` the probabilities of given texts, `stream.TextStream` text
from tokens as they come, `prefix.PrefixStore` what is kept from one request to the next.
"""
