"""One reader per format; `bunsan.text.documents` chooses among them."""
