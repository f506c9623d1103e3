"""One figure taken apart, from the raw readings on the log to the row that was stored."""
