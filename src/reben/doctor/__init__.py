"""Whether this machine and this installation are ready: versions, memory, GPU, disk, and which extras are missing."""
