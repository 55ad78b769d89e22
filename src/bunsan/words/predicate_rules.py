"""The rules by which nouns are tied to predicates, read off morphemes alone.

Predicates are verbs and adjectives, a noun followed by する or できる (the word taken is the noun,
勉強), and a noun that ends a sentence or stands before だ, です or another auxiliary (最高です). With
a predicate go its auxiliaries, a verb joined to it (食べ始める) and a light verb after て
(食べている). An adjective before a verb is an adverb (早く食べる) and no predicate; nor are the verbs
of について, による, として and という.

1. A noun followed by が を に へ で と から より まで belongs to the nearest predicate after it.
   Suffixes, brackets, だけ, など and their like may stand between noun and particle; in a compound
   the last noun counts. Of nouns joined by と (りんごとバナナを) the last is taken.
2. An adjective that stands directly before a noun (赤いりんご) takes no noun but one whose が is
   directly before it (鼻が長い象); the others wait for the next predicate.
3. A noun with は or も, alone (the topic) or after a case particle (駅には), belongs to the first
   predicate after it that ends a clause: one before a comma, a conjunctive particle (けど, ので, が),
   a quoting と or the end of the sentence; for も, before て as well. The relation is the case
   particle where there is one.
4. A predicate directly before a noun gives (noun, 連体, predicate).
5. の after a noun (駅の) or a particle (駅からの) makes no triple.

Known limits. The nearest predicate may be inside a relative clause that the noun is not part of
(母に昨日買ったりんごを送る ties 母 to 買う); an adjective before a noun may take a が that is not its
own (彼女が赤い服を着る ties 彼女 to 赤い) and leaves a に that is (駅に近い宿に泊まる ties 駅 to 泊まる);
連体 goes to the first of several nouns joined by の; nouns without a particle are in no triple;
passives and negations count as their verb.

Each token has a *kind*: uint32, what its word can be (`bunsan.words.predicates.word_classes`).
"""

import numpy as np
from numba import njit

RELATIONS = ("が", "を", "に", "へ", "で", "と", "から", "より", "まで", "は", "も", "連体")
SUBJECT, TO, ALSO, ADNOMINAL = (RELATIONS.index(r) for r in ("が", "と", "も", "連体"))

# What a word can be; a word may be several. The four highest bits are the relation of a particle.
NOUN = 1 << 0
AFFIX = 1 << 1
TRANSPARENT = 1 << 2  # may stand between a noun and its particle
VERB = 1 << 3
ADJECTIVE = 1 << 4
LIGHT = 1 << 5  # belongs to the predicate before it when it follows て
SURU = 1 << 6  # makes a predicate of the noun before it
ARU = 1 << 7  # である, ではない: belongs to the predicate before
FUNCTION = 1 << 8  # a particle with に or を before it: による
FUNCTION_TE = 1 << 9  # the same when て follows: について
SAY = 1 << 10  # という
AUXILIARY = 1 << 11
COPULA = 1 << 12
TE = 1 << 13
JOINT = 1 << 14  # ends a clause: けど, ので, が
CASE = 1 << 15
TOPIC = 1 << 16
OF = 1 << 17  # の
COMMA = 1 << 18
STOP = 1 << 19
RELATION_SHIFT = 28


@njit(nogil=True, cache=True)
def _noun_before(kind, i, begin, between):  # type: ignore[no-untyped-def]
    """The noun before place i, over tokens that are `between`; -1 if there is none."""
    i -= 1
    while i >= begin and kind[i] & between:
        i -= 1
    return i if i >= begin and kind[i] & NOUN else -1


@njit(nogil=True, cache=True)
def _verb_follows(kind, i, end):  # type: ignore[no-untyped-def]
    """True when a verb follows i, directly or as a noun with する: 早く 食べる, 早く 出発 する."""
    if i + 1 < end and kind[i + 1] & NOUN:
        i += 1
        return i + 1 < end and kind[i + 1] & SURU != 0
    return i + 1 < end and kind[i + 1] & VERB != 0 and not kind[i + 1] & ARU


