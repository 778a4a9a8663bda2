"""Campaign files that come with the package; this package holds data only."""
