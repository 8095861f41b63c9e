"""Glyphs cut out of composed pages, the way that `ocr` cuts them out of photos."""
