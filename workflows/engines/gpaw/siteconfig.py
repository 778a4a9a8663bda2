"""How GPAW is built: with FFTW, which it does not look for by itself.

For ``pip install gpaw`` alone, through the environment variable GPAW_CONFIG; nothing
imports it. A build without FFTW gives the same numbers, several times slower.
"""

fftw = True
scalapack = False
libraries = ["xc", "fftw3", "openblas"]
