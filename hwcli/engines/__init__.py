"""How the work is spread: over this machine's cores."""
