"""Finding holes: how people beat a bot, in groups, and opponents made of them for training."""
