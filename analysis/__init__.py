"""Analysis: what works on whole tables or needs scipy: baselines, capability, run lengths, productivity. No stream, no log."""
