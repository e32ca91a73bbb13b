"""The stages, one file each, in the order of the way of the data (house plan 3)."""
