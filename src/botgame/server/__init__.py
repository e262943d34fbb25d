"""The arena's match server: recorded matches, live matches, and the pages to play on."""
