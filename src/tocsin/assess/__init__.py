"""What it means and for whom: panel, forecasts, risk."""
