"""Where databases usually lie."""

STANDARD_PLACES = ("/usr/local/share/GeoIP", "/usr/share/GeoIP", "/var/lib/GeoIP")
"""Where `geoipupdate` and the distributions put databases; the first that has one is used."""
