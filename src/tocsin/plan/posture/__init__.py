"""Where units should stand: aims, demands, the best posture with its certificate, and why."""

from tocsin.plan.posture import demands
from tocsin.plan.posture.model import AIMS, Demand, Goals, Option, Posture, Problem
from tocsin.plan.posture.optimise import best_posture, clash, evaluate, front
from tocsin.plan.posture.periods import Schedule, schedule
from tocsin.plan.posture.protection import Compared, Prior, compare, harm, read_prior
from tocsin.plan.posture.whatif import State, Suggestion, WhatIf
from tocsin.plan.posture.why import Reason, Shadow, reasons, second_best, shadow_values

__all__ = [
    "AIMS",
    "Compared",
    "Demand",
    "Goals",
    "Option",
    "Posture",
    "Prior",
    "Problem",
    "Reason",
    "Schedule",
    "Shadow",
    "State",
    "Suggestion",
    "WhatIf",
    "best_posture",
    "clash",
    "compare",
    "demands",
    "evaluate",
    "front",
    "harm",
    "read_prior",
    "reasons",
    "schedule",
    "second_best",
    "shadow_values",
]
