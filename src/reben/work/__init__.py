"""How work is done: files that appear whole, processes, clusters, times."""
