"""Trees that came packed are told how often each of their leaves is reached here: contributions are shares of that."""

from __future__ import annotations

from typing import Any

import numpy as np

from placette.analyse.forecast.terms import Floats, Ints

TREE = "Tree="
COUNTS = ("leaf_count=", "internal_count=")


def counted(booster: Any, given: Floats) -> str:
    """Return a LightGBM booster's text with the counts of these examples (at least 1 a leaf)."""
    head, *trees = booster.model_to_string().split(TREE)
    last, tail = trees[-1].split("end of trees", 1)
    reached = np.asarray(booster.predict(given, pred_leaf=True, num_threads=1), np.int64).reshape(len(given), -1)
    told = [_told(tree, reached[:, number]) for number, tree in enumerate([*trees[:-1], last])]
    top = "\n".join(line for line in head.split("\n") if not line.startswith("tree_sizes="))
    return f"{top}{TREE}{TREE.join(told)}end of trees{tail}"


def _told(tree: str, reached: Ints) -> str:
    lines = [line for line in tree.split("\n") if not line.startswith(COUNTS)]
    fields = dict(line.split("=", 1) for line in lines if "=" in line)
    leaves = np.bincount(reached, minlength=int(fields["num_leaves"])) + 1
    if len(leaves) == 1:  # a tree that never split
        return tree
    left, right = (np.array(fields[name].split(), np.int64) for name in ("left_child", "right_child"))
    nodes = np.zeros(len(left), np.int64)
    for node in range(len(left) - 1, -1, -1):  # a node's children were made after it; leaf k is written as -k-1
        nodes[node] = sum(nodes[child] if child >= 0 else leaves[~child] for child in (left[node], right[node]))
    counts = [
        f"{name}{' '.join(map(str, values.tolist()))}" for name, values in zip(COUNTS, (leaves, nodes), strict=True)
    ]
    place = next(number for number, line in enumerate(lines) if line.startswith("leaf_value="))
    return "\n".join([*lines[: place + 1], *counts, *lines[place + 1 :]])
