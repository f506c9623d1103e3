"""A container's health: exit 0 when the stage in it answers on /healthz, else 1 with the reason on one line."""

import os
import sys
import urllib.error
import urllib.request

URL = os.environ.get("FIELDLINE_HEALTH_URL", "http://127.0.0.1:8080/healthz")


def main() -> int:
    """Ask once, for 3 s at most."""
    try:
        with urllib.request.urlopen(URL, timeout=3.0):
            return 0
    except (OSError, urllib.error.URLError) as error:
        print(f"{URL}: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
