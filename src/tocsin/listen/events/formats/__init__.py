"""One reader a layout of event files."""
