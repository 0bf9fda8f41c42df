"""Words every room uses: months, lattices, geometry, code lists, errors, settings."""
