#!/usr/bin/env python3
"""Ask the process of this container whether it is alive: exit 0 if it answers, else 1.

Usage: pult-healthy PORT

Alive, not ready: a worker that catches up or an adapter whose Kafka is away must not be
restarted for it. Whether it is ready stands at /readyz and in the metric pult_ready.
"""

import sys
from urllib.error import URLError
from urllib.request import urlopen

PATIENCE_SECONDS = 4


def main(port: str) -> int:
    """Return 0 if /healthz answers at a port of this machine."""
    try:
        with urlopen(f"http://127.0.0.1:{port}/healthz", timeout=PATIENCE_SECONDS):
            return 0
    except (URLError, OSError) as error:
        sys.stderr.write(f"no answer at port {port}: {error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
