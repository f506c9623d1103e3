"""Commands to devices: what stands on the stream `commands`, when one may go out, and the stage that sends it.

The stream is the queue and the audit in one: each record is a step of a command (issued, sending, sent, acknowledged, …), and what became
of a command follows from its steps alone. `fieldline/plantfile/commands.py` says what may be sent at all.
"""
