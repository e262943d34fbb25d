"""The reinforcement learning run behind `alphastar_rl` and `exploit`."""
