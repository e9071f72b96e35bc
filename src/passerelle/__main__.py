"""`python -m passerelle` is the command `passerelle`."""

from passerelle.cli.main import run

if __name__ == "__main__":
    run()
