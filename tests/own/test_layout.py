"""Folders of every layout, by the names of their files alone."""

import fnmatch
import re

import pytest

from hwcli.own.layout import folder_rule, name_rules, parts_of, recurring, tree_of


def labels(names: list[str]) -> dict[str, str]:
    """Label of each image by the rule that is found."""
    rule = folder_rule(tree_of(names))
    assert rule is not None
    pattern = rule[0].pattern or r"(?P<label>[^/]+)/[^/]+$"
    return {n: m["label"] for n in names if (m := re.search(pattern, n))}


def splits(names: list[str]) -> dict[str, str | None]:
    """Split of each image by the parts that are found; each is in one at most."""
    parts = parts_of(tree_of(names))
    found: dict[str, str | None] = {}
    for name in names:
        own = [p.split for p in parts if re.match(fnmatch.translate(p.images), name)]
        assert len(own) <= 1, name
        if own:
            found[name] = own[0]
    return found


def test_folders_of_classes() -> None:
    assert labels(["A/1.png", "B/1.png"]) == {"A/1.png": "A", "B/1.png": "B"}


def test_one_folder_around_them_all_counts_for_nothing() -> None:
    names = ["my pics/A/1.png", "my pics/B/1.PNG"]
    assert set(labels(names).values()) == {"A", "B"}
    assert splits(names) == dict.fromkeys(names)


@pytest.mark.parametrize(
    ("folders", "wanted"),
    [
        (("train", "test"), ("train", "test")),
        (("Training", "Testing", "Validation"), ("train", "test", "val")),
        (("train", "val"), ("train", "test")),
    ],
)
def test_splits_above_the_classes(folders: tuple[str, ...], wanted: tuple[str, ...]) -> None:
    names = [f"x[1]/{f}/{c}/1.jpg" for f in folders for c in "AB"]
    assert set(labels(names).values()) == {"A", "B"}
    assert splits(names) == {
        f"x[1]/{f}/{c}/1.jpg": w for f, w in zip(folders, wanted, strict=True) for c in "AB"
    }


def test_splits_below_the_classes() -> None:
    names = [f"{c}/{f}/1.jpg" for f in ("train", "test") for c in "AB"]
    assert labels(names) == {n: n[0] for n in names}
    assert splits(names) == {n: n.split("/")[1] for n in names}


def test_a_class_called_as_a_split_ends_is_in_no_other_split() -> None:
    names = ["train/A/1.png", "train/strain/1.png", "test/A/1.png", "test/strain/1.png"]
    assert splits(names) == {n: n.split("/")[0] for n in names}


def test_images_for_a_test_without_labels_are_left_out() -> None:
    names = [*(f"train/{c}/{k}.png" for c in "AB" for k in range(4)), "test/1.png", "test/2.png"]
    assert set(labels(names).values()) == {"A", "B"}
    assert set(splits(names).values()) == {None}


@pytest.mark.parametrize("path", ["{w}/{c}/1.png", "{c}/{w}/1.png"])
def test_writers_by_folder(path: str) -> None:
    names = [path.format(w=f"writer_0{w}", c=c) for w in (1, 2) for c in "AB"]
    rule = folder_rule(tree_of(names))
    assert rule is not None
    for name in names:
        found = re.search(rule[0].pattern, name)
        assert found and found["label"] in "AB" and found["writer"].startswith("writer_0")


def test_of_several_levels_the_one_of_characters_is_taken() -> None:
    names = [f"{c}/{s}/1.png" for c in ("U+0041", "U+0042") for s in ("monday", "friday")]
    assert set(labels(names).values()) == {"U+0041", "U+0042"}


def test_images_that_lie_elsewhere_and_hidden_ones_have_no_label() -> None:
    good = [f"A/{k}.png" for k in range(5)] + [f"B/{k}.png" for k in range(5)]
    odd = ["loose.png", "A/old/1.png", "__MACOSX/A/._1.png", "A/._1.png", ".cache/1.png"]
    assert set(labels([*good, *odd])) == set(good)


def test_classes_that_recur_may_be_one_or_two_unless_they_are_characters() -> None:
    assert "c1 is in x/ and in y/" in recurring(tree_of(["x/c1/1.png", "y/c1/1.png", "y/c2/1.png"]))
    assert not recurring(tree_of(["x/A/1.png", "y/A/1.png", "y/B/1.png"]))
    assert not recurring(tree_of(["x/c1/1.png", "y/c2/1.png"]))
    assert not recurring(tree_of(["train/c1/1.png", "test/c1/1.png"]))


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("{c}_{k}.png", "ABC"),
        ("{c}{k}.png", "ABC"),
        ("{c} ({k}).jpg", "ABC"),
        ("{k}-{c}.png", "ABC"),
        ("x/img_{k}_{c}.png", "ABC"),
        ("U+004{n}-{k}.png", ["U+0041", "U+0042", "U+0043"]),
    ],
)
def test_labels_in_file_names(name: str, wanted: str | list[str]) -> None:
    names = [name.format(c="ABC"[i], n=i + 1, k=k) for i in range(3) for k in range(4)]
    rules = name_rules(tree_of(names))
    assert len(rules) == 1
    assert rules[0][1] == list(wanted)


@pytest.mark.parametrize("name", ["input_{k}_{n}2.jpg", "{n}1-{k}7.png", "scan{k}{n}.png"])
def test_file_names_without_characters_give_nothing(name: str) -> None:
    names = [name.format(n=i + 1, k=k) for i in range(3) for k in range(4)]
    assert name_rules(tree_of(names)) == []


def test_two_ways_to_read_file_names_are_both_given() -> None:
    names = [f"{a}_{b}.png" for a in "ABC" for b in "xyz"]
    assert [found for _, found in name_rules(tree_of(names))] == [list("ABC"), list("xyz")]


def test_letters_go_before_counts() -> None:
    names = [f"{a}_{b}.png" for a in "ABC" for b in "1234"]
    assert [found for _, found in name_rules(tree_of(names))] == [list("ABC")]
