"""The HTTP server: what others' clients speak to, a thin floor over the deeds of `tasks`."""
