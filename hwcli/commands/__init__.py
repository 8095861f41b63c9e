"""One file a command: options, a progress bar, one call into the core, the result."""
