"""Formulas of key figures that no operator emits yet; the rules of `processing/formulas` hold for them."""
