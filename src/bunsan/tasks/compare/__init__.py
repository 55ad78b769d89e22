"""Which representation of texts predicts their labels best, and what more labels would buy.

`reading` takes rows with labels, `systems` what is compared, `running` compares on the same folds,
`curve` looks at fewer labels, `next_rows` at those that are still to be given.
"""
