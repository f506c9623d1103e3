"""The stages that a process can run, made from settings: one file each, so that a process imports only its own."""
