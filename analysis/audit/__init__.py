"""The account of a log: what became of everything that was received, and how far every stage has come."""
