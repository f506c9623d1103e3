"""One series, watched value by value: what is new to it."""
