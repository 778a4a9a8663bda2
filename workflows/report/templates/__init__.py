"""Templates of the report; this package holds data only."""
