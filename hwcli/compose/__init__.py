"""Composed pages: real glyphs written on made paper and photographed, where everything is known."""
