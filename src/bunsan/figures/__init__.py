"""Drawing: networks and maps as HTML, PNG, SVG, PDF."""
