"""Shipped recipes, run on small archives of the exact layout that their publishers ship."""

import gzip
import io
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import scipy.io

from archives import glyph, idx, png, recipe_text, write_zip
from conftest import Result
from fonts_made import font
from hwcli.dataset import Dataset, open_dataset
from hwcli.recipe import load_recipe

Hwcli = Callable[..., Result]


pytestmark = pytest.mark.usefixtures("_made_up_archives")


def dark(seed: int, size: int = 28) -> bytes:
    return png(255 - glyph(seed, size))


def jpg(image: np.ndarray) -> bytes:
    return bytes(cv2.imencode(".jpg", image)[1])


def made(hwcli: Hwcli, name: str) -> Dataset:
    result = hwcli("ingest", name, "--mirror", "m", "--offline", "--allow-missing")
    assert result.code == 0, result.err
    return open_dataset(Path("data", name))


def math_symbols() -> str:
    folders = [*"0123456789", "add", "dec", "div", "eq", "mul", "sub", *"xyz"]
    members = {
        f"dataset/{folder}/{k}.{'png' if k % 2 else 'jpg'}": (
            dark(100 * i + k, 45) if k % 2 else jpg(255 - glyph(100 * i + k, 45))
        )
        for i, folder in enumerate(folders)
        for k in range(5)
    }
    write_zip(Path("m/kaggle/sagyamthapa/handwritten-math-symbols.zip"), members)
    return "0123456789+.÷=×-xyz"


def bhmsds() -> str:
    names = [*"0123456789", "dot", "minus", "plus", "slash", *"wxyz"]
    members = {
        f"bhmsds-master/symbols/{name}-{k:04}.png": dark(100 * i + k)
        for i, name in enumerate(names)
        for k in range(5)
    }
    write_zip(Path("m/github/wblachowski/bhmsds.zip"), members)
    return "0123456789.-+/wxyz"


def cmaterdb() -> str:
    members = {}
    for i, script in enumerate(("bangla", "devanagari", "telugu")):
        for j, split in enumerate(("training", "testing")):
            images = np.stack([255 - glyph(1000 * i + 100 * j + k, 32) for k in range(30)])
            file = io.BytesIO()
            colour = np.repeat(images[..., None], 3, axis=3)
            np.savez_compressed(file, images=colour, labels=np.arange(30) % 10)
            members[f"datasets/{script}-numerals/{split}-images.npz"] = file.getvalue()
    write_zip(Path("m/github/prabhuomkar/CMATERdb.zip"), members)
    return "০১২৩৪৫৬৭৮৯०१२३४५६७८९౦౧౨౩౪౫౬౭౮౯"


def kassel() -> str:
    words = [np.asarray([[(5 * k + i) % 26 for i in range(4)]], np.uint8) for k in range(40)]
    variables = {}
    for half, (start, stop) in {"train": (0, 10), "test": (10, 40)}.items():
        patterns, labels = (np.empty((1, stop - start), object) for _ in range(2))
        for k in range(start, stop):
            letters = [glyph(10 * k + i, 16)[:, 4:12] > 0 for i in range(4)]
            columns = [np.append(p.ravel(order="F"), 1).astype(np.uint8) for p in letters]
            patterns[0, k - start], labels[0, k - start] = np.stack(columns, axis=1), words[k]
        variables |= {f"patterns_{half}": patterns, f"labels_{half}": labels}
    Path("m/taskar").mkdir(parents=True)
    scipy.io.savemat("m/taskar/ocr_taskar.mat", variables, do_compression=True)
    return "abcdefghijklmnopqrstuvwxyz"


def omniglot() -> str:
    alphabets = {1: {"Greek": 24, "Latin": 26, "Balinese": 24}, 2: {"Tagalog": 17, "Greek": 24}}
    for number, counts in alphabets.items():
        members = {
            f"images_background_small{number}/{name}/character{c:02}/{c:04}_{k:02}.png": dark(
                1000 * c + k + sum(map(ord, name)), 105
            )
            for name, count in counts.items()
            for c in range(1, count + 1)
            for k in range(1, 6)
        }
        where = Path(f"m/github/brendenlake/omniglot/images_background_small{number}.zip")
        write_zip(where, members)
    greek, latin = "αβγδεζηθικλμνξοπρστυφχψω", "abcdefghijklmnopqrstuvwxyz"
    return greek + latin + "ᜀᜁᜂᜃᜄᜅᜆᜇᜈᜉᜊᜋᜌᜎᜏᜐᜑ" + "ᬓᬕᬘᬚᬜᬢᬤᬦᬧᬩᬫᬬᬭᬮᬯᬲᬳ" + "�"


