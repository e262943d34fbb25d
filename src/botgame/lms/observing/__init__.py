"""What a seat sees of the arena, delayed and through fog of war: one file for each part of the observation."""
