"""The OpenAPI 3.1 document of the surface, with one concrete address for the runs of each app."""
