"""One worker process: `python -m workers` serves the queue until it is stopped or its owner is
gone.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading

from db.errors import WindowshopError
from workers import log, settings
from workers.tasks import work_until_stopped


def main() -> None:
    """Read the arguments, hold the lifeline, work."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", required=True)
    parser.add_argument("--lifeline", type=int, help="a pipe that closes when the owner is gone")
    arguments = parser.parse_args()
    if arguments.lifeline is not None:
        threading.Thread(target=_die_with, args=(arguments.lifeline,), daemon=True).start()
    try:
        found = settings.load()
        log.configure(found)
        work_until_stopped(found, arguments.name)
    except WindowshopError as error:
        log.logger().error(str(error), action="worker_failed", worker=arguments.name)
        sys.exit(error.exit_code)


def _die_with(lifeline: int) -> None:
    """End at once when the pipe closes: all that matters is in transactions."""
    os.read(lifeline, 1)
    os._exit(1)


if __name__ == "__main__":
    main()
