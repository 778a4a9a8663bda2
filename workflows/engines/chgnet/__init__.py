"""CHGNet: a machine-learned surrogate, run through ASE; its results always say so.

``engine`` fits it to the engine protocol, ``relax`` relaxes one cell, ``model`` loads
the weights and gives energy, forces, stress and magnetic moments.
"""
