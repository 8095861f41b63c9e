"""The doubtful glyphs of a run of `hwcli ocr`: shown to a person, corrected, and learned from."""
