"""Datasets of handwritten characters, classifiers for them, and batch OCR of photos."""

__version__ = "0.2.0.dev0"
