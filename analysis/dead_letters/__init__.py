"""Dead letters: finding them, reading them, and putting them back on the log."""
