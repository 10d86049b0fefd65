"""Tools of every other package, which know nothing of nets: checks, texts, threads, seeds."""
