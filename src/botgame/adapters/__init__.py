"""Games that others wrote, made to look like ours: OpenSpiel, PettingZoo, Gymnasium and Kaggle environments by name."""
