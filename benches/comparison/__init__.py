"""The parts of `benches/compare`: what runs, against what, how, and how it is shown."""
