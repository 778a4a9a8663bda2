"""Results and calculations in the forms of other people's tools.

What leaves carries what made it: engine, surrogate, fake, functional, U, state, and
where lithium was put and found. One file writes one form.
"""
