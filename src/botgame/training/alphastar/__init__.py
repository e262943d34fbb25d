"""AlphaStar's recipe for any game that offers a `botgame.spec.Spec` and batches of matches."""
