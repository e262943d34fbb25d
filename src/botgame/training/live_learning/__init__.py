"""Learning from live play: fine-tune, compare before and after, install what is better."""