@njit(nogil=True, cache=True)
def _is_function(kind, i, begin, end):  # type: ignore[no-untyped-def]
    """True for the verbs of について, による, として, という."""
    if i == begin or not kind[i - 1] & CASE:
        return False
    te_follows = i + 1 < end and kind[i + 1] & TE != 0
    if kind[i - 1] >> RELATION_SHIFT != TO:
        # における is おく with an auxiliary in some dictionaries.
        joined = i + 1 < end and kind[i + 1] & (TE | AUXILIARY) != 0
        return kind[i] & FUNCTION != 0 or (kind[i] & FUNCTION_TE != 0 and joined)
    if kind[i] & SURU:
        return te_follows
    if kind[i] & SAY:
        i += i + 1 < end and kind[i + 1] & AUXILIARY != 0
        return i + 1 < end and kind[i + 1] & (NOUN | ADJECTIVE) != 0
    return False


@njit(nogil=True, cache=True)
def _continues(kind, i):  # type: ignore[no-untyped-def]
    """True when the verb or adjective at i is one predicate with what stands right before it."""
    before = kind[i - 1]
    return (
        (before & VERB != 0 and kind[i] & VERB != 0)
        or (before & TE != 0 and kind[i] & LIGHT != 0)
        or (before & (AUXILIARY | TOPIC) != 0 and kind[i] & ARU != 0)
        or kind[i] & (ADJECTIVE | ARU) == (ADJECTIVE | ARU)
    )


@njit(nogil=True, cache=True)
def predicates(kind, sentence, keep):  # type: ignore[no-untyped-def]
    """int64[n]: the place of the predicate each token is or goes with, -1 for none."""
    of = np.full(len(kind), -1, np.int64)
    for s in range(len(sentence) - 1):
        if not keep[s]:
            continue
        begin, end = sentence[s], sentence[s + 1]
        for i in range(begin, end):
            k = kind[i]
            open_one = of[i - 1] if i > begin else -1
            made_of = _noun_before(kind, i, begin, AFFIX) if k & SURU else -1
            if made_of >= 0:
                of[made_of : i + 1] = made_of
            elif k & (VERB | ADJECTIVE):
                follower = i + 1 if i + 1 < end and kind[i + 1] & COPULA else i
                if open_one >= 0 and _continues(kind, i):
                    of[i] = open_one
                elif k & ADJECTIVE and not k & ARU and _verb_follows(kind, follower, end):
                    of[i] = -1  # an adverb
                elif not _is_function(kind, i, begin, end):
                    of[i] = i
            elif k & (AUXILIARY | STOP) and open_one < 0:
                noun = _noun_before(kind, i, begin, TRANSPARENT)
                if noun >= 0:
                    of[noun] = noun
                    of[noun + 1 : i + 1] = noun if k & AUXILIARY else -1
            elif k & (AUXILIARY | TE | TRANSPARENT | TOPIC):
                of[i] = open_one
        noun = _noun_before(kind, end, begin, TRANSPARENT)
        if noun >= 0 and of[noun] < 0:
            of[noun] = noun
    return of


@njit(nogil=True, cache=True)
def _link(kind, noun, begin, end):  # type: ignore[no-untyped-def]
    """The relation of a noun to its predicate, -1 for none, and whether it is a topic."""
    i = noun + 1
    while i < end and kind[i] & TRANSPARENT:
        i += 1
    if i == end or not kind[i] & (CASE | TOPIC):
        return -1, False
    relation = np.int64(kind[i] >> RELATION_SHIFT)
    after = kind[i + 1] if i + 1 < end else np.uint32(0)
    if kind[i] & TOPIC:
        return relation, True
    listed = relation == TO and after & NOUN
    if listed or after & OF or (after & VERB and _is_function(kind, i + 1, begin, end)):
        return -1, False
    return relation, after & TOPIC != 0


@njit(nogil=True, cache=True)
def _modified_noun(kind, of, i, end):  # type: ignore[no-untyped-def]
    """The last noun of the compound that begins at i; -1 if the compound is a verb with する."""
    noun = i
    while i < end and kind[i] & (NOUN | TRANSPARENT):
        if kind[i] & NOUN:
            noun = i
        i += 1
    return -1 if i < end and kind[i] & SURU and of[i] == noun else noun


@njit(nogil=True, cache=True)
def _settle_topics(kind, of, i, end, topics, n_topics, out, found):  # type: ignore[no-untyped-def]
    """Rule 3, at the token after a predicate. Returns how many topics are left, and triples found."""
    k = kind[i] if i < end else np.uint32(STOP)
    quoting = k & CASE and k >> RELATION_SHIFT == TO
    clause_ends = quoting or k & (JOINT | COMMA | STOP)
    left = 0
    for t in range(n_topics):
        noun, relation = topics[t]
        if clause_ends or (kind[i - 1] & TE and relation == ALSO):
            found = _put(out, found, noun, relation, of[i - 1])
        else:
            topics[left] = noun, relation
            left += 1
    return left, found


