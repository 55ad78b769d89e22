"""Some rows held out, so that scores are not of what was learned by heart."""

from collections.abc import Sequence

import numpy as np

from bunsan.tasks.finetuning.base import Item, Task


def held_out(
    task: Task, items: Sequence[Item], share: float, seed: int
) -> tuple[list[Item], list[Item]]:
    """Items for training and items for evaluation, both in order.

    Groups (all questions on one passage) stay together. Of classes, each gives its own share and keeps
    one at least.
    """
    groups: dict[object, list[int]] = {}
    for i, item in enumerate(items):
        own = task.group(item)
        groups.setdefault(i if own is None else own, []).append(i)
    classes: dict[object, list[list[int]]] = {}
    single = task.kind == "class"
    for members in groups.values():
        classes.setdefault(items[members[0]].truth if single else None, []).append(members)
    chance = np.random.default_rng([seed, 11])
    kept_apart: set[int] = set()
    for of_class in classes.values():
        wanted = min(round(share * sum(map(len, of_class))), sum(map(len, of_class)) - 1)
        taken = 0
        for number in chance.permutation(len(of_class)).tolist():
            members = of_class[number]
            if taken + len(members) <= wanted:
                kept_apart.update(members)
                taken += len(members)
    train = [item for i, item in enumerate(items) if i not in kept_apart]
    return train, [item for i, item in enumerate(items) if i in kept_apart]
