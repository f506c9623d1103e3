"""Pictures of what machines say by shaking."""
