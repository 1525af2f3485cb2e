"""python -m refundkit, the same as the command."""

from .cli import run

if __name__ == "__main__":
    run()
