"""Judging: a model on a dataset, by character, and what may be wrong in the data."""
