"""Tables to charts, figure files and one HTML page.

Lives here: what each chart shows, the two ways it is drawn (matplotlib on paper, plotly
on the page), the page with its downloads and provenance. Comes in: ``results``.
Knows neither FireWorks nor custodian.
"""
