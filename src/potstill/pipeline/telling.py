"""What a finished run says of itself, beside its table."""

from potstill.answers import find_answer
from potstill.evaluation import import_line
from potstill.reporting import advise
from potstill.results import Predictions, Results
from potstill.run_folder import RunFolder


def tell_run(folder: RunFolder, results: Results) -> str:
    """Say what to try where the student is worse than its teacher, where things lie, and how to load the student."""
    recipe, answer = folder.read_recipe(), find_answer(Predictions.read(folder.predictions).kind)
    advice = advise(results, recipe, may_vary_texts=answer.forbids_new_texts is None)
    listed = "".join(f"\n {number}. {each}" for number, each in enumerate(advice, start=1))
    tried = f"\nworse than the teacher by more than chance; to try next:{listed}\n" if advice else ""
    hint = "" if answer.no_promise is not None else _hint_at_trust(results)
    return (
        f"{tried}{hint}\nrun folder: {folder.path}\nreport: {folder.report}\n\n"
        f"{import_line(recipe)}from transformers import pipeline\n"
        f'model = pipeline("{answer.pipeline_tag}", "{folder.student}")'
    )


def _hint_at_trust(results: Results) -> str:
    """Say what would let answers be promised, where more texts would."""
    trust, transfer = results.trust, results.transfer
    if trust is not None and (trust.promise.threshold is not None or trust.promise.num_needed is None):
        return ""
    if transfer is not None and transfer.num_held_out:
        return ""
    if trust is not None and trust.reference == "gold":
        return "\nto have answers promised (--agree), give a larger test set with labels\n"
    return (
        "\nto have answers promised (--agree), give texts that nothing is learnt from and the teacher answers: a test "
        "set, with labels or without, or 5,000 unlabelled texts or more (--unlabeled), of which some are held out\n"
    )
