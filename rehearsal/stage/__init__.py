"""One customer on stage: the real workflow, activities and database, with time skipped and a mailbox that records."""

from rehearsal.stage.errors import ScriptError, StageError
from rehearsal.stage.letters import Letter, NotSent
from rehearsal.stage.opening import open_stage
from rehearsal.stage.stage import Stage
from rehearsal.stage.timeline import Entry, What

__all__ = ["Entry", "Letter", "NotSent", "ScriptError", "Stage", "StageError", "What", "open_stage"]
