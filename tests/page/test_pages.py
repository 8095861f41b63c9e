"""Files of several pages: TIFF and PDF, whole and damaged."""

import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from hwcli.errors import InputError
from hwcli.page.photo import Sheet, decode_photo, pages_of
from hwcli.page.tiff import pages_in
from photo_files import BAR, directory, encoded, pdf, sheet


def told(sheets: list[Sheet]) -> list[str]:
    """What became of each page: its width, or the message."""
    return [
        str(s.photo.width) if not isinstance(s.photo, Exception) else s.photo.message
        for s in sheets
    ]


def tiff(*widths: int, **options: object) -> bytes:
    first, *others = (sheet(40, width) for width in widths)
    return encoded(first, "TIFF", save_all=True, append_images=others, **options)


@pytest.mark.parametrize("options", [{}, {"compression": "tiff_lzw"}, {"big_tiff": True}])
def test_all_pages_of_a_tiff(options: dict[str, object]) -> None:
    data = tiff(30, 40, 50, **options)
    sheets = list(pages_of(data, "x.tif"))
    assert [s.number for s in sheets] == [1, 2, 3] and told(sheets) == ["30", "40", "50"]
    assert told(list(pages_of(data, "x.tif", start=3))) == ["50"]
    assert decode_photo(data, "x.tif", page=2).width == 40
    with pytest.raises(InputError, match="no page 4"):
        decode_photo(data, "x.tif", page=4)
    (only,) = pages_of(tiff(30), "x.tif")
    assert only.number is None


def test_pages_of_a_tiff_are_turned_each_by_itself() -> None:
    pages = [sheet(40, 30), sheet(40, 50), sheet(40, 60)]
    for page, orientation in zip(pages, (1, 6, 1), strict=True):
        page.encoderinfo = {"tiffinfo": {274: orientation}}
    pages[0].save("x.tif", save_all=True, append_images=pages[1:])
    sheets = list(pages_of(Path("x.tif").read_bytes(), "x.tif"))
    assert told(sheets) == ["30", "40", "60"]


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "jpeg"])
def test_a_damaged_page_of_a_tiff_does_not_hide_the_others(compression: str) -> None:
    data = bytearray(tiff(64, 65, 66, compression=compression))
    frames = list(_directories(data))
    _set(data, frames[1], 273, 0x7FFFFFF0)  # its pixels are nowhere
    sheets = list(pages_of(bytes(data), "x.tif"))
    first, second, third = told(sheets)
    assert (first, third) == ("64", "66")
    assert second.startswith("x.tif: page 2: damaged image")


def test_a_tiff_whose_later_pages_cannot_be_found() -> None:
    data = bytearray(tiff(30, 40, 50))
    second = list(_directories(data))[1]
    (count,) = struct.unpack_from("<H", data, second)
    struct.pack_into("<I", data, second + 2 + 12 * count, len(data) + 99)
    first, *_, last = told(list(pages_of(bytes(data), "x.tif")))
    assert first == "30" and last.startswith("x.tif: page 3: damaged")


def test_a_cut_tiff() -> None:
    data = tiff(30)
    for size in range(8, len(data), 7):
        sheets = list(pages_of(data[:size], "x.tif"))
        assert len(sheets) == 1 and sheets[0].number is None
        assert isinstance(sheets[0].photo, InputError) or size > 3600


@pytest.mark.parametrize("data", [b"II*\0\0\0\0\0", b"MM\0*\0\0\0\0and more"])
def test_a_tiff_of_no_pages_at_all_is_told(data: bytes) -> None:
    (only,) = pages_of(data, "x.tif")
    assert only.number is None and told([only])[0].startswith("x.tif: damaged image")


def test_a_ring_of_directories_ends() -> None:
    data = bytearray(tiff(30, 40))
    first, second = _directories(data)
    (count,) = struct.unpack_from("<H", data, second)
    struct.pack_into("<I", data, second + 2 + 12 * count, first)
    assert told(list(pages_of(bytes(data), "x.tif"))) == ["30", "40"]


@pytest.mark.parametrize("order", ["<", ">"])
def test_thumbnails_and_masks_are_no_pages(order: str) -> None:
    head = b"II*\0" if order == "<" else b"MM\0*"
    kinds = [(254, 4, 1), (254, 4, 0), (254, 4, 4), (254, 4, 2), (255, 3, 2), (254, 3, 1)]
    data = head + struct.pack(order + "I", 8)
    for k, kind in enumerate(kinds):
        following = len(data) + 18 if k < len(kinds) - 1 else 0
        data += directory(kind, following=following, order=order)
    assert pages_in(data) == ([0, 1, 3], True)


def test_directories_without_end_are_not_all_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hwcli.page.tiff._MOST", 10)
    data = b"II*\0" + struct.pack("<I", 8)
    for _ in range(20):
        data += directory(following=len(data) + 6)
    assert pages_in(data) == (list(range(10)), False)
    assert pages_in(b"II*\0\xff\xff\xff\xff") == ([], False)
    assert pages_in(b"II+\0\x08\0\0\0" + b"\xff" * 8) == ([], False)


