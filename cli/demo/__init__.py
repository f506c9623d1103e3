"""`fieldline demo`: a plant, all stages and a live view in one process, with the audit and the simulator's truth at its end."""
