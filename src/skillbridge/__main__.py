"""`python -m skillbridge` is the command line."""

from skillbridge.cli import main

if __name__ == "__main__":
    main()
