"""What comes first, who could go, and who hears of it when nobody answers."""
