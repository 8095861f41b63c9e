"""Reading a photo: load, find the ink, segment into glyphs, lay out, classify."""
