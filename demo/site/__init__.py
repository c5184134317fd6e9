"""The browser demo: the page's static files, the site builder and its web server."""
