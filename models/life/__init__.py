"""Remaining useful life of machines that ran to failure: their rows, what is made of them, the estimators, intervals and pictures."""
