"""Commands that train, judge and report: thin wiring of the arena to the spec-driven AlphaStar package."""
