"""What kind of image a file is, by its first bytes; and by its name where folders are searched."""

import re

SUFFIXES = frozenset(
    {".avif", ".bmp", ".gif", ".heic", ".heif", ".jfif", ".jpe", ".jpeg", ".jpg", ".pbm", ".pdf"}
    | {".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp"}
)
"""What a folder is searched for, lower case."""
HEAD = 1024
"""How many bytes tell the kind of any file."""

_MAGIC = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG\r\n": "PNG",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",  # BigTIFF, as the next
    b"MM\0+": "TIFF",
}
_PNM = re.compile(rb"P[1-6]\s(?:\s|#[^\n]*\n)*\d+\s(?:\s|#[^\n]*\n)*\d+\s")
_AVIF = (b"avif", b"avis")
_HEIC = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
"""Brands of ISO 23008-12."""


def kind_of(head: bytes) -> str | None:
    """Pillow's name of the image format that begins with `head`, or `PDF`; None for anything else.

    A list of paths is none of them: what could be text must say more than two or six letters.
    """
    for magic, kind in _MAGIC.items():
        if head.startswith(magic):
            return kind
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        return "WEBP"
    if head.startswith(b"BM") and head[15:18] == b"\0\0\0":  # the size of its second header
        return "BMP"
    if head.startswith((b"GIF87a", b"GIF89a")) and b"\0" in head[6:13]:
        return "GIF"
    if _PNM.match(head):
        return "PPM"
    if head[4:8] == b"ftyp":
        return _kind_of_box(head)
    return "PDF" if b"%PDF-" in head[:HEAD] else None


def _kind_of_box(head: bytes) -> str | None:
    """AVIF or HEIC, by the brands in the first box."""
    box = head[8 : min(int.from_bytes(head[:4], "big"), len(head))]
    brands = [box[at : at + 4] for at in range(0, len(box), 4)]
    if any(brand in _AVIF for brand in brands):
        return "AVIF"
    return "HEIF" if any(brand in _HEIC for brand in brands) else None
