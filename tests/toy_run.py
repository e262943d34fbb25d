"""Words of the smallest runs: the toy game, a few sequences an iteration. Words after these win."""

EXPLOITERS = ["--main-exploiters", "1", "--league-exploiters", "1"]
TOY = ["--game", "toy_game:toy"]
SMALL = [
    "--actor-rollouts", "1", "--learner-updates", "1", "--unroll-length", "4", "--batch-size", "4", "--cpu",
    "--matches-per-actor", "4", "--min-replay-sequences", "4", "--eval-matches", "2", "--threads", "1",
]  # fmt: skip
