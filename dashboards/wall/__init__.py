"""The built-in wall page: static files that need only a stream of pictures at `live`."""
