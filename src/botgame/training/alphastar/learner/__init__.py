"""The reinforcement learner: returns, losses, gradients, replay buffer."""