def emnist(kind: str, first: int, characters: str) -> Callable[[], str]:
    def write() -> str:
        members = {}
        for i, split in enumerate(("train", "test")):
            count = 4 * len(characters)
            images = np.stack([glyph(1000 * i + k).T for k in range(count)])
            labels = (np.arange(count) % len(characters) + first).astype(np.uint8)
            stem = f"gzip/emnist-{kind}-{split}-{{}}-ubyte.gz"
            members[stem.format("images-idx3")] = gzip.compress(idx(images))
            members[stem.format("labels-idx1")] = gzip.compress(idx(labels))
        write_zip(Path("m/emnist/gzip.zip"), members)
        return characters

    return write


def npz(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, array)
    return file.getvalue()


def write_all(folder: str, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        path = Path("m", folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def numbered(count: int, classes: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    images = np.stack([glyph(1000 * seed + k) for k in range(count)])
    return images, (np.arange(count) % classes).astype(np.uint8)


def kannada_mnist() -> str:
    files = {}
    for seed, name in enumerate(("kannada_MNIST_train", "kannada_MNIST_test", "dig_MNIST")):
        images, labels = numbered(30, 10, seed)
        files |= {f"X_{name}.npz": npz(images), f"y_{name}.npz": npz(labels)}
    write_all("github/vinayprabhu/Kannada_MNIST", files)
    return "೦೧೨೩೪೫೬೭೮೯"


def kmnist() -> str:
    files = {}
    for seed, split in enumerate(("train", "t10k")):
        images, labels = numbered(30, 10, seed)
        files[f"{split}-images-idx3-ubyte.gz"] = gzip.compress(idx(images))
        files[f"{split}-labels-idx1-ubyte.gz"] = gzip.compress(idx(labels))
    write_all("kuzushiji/kmnist", files)
    return "おきすつなはまやれを"


def kuzushiji() -> str:
    files = {}
    for seed, split in enumerate(("train", "test")):
        images, labels = numbered(98, 49, seed)
        files |= {f"k49-{split}-imgs.npz": npz(images), f"k49-{split}-labels.npz": npz(labels)}
    write_all("kuzushiji/k49", files)
    first = "あいうえおかきくけこさしすせそたちつてとなにぬねの"
    return first + "はひふへほまみむめもやゆよらりるれろわゐゑをんゝ"


def school_hands() -> str:
    (source,) = load_recipe("school-hands").source
    random = np.random.default_rng(0)
    for part in source.part[:6]:  # by as many families, so that each is a writer
        glyphs = {c: random.integers(0, 700, (5, 2)).tolist() for c in source.classes}
        write_all("npm/@fontsource", {part.images: font(glyphs, "woff")})
    return MERGED + """+-=.:/÷,;!?()[]'"*<>%&@#"""


MERGED = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt"
LAYOUTS: dict[str, Callable[[], str]] = {
    "math-symbols": math_symbols,
    "bhmsds": bhmsds,
    "cmaterdb": cmaterdb,
    "kassel-letters": kassel,
    "omniglot": omniglot,
    "emnist-letters": emnist("letters", 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    "emnist-balanced": emnist("balanced", 0, MERGED),
    "emnist-digits": emnist("digits", 0, "0123456789"),
    "emnist-mnist": emnist("mnist", 0, "0123456789"),
    "kannada-mnist": kannada_mnist,
    "dig-mnist": kannada_mnist,
    "kmnist": kmnist,
    "kuzushiji": kuzushiji,
    "school-hands": school_hands,
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_class_is_read_and_nothing_is_dropped(name: str, hwcli: Hwcli) -> None:
    characters = LAYOUTS[name]()
    info = made(hwcli, name).info
    assert set(info.classes) == set(characters)
    assert [d for d in info.dropped if not d.reason.startswith("duplicate")] == []
    assert sum(d.count for d in info.dropped) <= 2


def test_letters_count_from_one_and_are_upright(hwcli: Hwcli) -> None:
    LAYOUTS["emnist-letters"]()
    dataset = made(hwcli, "emnist-letters")
    rows = dataset.load()
    third = next(
        i for i, o in enumerate(rows.origins) if str(o).endswith("test-images-idx3-ubyte.gz#2")
    )
    assert dataset.info.classes[rows.label[third]] == "C"
    box = cv2.boundingRect(glyph(1002))
    expected = glyph(1002)[box[1] : box[1] + box[3], box[0] : box[0] + box[2]]
    found = rows.images[third]
    at = cv2.boundingRect((found > 90).astype(np.uint8))
    upright = cv2.resize(found[at[1] : at[1] + at[3], at[0] : at[0] + at[2]], expected.shape[::-1])
    assert np.corrcoef(upright.ravel(), expected.ravel())[0, 1] > 0.7


def test_omniglots_writers_are_told_apart_by_alphabet_and_kept_whole(hwcli: Hwcli) -> None:
    omniglot()
    rows = made(hwcli, "omniglot").load()
    assert len(np.unique(rows.writer)) == 4 * 5
    assert all(len(set(rows.split[rows.writer == w])) == 1 for w in np.unique(rows.writer))


def test_hanguls_frame_is_cut_off_and_its_four_writers_are_whole(hwcli: Hwcli) -> None:
    names = list(load_recipe("hangul").source[0].classes)
    assert len(names) == 30
    members = {}
    for number in range(120):
        for k in range(2):
            image = np.full((28, 28), 255, np.uint8)
            image[8:20, 9 + number % 9 : 12 + number % 9] = 0
            image[8 : 10 + number // 6 % 4, 6:14] = number
            if number // 30 == 2:
                image[27], image[:, 27] = 133, 133
            name = f"Hangul/Hangul Database/{names[number % 30]}_{number}_{k}.jpg"
            members[name] = png(image)
    write_zip(Path("m/kaggle/wayperwayp/hangulkorean-characters.zip"), members)
    dataset = made(hwcli, "hangul")
    rows = dataset.load()
    assert len(np.unique(rows.writer)) == 4
    places = [set(rows.split[rows.writer == w]) for w in np.unique(rows.writer)]
    assert sorted(map(len, places)) == [1] * 4
    assert len(set.union(*places)) == 3
    assert (rows.images[:, -8:] > 90).sum(axis=2).max() <= 12  # the foot of a stem, and no line
    assert set(dataset.info.classes) <= set(
        "ㄱㄲㄴㄷㄹㅁㅂㅃㅅㅆㅇㅈㅊㅋㅌㅍㅎㅏㅐㅑㅒㅓㅔㅖㅗㅛㅜㅠㅡㅣ"
    )


def test_dig_mnist_is_a_test_set_and_nothing_else(hwcli: Hwcli) -> None:
    kannada_mnist()
    rows = made(hwcli, "dig-mnist").load()
    assert set(rows.split) == {2}
    assert len(rows.split) == 30


def hex_files(spoilt: int | None = None) -> None:
    images = np.stack([glyph(k, 20).ravel() for k in range(102)])
    images[np.arange(102) % 17 == 16] = 0
    if spoilt is not None:
        images[spoilt] = 0
    files = {}
    for name, array in {"images": images, "labels": (np.arange(102) % 17).astype(np.uint8)}.items():
        file = io.BytesIO()
        np.save(file, array)
        files[f"emnist_hex_{name}.npy"] = file.getvalue()
    write_all("emnist-hex", files)


def test_empty_cells_of_emnist_hex_are_a_class_of_their_own(hwcli: Hwcli) -> None:
    hex_files()
    dataset = made(hwcli, "emnist-hex")
    rows, blank = dataset.load(), dataset.info.classes.index("␣")
    assert set(dataset.info.classes) == set("0123456789ABCDEF␣")
    assert dataset.info.dropped == ()
    assert (rows.images.any(axis=(1, 2)) == (rows.label != blank)).all()
    assert (rows.label == blank).sum() == 6
    assert hwcli("ingest", "--verify", str(dataset.folder)).code == 0


def test_blank_images_of_other_characters_are_dropped(hwcli: Hwcli) -> None:
    hex_files(spoilt=3)
    dataset = made(hwcli, "emnist-hex")
    assert [(d.reason, d.count) for d in dataset.info.dropped] == [("blank", 1)]


def test_the_digits_of_emnist_hex_can_be_had_alone() -> None:
    text = recipe_text("file:x", "numpy", "").partition("[[source]]")[0]
    text += '[[source]]\nfrom = "emnist-hex"\nalphabet = "0123456789ABCDEF"\n'
    Path("r.toml").write_text(text)
    assert load_recipe("r.toml").source[0].character("16") is None


def test_without_its_files_emnist_hex_says_how_to_give_them(hwcli: Hwcli) -> None:
    result = hwcli("ingest", "emnist-hex", "--offline")
    assert result.code == 5
    assert "--mirror that holds emnist-hex/" in result.err


@pytest.mark.parametrize("kind", ["byclass", "bymerge", "balanced", "letters", "digits", "mnist"])
def test_every_member_of_emnist_has_its_publishers_digest(kind: str) -> None:
    (source,) = load_recipe(f"emnist-{kind}").source
    for part in source.part:
        assert source.member_sha256[part.images]
        assert source.member_sha256[part.labels]
