"""Phase I of a control chart: the sample, what speaks against the limits, and their lines of the plant file."""
