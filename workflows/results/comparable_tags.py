"""INCAR tags that affect results: refuse documents that differ in one.

Functional, U, POTCAR and cutoff are read from the outputs; a campaign's ``vasp.incar``
may set any other tag, such as IVDW or SIGMA. A document keeps those that its step was
planned with, and what ran in another way than planned is a finding of its own.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from workflows.errors import ResultsError
from workflows.records.document import INCAR, TaskDocument
from workflows.results.sides import APART, Side, sides_in_words
from workflows.vasp.equality import first_difference, same_value
from workflows.vasp.known_tags import METAL_TAGS, STEP_TAGS

OF_THE_METAL = "Run the reference again with the same settings"


def refuse_tags(documents: Sequence[TaskDocument], *, vouched: bool = False) -> None:
    """Refuse documents of one engine whose physics tags differ.

    Relaxations are compared with relaxations and static runs with static runs; of two
    different steps whose energies count, all but `STEP_TAGS`. A density of states
    changes no energy. A tag that one of them lacks is a difference: VASP's default
    may be anything.

    Parameters
    ----------
    documents
        Finished steps.
    vouched
        The documents are those of one plan, whose ids contain the settings. Otherwise
        documents with and without tags, which an earlier version did not record, are
        refused; if none has tags there is nothing to compare.

    Raises
    ------
    ResultsError
        Names the tag that differs and its values.
    """
    judged = [d for d in documents if d.task_label in {"relax", d.result_step}]
    known = [d for d in judged if INCAR in d.settings]
    unknown = [d for d in judged if INCAR not in d.settings]
    if known and unknown and not vouched:
        raise ResultsError(
            f"{len(unknown)} of {len(judged)} steps have no INCAR tags on record (an "
            "earlier version did not keep them), so it is unknown whether they agree "
            f"with the others ({unknown[0].dir_name}). Name the campaign: lnmo results "
            "CAMPAIGN"
        )
    for step in ("relax", "static"):
        _refuse([d for d in known if d.task_label == step], f" of {step}", ())
    _refuse([d for d in known if d.task_label == d.result_step], "", STEP_TAGS)


def refuse_metal(cells: Sequence[TaskDocument], metal: TaskDocument) -> None:
    """Refuse a lithium reference of another Hamiltonian than the cells.

    Of the steps whose energies count all but `STEP_TAGS` and `METAL_TAGS` must
    agree. What has no tags recorded is not judged.

    Raises
    ------
    ResultsError
        Names the tag that differs and its values.
    """
    counted = [d for d in cells if d.task_label == d.result_step]
    both = [d for d in (*counted, metal) if INCAR in d.settings]
    _refuse(both, "", STEP_TAGS | METAL_TAGS, cure=OF_THE_METAL)


def _refuse(
    documents: Sequence[TaskDocument],
    where: str,
    apart: Collection[str],
    *,
    cure: str = f"{APART}. Or choose one campaign",
) -> None:
    # Of these steps ICHARG says where they started, which decides no Hamiltonian.
    apart = {*apart, "ICHARG"}
    found = first_difference([d.settings[INCAR] for d in documents], apart=apart)
    if found is None:
        return
    tag = found[0]
    sides = _sides(documents, tag)
    shown = ["absent" if side.value is None else f"{side.value}" for side in sides]
    raise ResultsError(
        f"the results differ in the INCAR tag {tag}{where}: "
        f"{sides_in_words(sides, shown)}; they cannot be compared. {cure}"
    )


def _sides(documents: Sequence[TaskDocument], tag: str) -> list[Side]:
    """Group documents by the value of a tag; the first of each group names it."""
    found: list[Side] = []
    for document in documents:
        value = document.settings[INCAR].get(tag)
        own = next((s for s in found if same_value(s.value, value)), None)
        if own is None:
            own = Side(value)
            found.append(own)
        own.add(document)
    return found
