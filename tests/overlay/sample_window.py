"""Opens the overlay on a sample feed: `python sample_window.py OUT.png WIDTH HEIGHT AFTER SILENT_AFTER STATE`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))


def main(out: str, width: str, height: str, after: str, silent_after: str, state: str) -> None:
    from portunus_overlay.environment import prepare_kivy
    from portunus_overlay.latency import LatencyLog
    from portunus_overlay.settings import Settings
    from portunus_overlay.situation import State
    from samples import SampleFeed

    settings = Settings(width=int(width), height=int(height))
    prepare_kivy(settings)
    from portunus_overlay.app import OverlayApp

    feed = SampleFeed(silent_after=float(silent_after), state=State(state))
    latency = LatencyLog()
    OverlayApp(feed, settings, latency=latency, screenshot=Path(out), after=float(after)).run()
    print(latency.summary())
    assert feed.stopped


main(*sys.argv[1:7])
