"""How `make docs` builds the pages of this folder into a site: Sphinx with Markdown, no page that loads anything from elsewhere."""

from portunus import __version__

project = "Portunus"
release = __version__
extensions = ["myst_parser"]
html_theme = "furo"
html_title = f"Portunus {release}"
exclude_patterns = ["README.md", "images"]
myst_heading_anchors = 3
html_copy_source = False
