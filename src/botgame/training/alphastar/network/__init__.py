"""The policy and value network: encoders, core, autoregressive heads, critic."""
