"""Small made-up tasks whose rule must be found from examples, to train and to test a model on.

Three families of tasks, each with rules that are kept out of training:

- labels: words of two sorts (fruit, animals, ...), each sort with a sign that is another one in every
  task. Without examples nobody can know the sign.
- letters: which letters of a word of three, in which order. One example tells.
- numbers: two digits and a sign whose meaning (plus, the larger one, ...) is another one in every task.

A document for training is one task, with examples one a line, as in Brown et al. 2020, figure 1.1:
sequences that repeat a task are what a model learns to learn from.
"""

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from pathlib import Path

from bunsan.base.files import atomic_write

ARROW = "→"
SORTS: Mapping[str, str] = {
    "果物": "りんご みかん ぶどう もも なし かき いちご すいか メロン バナナ さくらんぼ びわ",
    "動物": "犬 猫 馬 牛 猿 熊 兎 羊 虎 象 鹿 狐",
    "色": "赤 青 白 黒 緑 黄 紫 茶色 灰色 紺 金色 銀色",
    "乗り物": "電車 自転車 飛行機 船 バス 車 地下鉄 馬車 タクシー 舟 気球 そり",
    "体": "頭 首 肩 腕 手 指 胸 腹 腰 足 膝 背中",
    "家族": "父 母 兄 姉 弟 妹 祖父 祖母 叔父 叔母 いとこ 孫",
    "天気": "晴れ 雨 雪 曇り 霧 風 嵐 雷 霜 台風 虹 みぞれ",
    "道具": "鋸 金槌 鋏 包丁 針 箒 鍬 鎌 筆 釘抜き 鉋 錐",
}
SIGNS = "アイウエオカキク"
LETTERS = "かきくけこさしすせそたちつてとなにぬねのはひふへほまみむめも"
MEANINGS: Mapping[str, Callable[[int, int], int]] = {
    "plus": lambda a, b: a + b,
    "times": lambda a, b: a * b,
    "larger": max,
    "smaller": min,
    "apart": lambda a, b: abs(a - b),
    "side by side": lambda a, b: 10 * a + b,
}
MARKS = "◇◆○●△▲☆★"


@dataclass(frozen=True)
class Task:
    """A rule: `draw` gives an example of it, an input and its output.

    `name` tells the family and the rule.
    """

    family: str
    name: str
    draw: Callable[[random.Random], tuple[str, str]]

    def examples(self, n: int, chance: random.Random) -> list[tuple[str, str]]:
        """Up to n examples whose inputs differ."""
        found: dict[str, str] = {}
        for _ in range(20 * n):
            given, answer = self.draw(chance)
            found.setdefault(given, answer)
            if len(found) == n:
                break
        return list(found.items())


def all_tasks() -> list[Task]:
    """Every task there is."""
    return [*_labels(), *_letters(), *_numbers()]


def split_tasks(seed: int = 0, held_out: float = 0.2) -> tuple[list[Task], list[Task]]:
    """Tasks for training, and those kept out of it: a share of every family's rules.

    Of labels whole pairs of sorts are kept out, whatever their signs; of numbers what a mark means.
    """
    rules: dict[str, list[str]] = {}
    for task in all_tasks():
        rules.setdefault(task.family, [])
        if _rule(task) not in rules[task.family]:
            rules[task.family].append(_rule(task))
    kept_out: set[tuple[str, str]] = set()
    for family, names in rules.items():
        chance = random.Random(f"{seed} {family}")
        kept_out |= {(family, name) for name in chance.sample(names, round(held_out * len(names)))}
    told = [(task, (task.family, _rule(task)) in kept_out) for task in all_tasks()]
    return [task for task, out in told if not out], [task for task, out in told if out]


def write_practice(
    folder: str | Path, *, documents: int = 100_000, shots: int = 10, seed: int = 0
) -> dict[str, int]:
    """Write practice.jsonl (texts to train on), seen.jsonl and held_out.jsonl (tasks to test with).

    Parameters
    ----------
    documents : tasks to train on, each with `shots` examples.

    Returns
    -------
    How many lines each file has.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    training, held_out = split_tasks(seed)
    chance = random.Random(f"{seed} practice")
    by_family: dict[str, list[Task]] = {}
    for task in training:
        by_family.setdefault(task.family, []).append(task)
    families = list(by_family.values())

    def texts() -> Iterator[dict[str, str]]:
        for _ in range(documents):
            task = chance.choice(
                chance.choice(families)
            )  # families alike often, whatever their size
            yield {"text": as_text(task.examples(shots, chance))}

    counts = {"practice.jsonl": _write(folder / "practice.jsonl", texts())}
    for name, tasks in (("seen.jsonl", training), ("held_out.jsonl", held_out)):
        counts[name] = _write(folder / name, _test_rows(tasks, random.Random(f"{seed} {name}")))
    return counts


def as_text(examples: Sequence[tuple[str, str]]) -> str:
    """Examples, one a line."""
    return "\n".join(f"{given}{ARROW}{answer}" for given, answer in examples)


def _test_rows(tasks: Sequence[Task], chance: random.Random) -> Iterator[dict[str, str]]:
    """Examples of some 30 tasks a family, 24 of each: more than any prompt shows."""
    families: dict[str, list[Task]] = {}
    for task in tasks:
        families.setdefault(task.family, []).append(task)
    for family, own in families.items():
        for task in chance.sample(own, min(30, len(own))):
            for given, answer in task.examples(24, chance):
                yield {"family": family, "task": task.name, "input": given, "answer": answer}


def _write(path: Path, rows: Iterator[dict[str, str]]) -> int:
    count = 0
    with atomic_write(path) as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False).encode() + b"\n")
            count += 1
    return count


def _rule(task: Task) -> str:
    return task.name.partition(" = ")[0]


def _labels() -> list[Task]:
    words = {sort: members.split() for sort, members in SORTS.items()}

    def task(first: str, second: str, a: str, b: str) -> Task:
        def draw(chance: random.Random) -> tuple[str, str]:
            sort, sign = chance.choice(((first, a), (second, b)))
            return chance.choice(words[sort]), sign

        return Task("labels", f"{first}/{second} = {a}/{b}", draw)

    return [
        task(first, second, a, b)
        for first, second in combinations(SORTS, 2)
        for a, b in product(SIGNS, SIGNS)
        if a != b
    ]


def _letters() -> list[Task]:
    def task(places: tuple[int, ...]) -> Task:
        def draw(chance: random.Random) -> tuple[str, str]:
            word = chance.sample(LETTERS, 3)
            return "".join(word), "".join(word[place] for place in places)

        return Task("letters", "letters " + " ".join(str(place + 1) for place in places), draw)

    return [task(places) for n in (1, 2, 3) for places in product(range(3), repeat=n)]


def _numbers() -> list[Task]:
    def task(mark: str, meaning: str) -> Task:
        def draw(chance: random.Random) -> tuple[str, str]:
            a, b = chance.randint(1, 9), chance.randint(1, 9)
            return f"{a}{mark}{b}", str(MEANINGS[meaning](a, b))

        return Task("numbers", f"{mark} is {meaning}", draw)

    return [task(mark, meaning) for mark in MARKS for meaning in MEANINGS]
