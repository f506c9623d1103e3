"""Which class a row is of: failing or not, and which defect. Features of a table, ensembles that tell probabilities, their judgement."""
