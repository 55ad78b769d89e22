"""A small bilingual world, written for this package, to try everything on without any data at hand.

Nothing in it is real: the stays, the people and the events are made up, and every document says so
in its `source` (`demo-ja`, `demo-en`). Only geography is true: which sights an area has, which city
is a country's capital.
"""
