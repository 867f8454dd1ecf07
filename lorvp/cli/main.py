"""The program `lorvp`, which is silent about a Ctrl-C from its first import on."""

from lorvp.interrupts import say_one_word


def main() -> None:
    say_one_word()  # also while the rest is imported
    from lorvp.cli import commands

    commands.main()


if __name__ == "__main__":
    main()
