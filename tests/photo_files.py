"""Small image files of every kind that `hwcli ocr` reads, and some that only pretend."""

import io
import struct
from collections.abc import Sequence

import numpy as np
import pillow_heif
from PIL import Image

pillow_heif.register_heif_opener()


def sheet(height: int = 40, width: int = 64) -> Image.Image:
    """White paper with a black bar at the top left and a grey one below it, in RGB.

    What is where tells each of the eight orientations.
    """
    pixels = np.full((height, width, 3), 255, np.uint8)
    pixels[4:12, 4:28] = 0
    pixels[20:36, 4:12] = 120
    return Image.fromarray(pixels)


def encoded(image: Image.Image, form: str, **options: object) -> bytes:
    out = io.BytesIO()
    more = options.get("append_images")
    if isinstance(more, list):  # copies: savers leave things in what they save
        options["append_images"] = [page.copy() for page in more]
    image.copy().save(out, format=form, **options)
    return out.getvalue()


def pdf(pages: Sequence[str], *, box: str = "0 0 144 72", more: str = "") -> bytes:
    """A PDF of pages with these contents; `more` is put into its trailer."""
    kids = " ".join(f"{3 + 2 * k} 0 R" for k in range(len(pages)))
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Kids[{kids}]/Count {len(pages)}/MediaBox[{box}]>>",
    ]
    for k, content in enumerate(pages):
        objects.append(f"<</Type/Page/Parent 2 0 R/Contents {4 + 2 * k} 0 R>>")
        objects.append(f"<</Length {len(content)}>>stream\n{content}\nendstream")
    out = b"%PDF-1.4\n"
    starts = []
    for number, text in enumerate(objects, 1):
        starts.append(len(out))
        out += f"{number} 0 obj\n{text}\nendobj\n".encode()
    table = "".join(f"{start:010} 00000 n \n" for start in starts)
    return (
        out
        + (
            f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{table}"
            f"trailer<</Size {len(objects) + 1}/Root 1 0 R{more}>>\nstartxref\n{len(out)}\n%%EOF\n"
        ).encode()
    )


BAR = "0 g 10 40 60 20 re f"
"""Draws a black bar on a page."""


def directory(*entries: tuple[int, int, int], following: int = 0, order: str = "<") -> bytes:
    """A directory of a TIFF: tags, types (3 short, 4 long) and values."""
    body = b"".join(
        struct.pack(f"{order}HHI", tag, kind, 1)
        + struct.pack(order + {3: "Hxx", 4: "I"}[kind], value)
        for tag, kind, value in entries
    )
    return struct.pack(order + "H", len(entries)) + body + struct.pack(order + "I", following)


def samples() -> dict[str, bytes]:
    """A file of each kind, and of what is done differently within the kinds."""
    rgb, grey = sheet(), sheet().convert("L")
    clear = rgb.convert("RGBA")
    clear.putalpha(200)
    exif = Image.Exif()
    exif[0x0112] = 6
    pages = {"save_all": True, "append_images": [rgb, grey]}
    deep = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    return {
        "grey.jpg": encoded(grey, "JPEG"),
        "turned.jpg": encoded(rgb, "JPEG", exif=exif, progressive=True),
        "cmyk.jpg": encoded(rgb.convert("CMYK"), "JPEG"),
        "pair.jpg": encoded(rgb, "MPO", **pages),  # as phones with two lenses write it
        "grey.png": encoded(grey, "PNG"),
        "deep.png": encoded(deep, "PNG"),
        "palette.png": encoded(rgb.quantize(8), "PNG", transparency=0, exif=exif),
        "clear.png": encoded(clear, "PNG", icc_profile=b"x" * 500),
        "moving.png": encoded(rgb, "PNG", save_all=True, append_images=[grey.convert("RGB")]),
        "plain.tif": encoded(rgb, "TIFF"),
        "pages.tif": encoded(rgb, "TIFF", compression="tiff_lzw", **pages),
        "fax.tif": encoded(grey.convert("1"), "TIFF", compression="group4"),
        "jpeg.tif": encoded(rgb, "TIFF", compression="jpeg"),
        "big.tif": encoded(grey, "TIFF", big_tiff=True, compression="tiff_adobe_deflate"),
        "float.tif": encoded(grey.convert("F"), "TIFF"),
        "lossy.webp": encoded(rgb, "WEBP", exif=exif),
        "clear.webp": encoded(clear, "WEBP", lossless=True),
        "moving.webp": encoded(rgb, "WEBP", **pages),
        "grey.bmp": encoded(grey, "BMP"),
        "clear.bmp": encoded(clear, "BMP"),
        "moving.gif": encoded(rgb, "GIF", **pages),
        "grey.pgm": encoded(grey, "PPM"),
        "deep.pgm": encoded(deep, "PPM"),
        "plain.pbm": b"P1\n# plain\n3 2\n1 0 0\n0 1 0\n",
        "photo.heic": encoded(rgb, "HEIF", exif=exif),
        "photo.avif": encoded(rgb, "AVIF", exif=exif),
        "pages.pdf": pdf([BAR, BAR]),
        "scan.pdf": encoded(grey, "PDF", resolution=72),
    }
