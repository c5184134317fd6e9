"""How fast data sets become records, on one machine and on several."""
