"""The league's rules, matchmaking and payoff. NumPy only."""
