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
    return (
        f"{tried}\nrun folder: {folder.path}\nreport: {folder.report}\n\n"
        f"{import_line(recipe)}from transformers import pipeline\n"
        f'model = pipeline("{answer.pipeline_tag}", "{folder.student}")'
    )
