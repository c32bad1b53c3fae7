"""Writes the data files of the tests beside it and of the bench, as numpy writes them: `python tests/it/fleet/npz/make.py`, with numpy 2.4.6.

They are checked in, so that tests need no numpy; what a ZIP archive says of times makes each run's bytes others.
"""

from pathlib import Path

import numpy

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[3]
FRAMES = 200


def arrays(frames=FRAMES):
    """The arrays of a session: the left hand has 10 frames of low confidence, the right one 20; 5, 1 and 4 frames are flawed."""
    left = numpy.full(frames, 0.95, numpy.float32)
    right = numpy.full(frames, 0.95, numpy.float32)
    left[:10], right[:20] = 0.5, 0.5
    first = numpy.arange(frames)
    return {
        "left_confidence": left,
        "right_confidence": right,
        "both_hands_not_in_frame": first < 5,
        "tracking_errors": first < 1,
        "hand_speed_exceeded": first < 4,
        "metadata": numpy.array(['{"capture_date": "2026-02-06T14:30:52Z", "total_frames": %d}' % frames]),
    }


def main():
    good = arrays()
    numpy.savez_compressed(HERE / "good.npz", **good)
    numpy.savez_compressed(HERE / "pickled.npz", **good | {"metadata": numpy.array([{"total_frames": FRAMES}], dtype=object)})
    numpy.savez_compressed(HERE / "half.npz", **good | {"left_confidence": good["left_confidence"].astype(numpy.float16)})
    numpy.savez_compressed(HERE / "square.npz", **good | {"right_confidence": good["right_confidence"].reshape(2, -1)})
    # 32 MiB of flags in 32 KiB.
    numpy.savez_compressed(HERE / "bomb.npz", **good | {"tracking_errors": numpy.zeros(1 << 25, bool)})
    # Ten thousand frames whose confidences hardly compress, for the bench.
    chance = numpy.random.default_rng(1)
    confidences = {f"{hand}_confidence": chance.beta(8, 1, 10_000).astype(numpy.float32) for hand in ("left", "right")}
    numpy.savez_compressed(ROOT / "actors" / "benches" / "kit" / "frames.npz", **arrays(10_000) | confidences)


main()
