"""What training is told, under the names the papers and their programs use."""

from dataclasses import dataclass
from typing import Literal

from bunsan.base.errors import BadInput
from bunsan.base.language import tr

Method = Literal["skipgram", "cbow"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Word2VecSettings:
    """Skip-gram and CBOW (Mikolov, Chen, Corrado & Dean 2013, "Efficient Estimation of Word
    Representations in Vector Space"; Mikolov, Sutskever, Chen, Corrado & Dean 2013, "Distributed
    Representations of Words and Phrases and their Compositionality").

    method : "skipgram", a word predicts each word around it; "cbow", their mean predicts the word.
    dim : numbers in a vector.
    window : words to either side, at most; each place draws its own reach from 1 to `window`, so
        near words count more (`shrink_window=False` always takes all).
    negative : words of noise for each word that was there, k of the second paper, section 2.2; 0
        for none, with `hs`.
    hs : hierarchical softmax over a Huffman tree instead of negative sampling (section 2.1).
    sample : words more frequent than this share of the text are skipped at random (section 2.3, by
        the formula of the paper's own program). 0 skips none. The paper recommends about 1e-5 for
        billions of words and its program 1e-3; 1e-4 lies between and fits texts of some millions.
    min_count : rarer words are left out (when the corpus is built).
    alpha, min_alpha : the learning rate falls evenly from one to the other over all epochs. None
        means, for skip-gram and CBOW, the published 0.025 and 0.05 with `hs`, and twice that with
        noise, which is shared and so less noisy; and a ten-thousandth of `alpha`.
    epochs : times the text is read.
    ns_exponent : noise is drawn by count to this power (section 2.2).
    cbow_mean : the mean of the words around, not their sum.
    ring, rings, fresh : noise words are shared. `rings` sets of `ring` words take turns from one
        pair of places to the next, and at each turn `fresh` of the words are replaced. At a place
        they weigh together as much as `negative` words drawn for every pair would. None chooses
        what was measured to be fast and good: more noise makes better vectors and takes longer (for
        CBOW, 14 words instead of 10 bring another point of analogies and take a fifth more time).
    threads : above 1, threads write to the same vectors without locks (Recht, Ré, Wright & Niu
        2011, "Hogwild!"): the quality stays, the very numbers differ from run to run. None takes
        all processors.
    seed : with one thread, the same seed gives the same vectors.
    """

    method: Method = "skipgram"
    dim: int = 100
    window: int = 5
    negative: int = 5
    hs: bool = False
    sample: float = 1e-4
    min_count: int = 5
    alpha: float | None = None
    min_alpha: float | None = None
    epochs: int = 5
    ns_exponent: float = 0.75
    cbow_mean: bool = True
    shrink_window: bool = True
    ring: int | None = None
    rings: int | None = None
    fresh: int | None = None
    threads: int | None = None
    seed: int = 1

    def __post_init__(self) -> None:
        """Refuse what cannot be trained.

        Raises
        ------
        BadInput : naming the setting.
        """
        whole = [("dim", self.dim, 1, 100_000), ("window", self.window, 1, 1000)]
        whole += [
            ("negative", self.negative, 0, 1000),
            ("epochs", self.epochs, 1, 1_000_000),
        ]
        whole += [("min_count", self.min_count, 1, 2**31)]
        for name, value, least, most in (
            ("ring", self.ring, 1, 1000),
            ("rings", self.rings, 1, 1000),
            ("fresh", self.fresh, 1, 1000),
            ("threads", self.threads, 1, 1024),
        ):
            if value is not None:
                whole.append((name, value, least, most))
        for name, value, least, most in whole:
            if not least <= value <= most:
                raise _refused(name, value, f"{least} - {most}")
        if self.method not in ("skipgram", "cbow"):
            raise _refused("method", self.method, "skipgram, cbow")
        if self.hs == (self.negative > 0):
            raise BadInput(
                tr(
                    "One of hierarchical softmax (hs) and negative sampling (negative) is trained.",
                    "階層的ソフトマックス(hs)と負例サンプリング(negative)は、どちらか一方を選びます。",
                ),
                remedy=tr(
                    "Give hs with negative 0, or negative above 0 without hs.",
                    "hs を使うなら negative を 0 に、使わないなら negative を 1 以上にしてください。",
                ),
            )
        start, end = self.rates
        if not 0 < start <= 10 or not 0 <= end <= start:
            raise _refused("alpha", f"{start} -> {end}", "0 <= min_alpha <= alpha <= 10")
        if not 0 <= self.sample <= 1:
            raise _refused("sample", self.sample, "0 - 1")
        if not -10 <= self.ns_exponent <= 10:
            raise _refused("ns_exponent", self.ns_exponent, "-10 - 10")
        ring, _, fresh = self.sharing
        if fresh > ring:
            raise _refused("fresh", fresh, f"1 - {ring} (ring)")

    @property
    def rates(self) -> tuple[float, float]:
        """The learning rate at the start and at the end."""
        alpha = self.alpha
        if alpha is None:
            alpha = (0.05 if self.method == "cbow" else 0.025) * (1 if self.hs else 2)
        return alpha, alpha * 1e-4 if self.min_alpha is None else self.min_alpha

    @property
    def sharing(self) -> tuple[int, int, int]:
        """Words in a ring of noise, rings, and words replaced at each turn."""
        cbow = self.method == "cbow"
        ring = self.ring or max(1, (12 if cbow else 24) * self.negative // 5)
        rings = self.rings or (12 if cbow else 1)
        return ring, rings, self.fresh or min(ring, 1 if cbow else 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class FastTextSettings(Word2VecSettings):
    """fastText: a word is the mean of its own vector and those of its character n-grams
    (Bojanowski, Grave, Joulin & Mikolov 2017, "Enriching Word Vectors with Subword Information",
    section 3.2).

    minn, maxn : characters in an n-gram; the word stands between "<" and ">". Japanese words are
        short: 1 to 3 serves them better than the published 3 to 6.
    bucket : n-grams are hashed to so many rows (only those that occur are kept in memory).
    readings : a Japanese word is also made of the n-grams of its reading in katakana, those that the
        reading would have if it were written so: 引っ越し, 引越し, ひっこし and ヒッコシ share the n-grams
        of <ヒッコシ>. Spellings of one word grow alike, and so do homophones to a degree.
    """

    minn: int = 3
    maxn: int = 6
    bucket: int = 2_000_000
    readings: bool = False

    @property
    def sharing(self) -> tuple[int, int, int]:
        """As of word2vec; skip-gram has more noise, which costs little beside the n-grams."""
        if self.method == "cbow":
            return super(FastTextSettings, self).sharing
        ring = self.ring or max(1, 32 * self.negative // 5)
        return ring, self.rings or 2, self.fresh or min(ring, 8)

    def __post_init__(self) -> None:
        """Refuse what cannot be trained."""
        super(FastTextSettings, self).__post_init__()  # `slots` makes a new class
        if not 1 <= self.minn <= self.maxn <= 100:
            raise _refused("minn, maxn", f"{self.minn}, {self.maxn}", "1 <= minn <= maxn <= 100")
        if not 1 <= self.bucket < 2**31:
            raise _refused("bucket", self.bucket, f"1 - {2**31 - 1}")


def _refused(name: str, value: object, allowed: str) -> BadInput:
    return BadInput(
        tr(f"{name} = {value} cannot be used.", f"{name} = {value} は使えません。"),
        remedy=tr(f"Allowed: {allowed}.", f"使える値: {allowed}"),
    )
