"""Sphinx: MyST pages by role and by subject, and the reference from the docstrings."""

from skillbridge import __version__

project = "SkillBridge"
author = "SkillBridge contributors"
copyright = "SkillBridge contributors, Apache-2.0"
release = __version__
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "SkillBridge"
autodoc_member_order = "bysource"
autodoc_typehints = "description"
suppress_warnings = ["myst.xref_missing"]
