"""Learning: options, data in memory, augmentation, the loop, the run folder."""