def _directories(data: bytes | bytearray) -> list[int]:
    (at,) = struct.unpack_from("<I", data, 4)
    found = []
    while at:
        found.append(at)
        (count,) = struct.unpack_from("<H", data, at)
        (at,) = struct.unpack_from("<I", data, at + 2 + 12 * count)
    return found


def _set(data: bytearray, at: int, tag: int, value: int) -> None:
    (count,) = struct.unpack_from("<H", data, at)
    for entry in range(at + 2, at + 2 + 12 * count, 12):
        if struct.unpack_from("<H", data, entry)[0] == tag:
            struct.pack_into("<HII", data, entry + 2, 4, 1, value)
            return
    raise AssertionError(tag)


def test_pages_of_a_pdf_at_200_dpi() -> None:
    sheets = list(pages_of(pdf([BAR, ""]), "x.pdf"))
    assert [s.number for s in sheets] == [1, 2] and told(sheets) == ["400", "400"]
    photo = sheets[0].photo
    assert (photo.height, photo.reduced) == (200, 1)
    assert photo.grey[:30].min() == photo.grey[-100:].min() == 255
    assert photo.grey[35:85, 35:190].max() == 0
    assert sheets[1].photo.grey.min() == 255
    colour = decode_photo(pdf([BAR.replace("0 g", "1 0 0 rg")]), "x.pdf", colour=True)
    assert colour.grey.shape == (200, 400, 3) and colour.grey[60, 60].tolist() == [255, 0, 0]


def test_a_pdf_of_one_page_has_no_number() -> None:
    (only,) = pages_of(encoded(sheet(720, 360), "PDF", resolution=72), "x.pdf")
    assert only.number is None and (only.photo.width, only.photo.height) == (1000, 2000)


@pytest.mark.parametrize("side", [14_400, 200_000])
def test_a_giant_page_is_drawn_smaller(side: int) -> None:
    (only,) = pages_of(pdf(["0 g 0 0 99999 99999 re f"], box=f"0 0 {side} {side}"), "x.pdf")
    assert only.photo.width <= 10_010 and only.photo.grey.size < 13e6
    (small,) = pages_of(pdf([BAR], box=f"0 0 {side} {side}"), "x.pdf", max_megapixels=1)
    assert small.photo.width in (1000, 1001)
    (thin,) = pages_of(pdf([BAR], box=f"0 0 {side} 0.01"), "x.pdf")
    assert thin.photo.grey.size < 13e6


def test_of_a_pdf_with_many_pages_the_first_comes_at_once() -> None:
    pages = pages_of(pdf([BAR] * 10_000), "x.pdf")
    assert next(pages).number == 1 and next(pages).number == 2
    pages.close()


@pytest.mark.parametrize(
    ("data", "says"),
    [
        pytest.param(pdf([]), "the PDF has no pages", id="no pages"),
        pytest.param(b"%PDF-1.4\nnothing", "damaged PDF", id="nothing"),
        pytest.param(pdf([BAR])[:200], "damaged PDF", id="cut"),
        pytest.param(
            pdf([BAR], more=f"/ID[<00><00>]/Encrypt<</Filter/Standard/V 1/R 2/P -4"
                f"/O<{'41' * 32}>/U<{'42' * 32}>>>"),
            "the PDF is encrypted", id="encrypted",
        ),
    ],
)  # fmt: skip
def test_a_pdf_that_cannot_be_read(data: bytes, says: str) -> None:
    (only,) = pages_of(data, "x.pdf")
    assert only.number is None and only.photo.message.startswith(f"x.pdf: {says}")


def test_a_damaged_page_of_a_pdf_does_not_hide_the_others() -> None:
    data = pdf([BAR, BAR, BAR]).replace(b"5 0 obj\n<</Type/Page/", b"5 0 obj\n[</Type/Page/")
    sheets = list(pages_of(data, "x.pdf"))
    assert [s.number for s in sheets] == [1, 2, 3]
    first, second, third = told(sheets)
    assert first == third == "400" and second.startswith("x.pdf: page 2: damaged")


def test_the_pages_of_a_file_are_read_in_order_and_damage_is_a_record(hwcli) -> None:
    data = bytearray(tiff(64, 65, 66))
    _set(data, _directories(data)[1], 273, 0x7FFFFFF0)
    Path("x.tif").write_bytes(data)
    code, out, err = hwcli("ocr", "x.tif")
    assert code == 8 and ["error" in line for line in out.splitlines()] == [False, True, False]
    assert "page 2" in err and "1 of 3" in err


def test_overlays_of_pages_are_drawn_each(hwcli) -> None:
    Path("x.pdf").write_bytes(pdf([BAR, ""]))
    assert hwcli("ocr", "x.pdf", "--overlay", "seen").code == 0
    names = sorted(p.name for p in Path("seen").iterdir())
    assert names == ["x.pdf-1.png", "x.pdf-2.png"]
    first, second = (np.asarray(Image.open(Path("seen", n)).convert("L")) for n in names)
    assert first.shape == (200, 400) and first.min() < 200 < second.min()
