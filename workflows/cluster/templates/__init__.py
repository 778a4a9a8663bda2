"""What ``lnmo init`` writes: FireWorks' own formats, to be filled in."""
