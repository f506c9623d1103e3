"""Kernels that no operator runs yet; the rules of `processing/kernels` hold for them."""
