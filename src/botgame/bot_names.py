"""How bots are named: `lms_re~0.2` is `lms_re`, acting at random in a fifth of its decisions (`botgame.noise`)."""

_NOISY = "~"


def split_noise(name: str) -> tuple[str, float]:
    """`lms_re~0.2` to the bot and its share of random decisions, which is 0 where the name gives none."""
    bot, found, share = name.rpartition(_NOISY)
    try:
        return (bot, float(share)) if found else (name, 0.0)
    except ValueError:  # another use of the character, as in a path
        return name, 0.0
