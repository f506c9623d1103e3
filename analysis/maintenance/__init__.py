"""What became of assets and what should be done about them: their lives, how reliable a class of them is, and a plan of work."""
