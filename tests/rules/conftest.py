"""How the rules are tested when it is the tests that are on trial (docs/mutation.md)."""

from hypothesis import Phase, settings

settings.register_profile(
    "mutants",
    derandomize=True,
    database=None,
    max_examples=10,
    phases=(Phase.explicit, Phase.generate),  # one failing example is enough
)
