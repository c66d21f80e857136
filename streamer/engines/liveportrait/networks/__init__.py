"""LivePortrait's five networks in readable fp32 form, leaf to root: one file a network.

Attribute names are the checkpoint's keys. This is the form that the golden archive proves; every
faster form is held against it.
"""
