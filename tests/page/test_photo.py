"""Photos of every kind into the same grey: kinds, depths, colours, transparency, orientation."""

import io
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from hwcli.errors import DependencyError, InputError
from hwcli.page import kinds
from hwcli.page.kinds import kind_of
from hwcli.page.photo import Piped, decode_photo, load_photo, pages_of, read_bytes
from photo_files import directory, encoded, samples, sheet

SAMPLES = samples()
PLAIN = np.asarray(sheet().convert("L"))
EXACT = ("PNG", "TIFF", "WEBP")
LOSSLESS = {"WEBP": {"lossless": True}, "JPEG": {"quality": 98, "subsampling": 0}}


def grey(data: bytes) -> np.ndarray:
    photo = decode_photo(data, "x")
    assert photo.grey.dtype == np.uint8 and photo.grey.shape == (photo.height, photo.width)
    return photo.grey


def off(a: np.ndarray, b: np.ndarray) -> int:
    assert a.shape == b.shape
    return int(np.abs(a.astype(int) - b).max())


@pytest.mark.parametrize("name", SAMPLES)
def test_every_kind_is_told_by_its_first_bytes_and_can_be_decoded(name: str) -> None:
    assert kind_of(SAMPLES[name][:64]) is not None
    assert Path(name).suffix in kinds.SUFFIXES
    for sheet_ in pages_of(SAMPLES[name], name):
        assert not isinstance(sheet_.photo, Exception), sheet_.photo


def test_lists_of_paths_are_no_images() -> None:
    for text in (b"BMW/1.jpg\n", b"GIF89a/holiday/1.gif\n", b"P5\nscan.jpg\n", b"P1\n10.png\n5\n",
                 b"RIFF\n", b"II*.jpg\n", b"MM/1.tif\n", b"", b"a ftyp b\n"):  # fmt: skip
        assert kind_of(text) is None, text


MODES = {
    "1": (sheet().convert("1", dither=Image.Dither.NONE), 140),
    "L": (sheet().convert("L"), 0),
    "LA": (sheet().convert("LA"), 0),
    "P": (sheet().quantize(8), 1),
    "RGB": (sheet(), 0),
    "RGBA": (sheet().convert("RGBA"), 0),
    "CMYK": (sheet().convert("CMYK"), 1),
    "YCbCr": (sheet().convert("YCbCr"), 1),
    "LAB": (Image.merge("LAB", [sheet().convert("L"), *[Image.new("L", (64, 40), 128)] * 2]), 0),
    "I;16": (Image.fromarray(PLAIN.astype(np.uint16) * 257), 0),
    "I": (Image.fromarray(PLAIN.astype(np.int32)), 0),
    "F": (Image.fromarray(PLAIN.astype(np.float32) / 255), 0),
}


@pytest.mark.parametrize("mode", MODES)
def test_tiff_of_every_mode(mode: str) -> None:
    image, most = MODES[mode]
    assert off(grey(encoded(image, "TIFF")), PLAIN) <= most


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_png_palettes(bits: int) -> None:
    assert off(grey(encoded(sheet().quantize(4), "PNG", bits=bits)), PLAIN) <= 1


