"""Lists of prefixes as their owners publish them: cloud providers' files, and geofeeds.

Design: GEOLOCATION.md, sections 2, 7 and 8.
"""
