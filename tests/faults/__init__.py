"""Faults put into every stage, and what becomes of the picture, the state and what was chosen.

The product has no switch for any of this: the tests build the stream with an engine of their own
(`stages.py`), or start the program with a renderer of their own (`renderer.py`)::

    python -m pytest tests/faults                 what runs with all other tests
    python -m pytest tests/faults -m faults       the long rows, too: real processes, real seconds

Every row says where the fault is put in, what the state says meanwhile, and what is the same
afterwards; frames go on all the time, and none of them is dark.
"""
