"""The columns of an action, one a head, in the order in which heads are chosen.

Kernels, replays and bots name a column by these constants; `botgame.lms.spec.HEADS` says what its numbers mean.
"""

HEAD_NAMES = ("verb", "delay", "move", "target", "aim", "lead")
HEAD_COUNT = len(HEAD_NAMES)
VERB, DELAY, MOVE, TARGET, AIM, LEAD = range(HEAD_COUNT)
