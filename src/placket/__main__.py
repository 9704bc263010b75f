"""`python -m placket` is `placket`."""

from placket.cli.main import main

if __name__ == "__main__":
    main()
