"""The studio: everything bunsan does, seen and tried in a browser on this machine."""
