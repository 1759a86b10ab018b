"""One module a client. `probe(port, seen)` runs it against a server and notes what it saw."""
