"""The search for a best response behind `exploit`."""
