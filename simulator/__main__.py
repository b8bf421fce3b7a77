"""`python -m simulator` is `windowshop`."""

from simulator.cli.main import main

if __name__ == "__main__":
    main()
