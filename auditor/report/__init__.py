"""A run → what people read."""
