"""Plain ways to predict labels from texts, against which everything larger has to show its worth.

`representations` says what each of them must offer; `counts` are TF-IDF over words and characters,
`vectors` averaged word vectors and the vectors of an encoder; `linear` is what is learned on top.
"""
