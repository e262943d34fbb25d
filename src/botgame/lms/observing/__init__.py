"""What a seat may see of the arena, delayed and through fog: one file for each part of the observation."""
