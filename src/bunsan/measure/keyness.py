"""Feature words: which words mark which group of documents, and how sure that is.

Each (word, group) pair is one 2x2 table of documents:

                     has the word     has it not
    in the group     n11              n1 - n11         n1 documents
    outside          n2 - n11         …                n - n1 documents

The tests count documents, not tokens: the tokens of one document come in clusters, so a test on
tokens calls far too many words significant (Lijffijt et al. 2016, "Significance testing of word
frequencies in corpora", Digital Scholarship in the Humanities 31).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bunsan.base.errors import BadInput
from bunsan.base.language import tr
from bunsan.measure.association import jaccard, log_likelihood
from bunsan.measure.intervals import benjamini_hochberg, chi2_p, newcombe, wilson

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Keyness:
    """Arrays of shape (G, V): one row per group, one column per word.

    documents : documents of the group that have the word.
    jaccard, jaccard_low, jaccard_high : documents of the group with the word / documents that are
        in the group or have the word, and its interval. KH Coder ranks feature words by it.
    g2 : log-likelihood ratio; its sign is negative where the word avoids the group.
    p, q : p-value of `g2`, and adjusted over all (word, group) tests of the call (Benjamini &
        Hochberg). NaN where no test is possible: the word or the group, or all outside, is empty.
    tfidf : share of the group's tokens that are the word x ln(documents / documents with the word).
    share, outside : share of documents with the word in the group and outside it.
    difference, difference_low, difference_high : share - outside, with Newcombe's interval.
    token_g2 : signed G² on tokens (Rayson & Garside's keyness), for comparison with other tools;
        None where no tokens were given. It has no p-value here, for the reason above.
    """

    documents: NDArray[np.int64]
    jaccard: Floats
    jaccard_low: Floats
    jaccard_high: Floats
    g2: Floats
    p: Floats
    q: Floats
    tfidf: Floats
    share: Floats
    outside: Floats
    difference: Floats
    difference_low: Floats
    difference_high: Floats
    token_g2: Floats | None


def keyness(
    documents: ArrayLike,
    sizes: ArrayLike,
    *,
    tokens: ArrayLike | None = None,
    token_totals: ArrayLike | None = None,
    level: float = 0.95,
) -> Keyness:
    """Measure every word against every group.

    Parameters
    ----------
    documents : int (G, V), documents of group g in which word v occurs.
    sizes : int (G,), documents of each group. Groups share no document.
    tokens : int (G, V), occurrences of word v in group g. Without them TF is taken from
        `documents`.
    token_totals : int (G,), all tokens of each group; by default the sums of `tokens`, which is
        right only where `tokens` holds every word and not a selection.
    level : of both intervals.

    Notes
    -----
    The interval of Jaccard: if documents are drawn anew from the same source, then of the m that
    are in the group or have the word, the number that are both is binomial(m, Jaccard). So Jaccard
    is a proportion of m trials, and Wilson's interval holds; a bootstrap over documents gives the
    same limits up to its own noise, except where n11 is 0 and it finds no width at all.

    Sources: G², Dunning (1993), Computational Linguistics 19; keyness, Rayson & Garside (2000),
    "Comparing corpora using frequency profiling"; IDF, Spärck Jones (1972), J. Documentation 28;
    Jaccard for feature words, Higuchi (2016), "KH Coder 3 reference manual".

    Raises
    ------
    BadInput : there are fewer than two groups, or a word is in more documents than its group has.
    """
    n11 = np.asarray(documents, np.int64)
    group = np.asarray(sizes, np.int64)
    if len(group) < 2:
        raise BadInput(
            tr(
                "Feature words need at least two groups.",
                "特徴語を求めるには2つ以上のグループが必要です。",
            ),
            remedy=tr(
                "Choose a column with several values.", "値が2種類以上ある列を選んでください。"
            ),
        )
    if n11.ndim != 2 or len(n11) != len(group):
        raise ValueError(f"documents {n11.shape} and sizes {group.shape} do not match")
    if np.any(n11 < 0) or np.any(n11 > group[:, None]):
        raise BadInput(
            tr(
                "A word is counted in more documents than its group has.",
                "グループの文書数より多くの文書に出現する語があります。",
            ),
            remedy=tr(
                "Give counts of documents, not of tokens.",
                "延べ語数ではなく文書数を渡してください。",
            ),
        )
    n = group.sum()
    n1 = np.broadcast_to(group[:, None], n11.shape)
    n2 = np.broadcast_to(n11.sum(axis=0), n11.shape)
    jaccard_low, jaccard_high = wilson(n11, n1 + n2 - n11, level)
    testable = (n1 > 0) & (n1 < n) & (n2 > 0)
    g2 = log_likelihood(n11, n1, n2, n)
    p = np.where(testable, chi2_p(np.abs(g2)), np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        share = n11 / n1
        outside = (n2 - n11) / (n - n1)
        idf = np.where(n2 > 0, np.log(n / n2), 0.0)
    low, high = newcombe(n11, n1, n2 - n11, n - n1, level)
    count = n11 if tokens is None else np.asarray(tokens, np.int64)
    if count.shape != n11.shape:
        raise ValueError(f"tokens {count.shape} and documents {n11.shape} do not match")
    given = token_totals is not None and tokens is not None
    totals = np.asarray(token_totals if given else count.sum(axis=1), np.int64)[:, None]
    token_g2 = None
    if tokens is not None:
        every = np.broadcast_to(totals, count.shape)
        token_g2 = log_likelihood(
            count, every, np.broadcast_to(count.sum(axis=0), count.shape), totals.sum()
        )
    return Keyness(
        documents=n11,
        jaccard=jaccard(n11, n1, n2, n),
        jaccard_low=jaccard_low,
        jaccard_high=jaccard_high,
        g2=g2,
        p=p,
        q=benjamini_hochberg(p),
        tfidf=np.where(totals > 0, count / np.maximum(totals, 1), 0.0) * idf,
        share=share,
        outside=outside,
        difference=share - outside,
        difference_low=low,
        difference_high=high,
        token_g2=token_g2,
    )
