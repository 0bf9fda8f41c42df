"""Named places: the mission's gazetteer."""
