"""Files we were given: what they are, when they were published, what they cover."""
