"""The league run behind `alphastar_league`."""
