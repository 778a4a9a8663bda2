"""GPAW: DFT+U with projector-augmented waves, free software, no licence.

``runner`` is a program of its own, run by whatever Python has GPAW; the rest writes its
input, watches it, and reads what it left.
"""
