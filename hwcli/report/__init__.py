"""What people look at: curves, confusion matrices, tables."""
