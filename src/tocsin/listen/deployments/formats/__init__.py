"""One reader a layout of deployment files."""
