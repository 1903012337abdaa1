"""Pages: handlers, templates, message catalogues; their custom elements are built from components/ into static/."""
