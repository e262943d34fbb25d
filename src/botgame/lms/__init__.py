"""The arena game "last mage standing": everything that knows it, and nothing else does."""
