"""The docs say what is so: generated pages, links, and every command and query."""
