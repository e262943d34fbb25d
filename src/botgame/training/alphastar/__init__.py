"""AlphaStar's recipe for any game that offers a `botgame.spec.Spec` and batched matches; knows nothing of the arena."""
