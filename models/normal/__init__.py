"""What is normal in a plant: subspaces that many channels keep to together, and the limits beyond which they don't."""
