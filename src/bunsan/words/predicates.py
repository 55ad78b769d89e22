"""What is said of a noun: りんご を 食べる gives (りんご, を, 食べる).

Triples of a noun, a relation and a predicate are found from the morphemes alone, in one pass over the
tokens, without a parser. The rules:

* A noun followed by が を に へ で と から より まで belongs to the nearest predicate after it. Suffixes,
  brackets and だけ, など and their like may stand between noun and particle; in a compound the last noun
  counts. After と that is followed by a noun, the two are one list (りんごとバナナを), and only the
  last of them is taken.
* A noun with は or も alone, the topic, belongs to the last predicate before the sentence ends (or the
  next は begins another clause). は and も after a case particle (には, でも) change nothing.
* Predicates are verbs and adjectives, a noun followed by する or できる (the noun is the word taken: 勉強),
  and, if asked for, a noun before だ or です. A verb joined to another (食べ始める, 食べている) is one
  predicate with it, the first; an adjective before a verb is an adverb (早く食べる) and no predicate.
* An adjective that stands directly before a noun (赤いりんご) takes no particles but が from before it.
* A predicate, with its auxiliaries, that stands directly before a noun gives (noun, 連体, predicate).
* について, による, として and other particles made of verbs, and の after a particle (駅からの), make no
  triple.

What the rules cannot see: relative clauses in the middle of a sentence catch the particles before
them (私が昨日買ったりんごを食べる ties 私 to 買う, rightly, but 母に昨日買ったりんごを送る ties 母 to 買う too);
a noun without a particle is in no triple; passives and negations count as their verb. Against the
dependencies that people annotated in UD Japanese GSD (dev), see `tests/words/counts`.

A parser's dependencies can take the place of the nearest-predicate rule: see `Parser`.
"""
