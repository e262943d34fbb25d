"""The page of a run while it goes on: what its files say so far, as tiles and charts, served on this machine."""
