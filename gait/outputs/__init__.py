"""An analysis as tables, as JSON, and as a page."""