@njit(nogil=True, cache=True)
def _take_waiting(kind, i, end, waiting, n_waiting, out, found):  # type: ignore[no-untyped-def]
    """Rules 1 and 2, at a predicate. Returns how many nouns still wait, and triples found."""
    after = i + 1 + (i + 1 < end and kind[i + 1] & COPULA != 0)
    attributive = kind[i] & ADJECTIVE and after < end and kind[after] & NOUN
    left = 0
    for w in range(n_waiting):
        noun, relation = waiting[w]
        adjacent = w == n_waiting - 1 and relation == SUBJECT and kind[i - 1] & CASE
        if attributive and not adjacent:
            waiting[left] = noun, relation
            left += 1
        else:
            found = _put(out, found, noun, relation, i)
    return left, found


@njit(nogil=True, cache=True)
def _put(out, found, noun, relation, predicate):  # type: ignore[no-untyped-def]
    nouns, relations, predicates = out
    nouns[found], relations[found], predicates[found] = noun, relation, predicate
    return found + 1


@njit(nogil=True, cache=True)
def _room(kind):  # type: ignore[no-untyped-def]
    """Triples there can be at most: a noun has one particle and one predicate before it."""
    nouns = 0
    for k in kind:
        nouns += k & NOUN != 0
    return (
        np.empty(2 * nouns, np.int64),
        np.empty(2 * nouns, np.uint8),
        np.empty(2 * nouns, np.int64),
    )


@njit(nogil=True, cache=True)
def attach(kind, of, sentence, keep):  # type: ignore[no-untyped-def]
    """Triples by the rules. `waiting` and `topics` are stacks of (noun, relation)."""
    out = _room(kind)
    found = 0
    longest = 0
    for s in range(len(sentence) - 1):
        longest = max(longest, sentence[s + 1] - sentence[s])
    waiting, topics = np.empty((longest, 2), np.int64), np.empty((longest, 2), np.int64)
    for s in range(len(sentence) - 1):
        if not keep[s]:
            continue
        begin, end = sentence[s], sentence[s + 1]
        n_waiting, n_topics = 0, 0
        for i in range(begin, end + 1):
            before = of[i - 1] if i > begin else -1
            if n_topics and before >= 0 and (i == end or of[i] != before):
                n_topics, found = _settle_topics(kind, of, i, end, topics, n_topics, out, found)
            if i == end:
                break
            if of[i] == i:
                n_waiting, found = _take_waiting(kind, i, end, waiting, n_waiting, out, found)
            if kind[i] & NOUN:
                if before >= 0 and not kind[i - 1] & (TE | TOPIC):
                    noun = _modified_noun(kind, of, i, end)
                    if noun >= 0:
                        found = _put(out, found, noun, ADNOMINAL, before)
                relation, is_topic = _link(kind, i, begin, end)
                if is_topic:
                    topics[n_topics] = i, relation
                    n_topics += 1
                elif relation >= 0:
                    waiting[n_waiting] = i, relation
                    n_waiting += 1
            elif kind[i] & STOP:
                n_waiting, n_topics = 0, 0
    nouns, relations, predicates = out
    return nouns[:found], relations[:found], predicates[:found]


@njit(nogil=True, cache=True)
def attach_to_heads(kind, of, heads, sentence, keep):  # type: ignore[no-untyped-def]
    """Triples by a parser's heads, in place of rules 1 to 4."""
    out = _room(kind)
    found = 0
    for s in range(len(sentence) - 1):
        if not keep[s]:
            continue
        begin, end = sentence[s], sentence[s + 1]
        for i in range(begin, end):
            head = heads[i]
            if head < 0:
                continue
            if kind[i] & NOUN and of[head] >= 0:
                relation, _ = _link(kind, i, begin, end)
                if relation >= 0:
                    found = _put(out, found, i, relation, of[head])
            modifies = of[i] == i and head > i and kind[head] & NOUN
            if modifies and _modified_noun(kind, of, head, end) >= 0:
                found = _put(out, found, head, ADNOMINAL, i)
    nouns, relations, predicates = out
    return nouns[:found], relations[:found], predicates[:found]
