"""How much of the spread of validation accuracies each searched key explains."""

from __future__ import annotations

from lorvp.tuning.asking import Told, quiet_optuna, study_of
from lorvp.tuning.replay import Replay

FEWEST = 4
"""Settings below which nothing is said of importance."""


def importance(found: Replay) -> dict[str, float]:
    """Shares (0..1) by Optuna's fANOVA (Hutter et al., ICML 2014) with a fixed seed.

    Of all useful settings, with the best validation accuracy that each came to; stopped ones are
    among them. Empty if there are too few, or all are equally good.
    """
    import optuna

    useful = [one for one in found.tried if one.seen and not one.why]
    accuracies = {one.seen[-1][1] for one in useful}
    if len(useful) < FEWEST or len(accuracies) == 1 or not found.keys:
        return {}
    told = [Told(one.setting, tuple(one.seen), whole=True) for one in useful]
    with quiet_optuna():
        study = study_of(found.keys, told)
        evaluator = optuna.importance.FanovaImportanceEvaluator(seed=0)
        return optuna.importance.get_param_importances(study, evaluator=evaluator)
