"""Figures: charts as data (``chart``), drawn for paper and for the page."""
