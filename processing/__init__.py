"""Processing: readings in, metrics out, in event-time order whatever the order of arrival."""
