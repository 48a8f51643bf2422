"""The engine sen2cor: ESA's program, watched."""
