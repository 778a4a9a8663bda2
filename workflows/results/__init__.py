"""Records to tables, and the paper's statements against them.

Lives here: the tables over x, of sites, runs, voltages and densities of states; which
results may stand in one table; the paper's numbers, and the verdicts.
Comes in: records. May import: ``records``, ``checks``, ``campaign``, ``analysis``.
Knows neither FireWorks nor custodian.
"""