def png(width: int, depth: int, colour: int, rows: bytes, *chunks: bytes) -> bytes:
    """A PNG of one row."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", width, 1, depth, colour, 0, 0, 0)
    extra = b"".join(chunk(c[:4], c[4:]) for c in chunks)
    pixels = zlib.compress(b"\0" + rows)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra + chunk(b"IDAT", pixels)
            + chunk(b"IEND", b""))  # fmt: skip


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        pytest.param(png(8, 1, 0, b"\x0f"), [0] * 4 + [255] * 4, id="1 bit"),
        pytest.param(png(4, 2, 0, b"\x1b"), [0, 85, 170, 255], id="2 bits"),
        pytest.param(png(2, 4, 0, b"\x0f"), [0, 255], id="4 bits"),
        pytest.param(png(2, 16, 0, b"\0\0\xff\xff"), [0, 255], id="16 bits"),
        pytest.param(png(2, 16, 2, b"\0\0" * 3 + b"\xff\xff" * 3), [0, 255], id="16 bits RGB"),
        pytest.param(png(2, 16, 4, b"\0\0\xff\xff" + b"\0\0\0\0"), [0, 255], id="16 bits, alpha"),
        pytest.param(png(2, 16, 6, bytes(6) + b"\xff\xff" + bytes(8)), [0, 255], id="RGBA 16 bits"),
        pytest.param(png(2, 8, 6, b"\0\0\0\x80\0\0\0\0"), [127, 255], id="half clear on white"),
        pytest.param(png(2, 8, 0, b"\0\x40", b"tRNS\0\0"), [255, 64], id="grey that is clear"),
        pytest.param(png(2, 8, 2, b"\0\0\0\x40\x40\x40", b"tRNS" + bytes(6)), [255, 64],
                     id="colour that is clear"),
        pytest.param(png(2, 8, 3, b"\0\1", b"PLTE\0\0\0\x40\x40\x40", b"tRNS\0"), [255, 64],
                     id="palette with a clear entry"),
    ],
)  # fmt: skip
def test_png_depths_and_transparency(data: bytes, expected: list[int]) -> None:
    assert grey(data).tolist() == [expected]


def test_a_png_with_a_large_profile_is_read() -> None:
    bomb = b"iCCPx\0\0" + zlib.compress(bytes(50_000_000))
    assert grey(png(2, 8, 0, b"\0\xff", bomb)).tolist() == [[0, 255]]


def test_white_stays_white_in_cmyk() -> None:
    image = sheet().convert("CMYK")
    for form in ("JPEG", "TIFF"):  # JPEGs of CMYK are inverted, as Adobe began it
        assert off(grey(encoded(image, form, **LOSSLESS.get(form, {}))), PLAIN) < 9


def ycck() -> bytes:
    """A JPEG of CMYK whose Adobe marker says that it is YCCK."""
    data = encoded(sheet().convert("CMYK"), "JPEG", quality=98, subsampling=0)
    at = data.index(b"Adobe")
    assert data[at + 11] == 0
    return data[: at + 11] + b"\2" + data[at + 12 :]


def test_ycck_is_taken_for_what_it_says() -> None:
    read = np.asarray(Image.open(io.BytesIO(ycck())).convert("L"))
    assert off(grey(ycck()), read) <= 1


def test_the_brightness_of_colours_is_that_of_pillow() -> None:
    colours = np.random.default_rng(0).integers(0, 256, (4, 6, 3), np.uint8)
    image = Image.fromarray(np.kron(colours, np.ones((16, 16, 1), np.uint8)))
    expected = np.asarray(image.convert("L"))
    for form in ("PNG", "TIFF", "BMP", "PPM"):
        assert off(grey(encoded(image, form)), expected) == 0
    for options in ({"keep_rgb": True}, {"subsampling": 0}):
        photo = grey(encoded(image, "JPEG", quality=98, **options))
        assert off(photo, expected) <= 4


def bmp(pixels: bytes) -> bytes:
    """A BMP of one row of BGRA, with masks as version 4 of its header has them."""
    size = len(pixels) // 4
    head = struct.pack("<IiiHHIIiiII", 108, size, 1, 1, 32, 3, len(pixels), 2835, 2835, 0, 0)
    masks = struct.pack("<IIII", 0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    total = 14 + 108 + len(pixels)
    start = b"BM" + struct.pack("<IHHI", total, 0, 0, 14 + 108)
    return start + (head + masks).ljust(108, b"\0") + pixels


def test_a_bmp_whose_alpha_was_not_filled_in_is_opaque() -> None:
    assert grey(bmp(bytes(4) + b"\xff\xff\xff\0")).tolist() == [[0, 255]]
    assert grey(bmp(bytes(4) + b"\0\0\0\xff")).tolist() == [[255, 0]]


@pytest.mark.parametrize(
    ("kind", "values", "expected"),
    [
        pytest.param(np.uint16, [0, 500, 1023], [0, 125, 255], id="10 bits in 16"),
        pytest.param(np.uint16, [0, 2048, 4095], [0, 128, 255], id="12 bits in 16"),
        pytest.param(np.uint16, [0, 128, 255], [0, 128, 255], id="8 bits in 16"),
        pytest.param(np.uint16, [0, 0, 0], [0, 0, 0], id="black"),
        pytest.param(np.int32, [0, 32768, 65535], [0, 128, 255], id="16 bits in 32"),
        pytest.param(np.int32, [-100, 0, 100], [0, 128, 255], id="negative"),
        pytest.param(np.int32, [0, 1 << 30, 1 << 31 - 1], [0, 255, 255], id="32 bits"),
        pytest.param(np.float32, [0, 0.5, 1], [0, 128, 255], id="shares"),
        pytest.param(np.float32, [0, 128, 255], [0, 128, 255], id="floats to 255"),
        pytest.param(np.float32, [np.nan, np.inf, 1], [0, 0, 255], id="no numbers"),
        pytest.param(np.float32, [7e9, 7e9, 7e9], [0, 0, 0], id="all alike"),
    ],
)
def test_deep_pixels_are_scaled(kind: type, values: list[float], expected: list[int]) -> None:
    image = Image.fromarray(np.array([values], kind))
    assert off(grey(encoded(image, "TIFF")), np.array([expected])) <= 1


@pytest.mark.parametrize(("bits", "order"), [(1, "<"), (1, ">"), (8, "<"), (8, ">"), (16, "<")])
def test_tiff_whose_white_is_zero(bits: int, order: str) -> None:
    white, black = b"\0\0", b"\xff\xff"
    pixels = {1: b"\x0f", 8: white[:1] * 4 + black[:1] * 4, 16: white * 4 + black * 4}[bits]
    tags = [(256, 3, 8), (257, 3, 1), (258, 3, bits), (259, 3, 1), (262, 3, 0), (273, 4, 8),
            (277, 3, 1), (278, 3, 1), (279, 4, len(pixels))]  # fmt: skip
    head = b"II*\0" if order == "<" else b"MM\0*"
    data = head + struct.pack(order + "I", 8 + len(pixels)) + pixels
    assert grey(data + directory(*tags, order=order)).tolist() == [[255] * 4 + [0] * 4]


def turned(image: Image.Image, orientation: int) -> Image.Image:
    """`image` as a camera would store it that says `orientation`."""
    exif = Image.Exif()
    exif[0x0112] = {6: 8, 8: 6}.get(orientation, orientation)
    image = image.copy()
    image.getexif()[0x0112] = exif[0x0112]
    return ImageOps.exif_transpose(image)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF", "WEBP", "AVIF"])
def test_every_orientation_of_every_format(form: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = turned(sheet(), orientation)
    data = encoded(stored, form, exif=exif, **LOSSLESS.get(form, {}))
    assert off(grey(data), PLAIN) <= (0 if form in EXACT else 40)
    if orientation > 1:
        assert (np.asarray(stored.convert("L")).shape != PLAIN.shape) or off(
            np.asarray(stored.convert("L")), PLAIN
        ) > 200


def test_heic_is_turned_once() -> None:
    for orientation in (1, 6, 8):
        exif = Image.Exif()
        exif[0x0112] = orientation
        stored = turned(sheet(), orientation)
        stored.info["exif"] = exif.tobytes()  # its writer makes a turn of it, as phones do
        data = encoded(stored, "HEIF", quality=95)
        assert (b"irot" in data) == (orientation > 1)
        assert off(grey(data), PLAIN) <= 40


def test_deep_and_clear_photos_are_turned_too() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    clear = turned(sheet(), 6).convert("RGBA")
    deep = Image.fromarray(np.asarray(turned(sheet(), 6).convert("L")).astype(np.uint16) * 257)
    for form in ("PNG", "TIFF"):
        assert off(grey(encoded(clear, form, exif=exif)), PLAIN) == 0
        assert off(grey(encoded(deep, form, exif=exif)), PLAIN) == 0


def test_an_orientation_that_is_none_changes_nothing() -> None:
    for value in (0, 9, 77):
        exif = Image.Exif()
        exif[0x0112] = value
        assert off(grey(encoded(sheet(), "PNG", exif=exif)), PLAIN) == 0
    broken = encoded(sheet(), "PNG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    assert off(grey(broken), PLAIN) == 0


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
@pytest.mark.parametrize("turn", [1, 6])
def test_large_photos_are_read_reduced(form: str, turn: int) -> None:
    page = np.full((3001, 4999), 230, np.uint8)
    page[1000:1400, 1000:1040] = 20
    exif = Image.Exif()
    exif[0x0112] = turn
    stored = turned(Image.fromarray(page), turn)
    photo = decode_photo(encoded(stored, form, exif=exif), "x")
    assert (photo.height, photo.width, photo.reduced) == (3001, 4999, 2)
    assert photo.grey.shape == (1501, 2500)
    assert abs(int(photo.grey[510, 510]) - 20) < 9 and abs(int(photo.grey[100, 100]) - 230) < 4
    assert photo.grey[510, 495] > 200 and photo.grey[510, 522] > 200


def test_a_sliver_can_be_reduced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hwcli.page.sheet._READ_AT", 1000.0)
    for size in ((1, 3000), (3000, 1)):
        for form in ("JPEG", "PNG"):
            photo = decode_photo(encoded(Image.new("L", size, 255), form), "x")
            assert (photo.width, photo.height, photo.reduced) == (*size, 2)
            assert photo.grey.size == 1500 and photo.grey.min() == 255


@pytest.mark.parametrize("name", ["moving.gif", "moving.webp", "moving.png"])
def test_of_moving_images_the_first_is_read(name: str) -> None:
    (first,) = pages_of(SAMPLES[name], name)
    assert first.number is None and off(first.photo.grey, PLAIN) <= 8


def test_photos_in_colour_for_overlays() -> None:
    photo = decode_photo(encoded(Image.new("RGB", (5, 4), (200, 10, 30)), "PNG"), "x", colour=True)
    assert photo.grey.shape == (4, 5, 3) and photo.grey[0, 0].tolist() == [200, 10, 30]


def test_the_limit_can_be_raised() -> None:
    data = encoded(Image.new("1", (12_000, 10_000), 1), "PNG")
    with pytest.raises(InputError, match="120 megapixels, the limit is 100"):
        decode_photo(data, "x")
    assert decode_photo(data, "x", max_megapixels=120).reduced == 4


def header_only(form: str) -> bytes:
    """A file that claims to be huge."""
    data = bytearray(encoded(sheet().convert("L"), form, **LOSSLESS.get(form, {})))
    if form == "WEBP":
        claim = int.from_bytes(data[21:25], "little") & ~0xFFFFFFF | 16382 | 16382 << 14
        data[21:25] = claim.to_bytes(4, "little")
    elif form == "BMP":
        data[18:26] = struct.pack("<ii", 50_000, 50_000)
    elif form == "GIF":
        data[6:10] = struct.pack("<HH", 50_000, 50_000)
    elif form == "JPEG":
        at = data.index(b"\xff\xc0")
        data[at + 5 : at + 9] = struct.pack(">HH", 50_000, 50_000)
    elif form == "PPM":
        return b"P5\n50000 50000\n255\n"
    elif form == "TIFF":
        return b"II*\0\x08\0\0\0" + directory(
            (256, 4, 50_000), (257, 4, 50_000), (258, 3, 8), (259, 3, 1), (262, 3, 1),
            (273, 4, 8), (278, 4, 50_000), (279, 4, 0x7FFFFFFF),
        )  # fmt: skip
    return bytes(data)


@pytest.mark.parametrize("form", ["JPEG", "TIFF", "WEBP", "BMP", "GIF", "PPM"])
def test_bombs_are_refused(form: str) -> None:
    with pytest.raises(InputError, match="megapixels, the limit is 100"):
        decode_photo(header_only(form), "x")


@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF", "WEBP", "BMP", "GIF", "PPM", "AVIF"])
def test_truncated_files_are_refused(form: str) -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (99, 99), np.uint8))
    data = encoded(noise, form)
    with pytest.raises(InputError, match=r"^x: "):
        decode_photo(data[: len(data) * 2 // 3], "x")


def test_an_avif_needs_a_pillow_that_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("PIL.features.check", lambda _: False)
    with pytest.raises(DependencyError, match="install --upgrade pillow"):
        decode_photo(SAMPLES["photo.avif"], "x")


@pytest.mark.parametrize(
    ("name", "module", "extra"),
    [("photo.heic", "pillow_heif", "heic"), ("pages.pdf", "pypdfium2", "pdf")],
)
def test_what_is_not_installed_is_said_for_each_file(
    monkeypatch: pytest.MonkeyPatch, hwcli, name: str, module: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    Path(name).write_bytes(SAMPLES[name])
    with pytest.raises(DependencyError, match=f"pip install 'hwcli\\[{extra}\\]'"):
        load_photo(Path(name))
    code, out, err = hwcli("ocr", name)
    assert code == 8 and '"type":"DependencyError"' in out and f"hwcli[{extra}]" in err


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"", "empty"),
        (b"dear diary\n", "not an image"),
        (b"\x89PNG\r\n\x1a\n", "or of a rare kind"),
        (b"\xff\xd8\xff\xe0" + bytes(50), "damaged"),
    ],
)
def test_what_is_no_image_is_told(data: bytes, told: str) -> None:
    Path("x.png").write_bytes(data)
    with pytest.raises(InputError, match=told):
        load_photo(Path("x.png"))
    with pytest.raises(InputError, match=told):
        decode_photo(read_bytes(Piped(data)), "-")


def test_folders_and_missing_files_have_no_bytes() -> None:
    for path, told in ((Path(), "not a file"), (Path("none"), "No such file")):
        with pytest.raises(InputError, match=told):
            read_bytes(path)


def test_files_beyond_the_limit_are_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("x.png").write_bytes(SAMPLES["grey.png"])
    monkeypatch.setattr("hwcli.page.photo._MOST_BYTES", 10)
    with pytest.raises(InputError, match="larger than"):
        read_bytes(Path("x.png"))
