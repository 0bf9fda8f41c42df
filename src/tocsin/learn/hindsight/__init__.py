"""What would have been: the plan replayed against what happened, and whether the posture followed violence."""

from tocsin.learn.hindsight.replay import AS_IS, Gain, Hindsight, Killings, replay
from tocsin.learn.hindsight.responsiveness import Response, responsiveness

__all__ = ["AS_IS", "Gain", "Hindsight", "Killings", "Response", "replay", "responsiveness"]
