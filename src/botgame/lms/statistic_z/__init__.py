"""How a seat played the arena, as AlphaStar's statistic z."""
