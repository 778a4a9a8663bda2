"""Documents in, numbers out: one file for each quantity of the science."""
