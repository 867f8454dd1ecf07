"""What README shows of the library runs as it is written there."""

from readme import snippet


def test_the_parts_work_alone_in_five_lines():
    code = snippet("LowRank")
    found: dict = {}
    exec(code, found)
    assert found["prompted_BCHW"].shape == found["images_BCHW"].shape
    assert len([line for line in code.splitlines() if line and "import" not in line]) <= 5
    found["prompted_BCHW"].sum().backward()
    assert found["low_rank"].left.grad is not None
    assert found["regions"].policy.weight.grad is not None
