"""Predictive maintenance: features of tables, training, evaluation and the registry of models; owns scikit-learn, skops and matplotlib."""
