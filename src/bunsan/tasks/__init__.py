"""What people do with a collection: search, similar, related, features, kwic, network, map, code."""
