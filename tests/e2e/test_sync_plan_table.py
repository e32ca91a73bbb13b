"""Money-rules 5: the plan table, over HTTP."""

from town import Town


def test_rule_5_paid_is_posted_and_the_same_again_is_nothing(town: Town) -> None:
    one = town.paid("1250.00")
    town.settled(state="Completed", posted=1, verified=1, money={"USD": 125000})
    assert town.amounts(one.prefix) == ["1250.00"]
    town.settled(state="NothingToDo", posted=0, already_right=1)
    assert town.posts == 1
