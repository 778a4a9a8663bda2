"""Physics checks on a finished run; :func:`physics_findings` makes them all."""
