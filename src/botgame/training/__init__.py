"""Commands that train, evaluate and report on any game, and the packages behind them."""
