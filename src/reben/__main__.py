"""Entry point of `python -m reben`."""

from reben.cli.main import main

if __name__ == "__main__":
    main()
