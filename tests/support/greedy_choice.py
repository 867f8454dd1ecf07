"""The greedy choice of source classes, by repeated argmax over the whole matrix."""


def first_largest(matrix: list[list[int]]) -> tuple[int, int]:
    """Row and column of the first maximum, row by row."""
    best = (0, 0)
    for s, row in enumerate(matrix):
        for k, value in enumerate(row):
            if value > matrix[best[0]][best[1]]:
                best = (s, k)
    return best


def literal(counts_SK: list[list[int]], per_target: int = 1) -> list[list[int]]:
    """Take the first maximum and strike out its row, and its column once that is full."""
    matrix = [list(row) for row in counts_SK]
    targets = len(matrix[0])
    sources_of = [[] for _ in range(targets)]
    for _ in range(per_target * targets):
        s, k = first_largest(matrix)
        sources_of[k].append(s)
        matrix[s] = [-1] * targets
        if len(sources_of[k]) == per_target:
            for row in matrix:
                row[k] = -1
    return sources_of
