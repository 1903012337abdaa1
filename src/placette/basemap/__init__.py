"""The basemap builder: an OpenStreetMap extract becomes one PMTiles file of vector tiles. See docs/basemap.md.

``layers`` says what is drawn (pure), ``sea`` closes the coast (pure), ``extract`` reads the OSM file, ``tiles`` runs
tippecanoe and reads its result back, ``build`` goes through all of it. Needs the extra ``basemap``; what knows of
sensors, pages or the store stays outside.
"""
