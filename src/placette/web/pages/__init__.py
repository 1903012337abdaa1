"""The pages: one file each, from a request to the values its template shows."""
