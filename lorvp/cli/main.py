"""Entry point of the program `lorvp`; a Ctrl-C prints one word, even while modules are imported."""

from lorvp.interrupts import say_one_word


def main() -> None:
    say_one_word()  # also while the rest is imported
    from lorvp.cli import commands

    commands.main()


if __name__ == "__main__":
    main()
