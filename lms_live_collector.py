"""Play live matches with a bot and keep what happens: `python lms_live_collector.py --matches 3`; see --help."""

import sys

from botgame.live.collector import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
