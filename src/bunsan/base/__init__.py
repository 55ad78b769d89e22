"""Ground floor: errors, languages, files, progress. Imports nothing of bunsan above it."""
